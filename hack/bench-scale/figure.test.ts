// How figures are paired and told.
import { expect } from "chai";
import { exponentOf, pair, render } from "./figure.ts";

const measured = (value: number, unit = "s") => ({ what: "seal", unit, value });

describe("a figure of the scale benchmark", () => {
  it("grows as the power of the size that its two values tell", () => {
    const of = (small: number, full: number) => {
      const exponent = exponentOf({ what: "seal", unit: "s", small, full }, 10);
      return exponent === undefined ? undefined : Number(exponent.toFixed(3));
    };
    expect([of(7, 7), of(1, 10), of(1, 100), of(10, 1)]).to.deep.equal([0, 1, 2, -1]);
    expect(of(0, 5), "nothing to compare with").to.equal(undefined);
  });

  it("is of the same name and unit in both runs", () => {
    const small = [measured(1), measured(100, "MiB")];
    expect(pair(small, [measured(200, "MiB"), measured(9)])).to.deep.equal([
      { what: "seal", unit: "MiB", small: 100, full: 200 },
      { what: "seal", unit: "s", small: 1, full: 9 },
    ]);
  });

  it("stands in a row with its ratio and its growth", () => {
    const figures = pair([measured(2)], [measured(20)]);
    const text = render({
      name: "Seal",
      grows: "files",
      small: "10",
      full: "100",
      factor: 10,
      figures,
    });
    expect(text.split("\n").map((line) => line.trim().split(/ {2,}/))).to.deep.equal([
      ["Seal"],
      ["files", "10", "100", "×", "grows as"],
      ["seal (s)", "2", "20", "10.00", "n^1.00"],
    ]);
  });
});
