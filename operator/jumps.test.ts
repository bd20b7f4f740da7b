// A wall clock that jumps: durations stay what they were.
import { expect } from "chai";
import type { Clock } from "./clock.ts";
import { elapsedMs, JumpWatch } from "./jumps.ts";

const HOUR = 3_600_000;

/** Real time passes by `pass`; the wall clock jumps by `jump`. */
function clocks() {
  let steadyMs = 0;
  let wallMs = 1_000 * HOUR;
  const clock = { now: () => wallMs, monotonic: () => steadyMs } as Clock;
  const pass = (ms: number): void => {
    steadyMs += ms;
    wallMs += ms;
  };
  return { clock, pass, jump: (ms: number) => (wallMs += ms) };
}

describe("elapsedMs", () => {
  for (const hours of [-5, 5]) {
    it(`is not moved by a jump of ${hours} hours`, () => {
      const { clock, pass, jump } = clocks();
      const watch = new JumpWatch(clock);
      const began = clock.now();
      pass(60_000);
      watch.look();
      jump(hours * HOUR);
      pass(1_000);
      expect(elapsedMs(began, clock.now(), watch.look())).to.equal(61_000);
      const after = clock.now();
      pass(2_000);
      expect(elapsedMs(after, clock.now(), watch.look())).to.equal(2_000);
    });
  }

  it("is right over a jump there and back", () => {
    const { clock, pass, jump } = clocks();
    const watch = new JumpWatch(clock);
    const began = clock.now();
    for (const hours of [3, -3]) {
      pass(10_000);
      watch.look();
      jump(hours * HOUR);
      watch.look();
    }
    expect(elapsedMs(began, clock.now(), watch.look())).to.equal(20_000);
  });

  it("takes no drift for a jump, and remembers the last 20", () => {
    const { clock, pass, jump } = clocks();
    const watch = new JumpWatch(clock);
    jump(9_000);
    expect(watch.look()).to.deep.equal([]);
    for (let i = 0; i < 30; i += 1) {
      pass(1_000);
      jump(HOUR);
      watch.look();
    }
    expect(watch.look().length).to.equal(20);
  });
});
