import { expect } from "chai";
import { ManualClock } from "../testing/manual-clock.ts";
import { TokenBucket } from "./rate-limit.ts";

describe("TokenBucket", () => {
  it("lets a burst through, then so many a second, in order", async () => {
    const clock = new ManualClock();
    const start = clock.now();
    const bucket = new TokenBucket(clock, { perSecond: 10, burst: 3 });
    const passed: number[] = [];
    for (let at = 0; at < 6; at += 1) {
      void bucket.take().then(() => passed.push(clock.now() - start));
    }
    await clock.advance(1000);
    expect(passed).to.deep.equal([0, 0, 0, 100, 200, 300]);
  });

  it("fills up again to its burst and no further", async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket(clock, { perSecond: 10, burst: 2 });
    expect([bucket.tryTake(), bucket.tryTake(), bucket.tryTake()]).to.deep.equal([
      true,
      true,
      false,
    ]);
    await clock.advance(60_000);
    expect([bucket.tryTake(), bucket.tryTake(), bucket.tryTake()]).to.deep.equal([
      true,
      true,
      false,
    ]);
  });

  it("ends a wait with its signal's reason", async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket(clock, { perSecond: 1, burst: 1 });
    await bucket.take();
    const stop = new AbortController();
    const waiting = bucket.take(stop.signal).catch((reason: unknown) => reason);
    const reason = new Error("enough");
    stop.abort(reason);
    expect(await waiting).to.equal(reason);
  });
});
