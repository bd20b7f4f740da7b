import { expect } from "chai";
import { rejection } from "../../storage/testing/collect.ts";
import { BoundedTasks } from "./bounded-tasks.ts";

function gate() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { promise, resolve, reject };
}

describe("BoundedTasks", () => {
  it("runs so many at a time and no more", async () => {
    const tasks = new BoundedTasks(2);
    const gates = [gate(), gate(), gate()];
    let running = 0;
    let most = 0;
    const started = (async () => {
      for (const { promise } of gates) {
        await tasks.start(async () => {
          running += 1;
          most = Math.max(most, running);
          await promise;
          running -= 1;
        });
      }
    })();
    await Promise.resolve();
    for (const { resolve } of gates) {
      resolve();
      await Promise.resolve();
    }
    await started;
    await tasks.drain();
    expect([most, running]).to.deep.equal([2, 0]);
  });

  it("throws the first failure at the next start and at drain", async () => {
    const tasks = new BoundedTasks(1);
    await tasks.start(() => Promise.reject(new Error("first")));
    let ran = false;
    const late = async () => {
      ran = true;
    };
    expect(String(await rejection(tasks.start(late)))).to.include("first");
    expect(String(await rejection(tasks.drain()))).to.include("first");
    expect(ran).to.equal(false);
  });

  it("waits at drain for those that still run after one failed", async () => {
    const tasks = new BoundedTasks(2);
    const slow = gate();
    let ended = false;
    await tasks.start(async () => {
      await slow.promise;
      ended = true;
    });
    await tasks.start(() => Promise.reject(new Error("no")));
    const drained = rejection(tasks.drain());
    slow.resolve();
    await drained;
    expect(ended).to.equal(true);
  });
});
