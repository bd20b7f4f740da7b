import { expect } from "chai";
import { interleave, median, ratioOf, type Measured } from "./comparison.ts";

function run(seconds: number): Measured {
  return { seconds, files: 10, bytes: 1000, refused: 0, cpu: {}, othersSeconds: 0 };
}

describe("comparison", () => {
  const medians = [
    { of: [3], is: 3 },
    { of: [5, 1, 3], is: 3 },
    { of: [1, 9, 2, 4], is: 3 },
  ];
  for (const { of, is } of medians) {
    it(`finds ${is} in the middle of ${of.join(", ")}`, () => expect(median(of)).to.equal(is));
  }

  it("compares round by round, so that a slow round does not count against one side", () => {
    const one = { name: "one", runs: [run(1), run(10), run(2)] };
    const other = { name: "other", runs: [run(2), run(20), run(4)] };
    expect(ratioOf(one, other)).to.equal(2);
  });

  it("lets the variants take turns and begins each round with another one", async () => {
    const order: string[] = [];
    const variants = ["A", "B", "C"].map((name) => ({
      name,
      warmUp: async () => order.push(name.toLowerCase()),
      run: async () => {
        order.push(name);
        return run(1);
      },
    }));
    const series = await interleave(variants, 3, async () => {
      order.push("|");
    });
    expect(order.join("")).to.equal("abc|ABC|BCA|CAB|");
    expect(series.map(({ name, runs }) => `${name}${runs.length}`)).to.deep.equal([
      "A3",
      "B3",
      "C3",
    ]);
  });
});
