import { expect } from "chai";
import { parseVersion } from "./rows.ts";
import { doubtOf } from "./versions.ts";

describe("doubts about a release", () => {
  for (const known of ["2.5.0 8c1d2f4", "3.5.3 6a7b8c9", "4.2.9 abc"]) {
    it(`are none of ${known}`, () => expect(doubtOf(parseVersion(known))).to.equal(undefined));
  }
  for (const [text, doubt] of [
    ["4.3.0 abc", "it is newer than 4.2"],
    ["5.0.0-rc1", "it is newer than 4.2"],
    ["UNKNOWN 1f5a0c3", "it does not tell its version (UNKNOWN 1f5a0c3)"],
  ] as const) {
    it(`are told of ${text}`, () => expect(doubtOf(parseVersion(text))).to.include(doubt));
  }
});
