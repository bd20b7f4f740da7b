import { expect } from "chai";

import { ManualClock } from "../testing/manual-clock.ts";
import { PeerTimer } from "./server-peer-timer.ts";

const LIMIT_MS = 1000;

describe("PeerTimer", () => {
  let clock: ManualClock;
  let timer: PeerTimer;
  let expired: number;

  beforeEach(() => {
    clock = new ManualClock();
    expired = 0;
    timer = new PeerTimer(clock, LIMIT_MS, () => {
      expired += 1;
    });
  });

  /** Lets the peer be waited for, or not, for a while. */
  async function pass(waiting: boolean, ms: number): Promise<void> {
    if (waiting) timer.waiting();
    await clock.advance(ms);
    timer.resumed();
  }

  it("adds up the waits of one call and nothing else", async () => {
    timer.start();
    await pass(true, 400);
    await pass(false, 5000);
    await pass(true, 400);
    expect(timer.spentMs).to.equal(800);
    expect(expired).to.equal(0);
    await pass(true, 200);
    expect(expired).to.equal(1);
  });

  it("looks again when it fires in a later wait than the one it was set for", async () => {
    timer.start();
    await pass(true, 100);
    await pass(false, 500);
    // Set for 1000 ms after the start, of which 500 were ours.
    timer.waiting();
    await clock.advance(899);
    expect(expired).to.equal(0);
    await clock.advance(1);
    expect(expired).to.equal(1);
  });

  it("begins anew with each call, and never expires between calls", async () => {
    timer.start();
    await pass(true, 900);
    timer.stop();
    await pass(true, 10 * LIMIT_MS);
    timer.start();
    expect(timer.spentMs).to.equal(0);
    await pass(true, 900);
    expect(expired).to.equal(0);
  });

  it("leaves no timer behind a call", async () => {
    timer.start();
    await pass(true, 10);
    timer.stop();
    expect(clock.pending).to.equal(0);
  });
});
