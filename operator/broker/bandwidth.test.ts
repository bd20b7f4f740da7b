import { expect } from "chai";
import { ManualClock } from "../testing/manual-clock.ts";
import { Bandwidth } from "./bandwidth.ts";

const never = new AbortController().signal;

describe("Bandwidth", () => {
  it("lets everything pass without a limit", () => {
    const bandwidth = new Bandwidth(new ManualClock());
    expect(bandwidth.take(1e12, never)).to.equal(undefined);
  });

  it("lets its rate pass in the long run, first come first served", async () => {
    const clock = new ManualClock();
    const bandwidth = new Bandwidth(clock, 1000);
    const passed: number[] = [];
    for (const n of [1, 2, 3, 4]) {
      const wait = bandwidth.take(1000, never) ?? Promise.resolve();
      void wait.then(() => passed.push(n));
    }
    await clock.advance(1000);
    expect(passed).to.deep.equal([1]);
    await clock.advance(1000);
    expect(passed).to.deep.equal([1, 2]);
    await clock.advance(2000);
    expect(passed).to.deep.equal([1, 2, 3, 4]);
  });

  it("saves no more than a second's worth", async () => {
    const clock = new ManualClock();
    const bandwidth = new Bandwidth(clock, 1000);
    await clock.advance(60_000);
    expect(bandwidth.take(1000, never)).to.equal(undefined);
    expect(bandwidth.take(1, never)).to.not.equal(undefined);
  });

  it("changes while it runs", async () => {
    const clock = new ManualClock();
    const bandwidth = new Bandwidth(clock, 10);
    void bandwidth.take(1000, never);
    bandwidth.change(undefined);
    expect(bandwidth.take(1e9, never)).to.equal(undefined);
    bandwidth.change(1000);
    let passed = false;
    void bandwidth.take(2000, never)?.then(() => {
      passed = true;
    });
    await clock.advance(2000);
    expect(passed).to.equal(true);
  });
});
