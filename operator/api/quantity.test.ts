import { expect } from "chai";
import { TerminalError } from "../errors.ts";
import { parseBytes } from "./quantity.ts";

describe("parseBytes", () => {
  const cases = {
    "104857600": 104_857_600,
    "100Mi": 104_857_600,
    "1.5Gi": 1_610_612_736,
    "500M": 500_000_000,
    "1k": 1000,
    "1Ki": 1024,
    "0.0001Ki": 1,
    "99999999999999999999P": Number.MAX_SAFE_INTEGER,
  };
  for (const [text, bytes] of Object.entries(cases)) {
    it(`reads ${text}`, () => expect(parseBytes(text)).to.equal(bytes));
  }

  it("takes a number for bytes", () => expect(parseBytes(4096)).to.equal(4096));

  for (const text of ["", "Mi", "1K", "1ki", "-1Mi", "1 Mi", "100Mbit", "1constructor"]) {
    it(`refuses ${JSON.stringify(text)} and says what to write`, () => {
      expect(() => parseBytes(text)).to.throw(TerminalError, "such as 100Mi");
    });
  }
});
