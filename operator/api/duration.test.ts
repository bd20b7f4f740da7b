import { expect } from "chai";
import { TerminalError } from "../errors.ts";
import { parseDuration } from "./duration.ts";

describe("parseDuration", () => {
  const cases = {
    "24h": 86_400_000,
    "1h30m": 5_400_000,
    "1.5h": 5_400_000,
    "90s": 90_000,
    "250ms": 250,
  };
  for (const [text, ms] of Object.entries(cases)) {
    it(`reads ${text}`, () => expect(parseDuration(text)).to.equal(ms));
  }

  for (const text of ["", "5", "h", "-1h", "1d", "1h 30m", "1h30"]) {
    it(`refuses ${JSON.stringify(text)} and says what to write`, () => {
      expect(() => parseDuration(text)).to.throw(TerminalError, "such as 30m or 1h30m");
    });
  }
});
