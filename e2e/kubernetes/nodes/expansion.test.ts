import { expect } from "chai";
import { expand } from "./expansion.ts";

describe("expansion of $(NAME)", () => {
  const values = new Map([
    ["A", "one"],
    ["EMPTY", ""],
    ["NESTED", "$(A)"],
  ]);
  // From the kubelet's own rules: third_party/forked/golang/expansion, 1.37.
  const cases = [
    ["$(A)", "one"],
    ["--listen=$(A):8000", "--listen=one:8000"],
    ["$(A)$(A)", "oneone"],
    ["$(EMPTY)", ""],
    ["$(UNKNOWN)", "$(UNKNOWN)"],
    ["$$(A)", "$(A)"],
    ["$$$(A)", "$one"],
    ["$$$$(A)", "$$(A)"],
    ["$A", "$A"],
    ["${A}", "${A}"],
    ["$(A", "$(A"],
    ["100$", "100$"],
    ["$(NESTED)", "$(A)"],
  ] as const;
  for (const [text, want] of cases) {
    it(`makes ${text} ${JSON.stringify(want)}`, () => {
      expect(expand(text, values)).to.equal(want);
    });
  }
});
