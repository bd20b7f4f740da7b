import { expect } from "chai";
import { age, humanDuration } from "./age.ts";

const CASES: readonly (readonly [seconds: number, shown: string])[] = [
  [0, "0s"],
  [59, "59s"],
  [119, "119s"],
  [120, "2m"],
  [192, "3m12s"],
  [600, "10m"],
  [3 * 3600 + 60, "3h1m"],
  [9 * 3600 + 60, "9h"],
  [50 * 3600, "2d2h"],
  [9 * 86_400 + 3600, "9d"],
  [3 * 365 * 86_400 + 86_400, "3y1d"],
  [-5, "<invalid>"],
];

describe("ages", () => {
  for (const [seconds, shown] of CASES) {
    it(`shows ${seconds} s as ${shown}`, () =>
      expect(humanDuration(seconds * 1000)).to.equal(shown));
  }

  it("says what is unknown or unreadable", () => {
    expect(age(undefined, 0)).to.equal("<unknown>");
    expect(age("soon", 0)).to.equal("<invalid>");
  });
});
