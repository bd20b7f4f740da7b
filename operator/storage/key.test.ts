import { expect } from "chai";
import { AssertionError } from "node:assert";
import { compareKeys, requireKey, requirePair } from "./key.ts";

describe("requireKey", () => {
  for (const key of ["a", "a/b.dat", ".hidden", "..x/y", "a b/ü#?"]) {
    it(`accepts ${key}`, () => {
      expect(requireKey(key)).to.equal(key);
    });
  }

  for (const key of ["", "/a", "a/", "a//b", ".", "a/./b", "../a"]) {
    it(`refuses ${JSON.stringify(key)}`, () => {
      expect(() => requireKey(key)).to.throw(AssertionError);
    });
  }
});

describe("requirePair", () => {
  it("refuses a copy onto itself", () => {
    expect(() => requirePair("a/b", "a/b")).to.throw(AssertionError);
  });
});

describe("compareKeys", () => {
  it("sorts as the bytes of UTF-8 sort, also past U+FFFF", () => {
    const keys = ["a", "a/b", "a.b", "ab", "Z", "é", "名", "\uFF5E", "\u{1F600}", "a\u{10000}"];
    const byBytes = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect([...keys].sort(compareKeys)).to.deep.equal(byBytes);
    expect([...keys].sort(), "and UTF-16 order is another one").to.not.deep.equal(byBytes);
  });

  it("tells equal keys", () => {
    expect(compareKeys("a/b", "a/b")).to.equal(0);
  });
});
