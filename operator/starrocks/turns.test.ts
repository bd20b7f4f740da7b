import { expect } from "chai";
import { Turns } from "./turns.ts";

describe("turns", () => {
  it("run one after the other in the order of arrival, also after a failure", async () => {
    const turns = new Turns(10);
    const seen: string[] = [];
    const work = (name: string, fails = false) =>
      turns.take(async () => {
        seen.push(`${name} begins`);
        await Promise.resolve();
        seen.push(`${name} ends`);
        if (fails) throw new Error(name);
      });
    await Promise.allSettled([work("a"), work("b", true), work("c")]);
    expect(seen).to.deep.equal(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  it("are full when so many wait", async () => {
    const turns = new Turns(2);
    let end = () => {};
    const first = turns.take(() => new Promise<void>((resolve) => (end = resolve)));
    await Promise.resolve();
    await Promise.resolve();
    expect(turns.isFull).to.equal(false);
    const others = [turns.take(() => Promise.resolve()), turns.take(() => Promise.resolve())];
    expect(turns.isFull).to.equal(true);
    end();
    await Promise.all([first, ...others]);
    expect(turns.isFull).to.equal(false);
  });
});
