import { expect } from "chai";
import { BackOff } from "./back-off.ts";

describe("the back-off of a container", () => {
  it("doubles up to its limit and begins again after a long life", () => {
    const backOff = new BackOff({ firstMs: 10, maxMs: 40 });
    const waits = [0, 0, 0, 0, 79, 80, 0].map((ranMs) => backOff.after(ranMs));
    expect(waits).to.deep.equal([10, 20, 40, 40, 40, 10, 20]);
  });
});
