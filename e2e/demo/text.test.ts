import { expect } from "chai";
import { bar, COLOURED, countText, durationText, fit, pad, PLAIN, widthOf } from "./text.ts";

describe("the demo's text", () => {
  it("counts columns, not colours", () => {
    expect(widthOf(COLOURED("green", "✓ done"))).to.equal(6);
    expect(widthOf(PLAIN("green", "████"))).to.equal(4);
  });

  it("cuts a line that is too long, and says so", () => {
    expect(fit("node-a", 6)).to.equal("node-a");
    expect(fit("node-a Serving", 6)).to.equal("node-…");
  });

  it("keeps the colours of what it cuts, and ends them", () => {
    const line = `${COLOURED("green", "ab")}${COLOURED("red", "cdef")}`;
    const cut = fit(line, 4);
    expect(widthOf(cut)).to.equal(4);
    expect(cut).to.equal("\u001b[32mab\u001b[0m\u001b[31mc…\u001b[0m");
  });

  it("fills a bar only when everything is done", () => {
    expect(bar(0, 4)).to.equal("░░░░");
    expect(bar(0.5, 4)).to.equal("██░░");
    expect(bar(0.99, 4)).to.equal("███░");
    expect(bar(1, 4)).to.equal("████");
    expect([bar(-1, 2), bar(7, 2)]).to.deep.equal(["░░", "██"]);
  });

  it("pads by columns", () => {
    expect(pad("ab", 4)).to.equal("ab  ");
    expect(pad("abcdef", 4)).to.equal("abcdef");
    expect(widthOf(pad(COLOURED("dim", "ab"), 4))).to.equal(4);
  });

  it("says how long and how many", () => {
    expect([0, 41_400, 65_000, -5].map(durationText)).to.deep.equal([
      "0 s",
      "41 s",
      "1 min 5 s",
      "0 s",
    ]);
    expect([countText(1, "file"), countText(2, "file")]).to.deep.equal(["1 file", "2 files"]);
  });
});
