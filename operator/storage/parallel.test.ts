import { expect } from "chai";
import { forEachParallel } from "./parallel.ts";
import { rejection } from "./testing/collect.ts";

describe("forEachParallel", () => {
  const turn = () =>
    new Promise<void>((resolve) => {
      setImmediate(resolve);
    });

  it("runs every item, never more than the width at once", async () => {
    let [running, most] = [0, 0];
    const done: number[] = [];
    await forEachParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await turn();
      running -= 1;
      done.push(item);
    });
    expect(most).to.equal(3);
    expect(done.sort((a, b) => a - b)).to.deep.equal([1, 2, 3, 4, 5, 6, 7]);
  });

  it("begins nothing after a failure and ends when the rest has ended", async () => {
    const begun: number[] = [];
    let running = 0;
    const failed = await rejection(
      forEachParallel([1, 2, 3, 4, 5, 6], 2, async (item) => {
        begun.push(item);
        running += 1;
        await turn();
        running -= 1;
        if (item === 2) throw new Error("second");
      }),
    );
    expect(failed).to.have.property("message", "second");
    expect(begun.length).to.be.lessThan(5);
    expect(running).to.equal(0);
  });

  it("does nothing for no items", async () => {
    await forEachParallel([], 4, async () => {
      throw new Error("never");
    });
  });
});
