import { expect } from "chai";
import { isStorageError } from "./errors.ts";
import { requireExtent, requireWished } from "./extent.ts";
import type { ReadOptions } from "./storage.ts";
import { rejection } from "./testing/collect.ts";

const of = (contentRange: string | undefined, contentLength: number | undefined, o: ReadOptions) =>
  requireExtent({ operation: "read", key: "k" }, { contentRange, contentLength }, o);

describe("requireExtent", () => {
  for (const [what, range, sent, wanted, extent] of [
    ["the whole object", undefined, 100, {}, { length: 100, size: 100 }],
    [
      "an object of unsaid length",
      undefined,
      undefined,
      {},
      { length: undefined, size: undefined },
    ],
    ["an empty object", undefined, 0, { length: 5 }, { length: 0, size: 0 }],
    ["all of it as a range", "bytes 0-99/100", 100, {}, { length: 100, size: 100 }],
    ["a range", "bytes 5-9/100", 5, { start: 5, length: 5 }, { length: 5, size: 100 }],
    ["a rest", "bytes 95-99/100", 5, { start: 95 }, { length: 5, size: 100 }],
    [
      "a range past the end",
      "bytes 95-99/100",
      5,
      { start: 95, length: 9 },
      { length: 5, size: 100 },
    ],
    ["a whole that is short", undefined, 3, { length: 5 }, { length: 3, size: 3 }],
  ] as const) {
    it(`takes ${what}`, () => {
      expect(of(range, sent, wanted)).to.deep.equal(extent);
    });
  }

  for (const [what, range, sent, wanted] of [
    ["the whole object instead of its end", undefined, 100, { start: 50 }],
    ["the whole object instead of its beginning", undefined, 100, { length: 10 }],
    ["a whole of unsaid length instead of its beginning", undefined, undefined, { length: 10 }],
    ["another place", "bytes 0-9/100", 10, { start: 50, length: 10 }],
    ["more than was asked for", "bytes 50-99/100", 50, { start: 50, length: 10 }],
    ["less than was asked for", "bytes 50-54/100", 5, { start: 50, length: 10 }],
    ["a slice instead of the rest", "bytes 50-59/100", 10, { start: 50 }],
    ["a range of an unknown whole", "bytes 0-9/*", 10, { length: 10 }],
    ["nothing that could be understood", "items 0-9/100", 10, { length: 10 }],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const failed = await rejection((async () => of(range, sent, wanted))());
      expect(failed).to.include({ kind: "wrongConfiguration" });
    });
  }
});

describe("requireWished", () => {
  const OBJECT = { key: "k", size: 10, etag: "1" };
  const EMPTY = { ...OBJECT, size: 0 };
  const refusal = (object: typeof OBJECT, wished: ReadOptions): string | undefined => {
    try {
      requireWished({ operation: "read", key: "k" }, object, wished);
      return undefined;
    } catch (error) {
      return isStorageError(error) ? error.kind : String(error);
    }
  };

  it("takes the object that is wished, and a byte of it", () => {
    for (const wished of [{}, { etag: "1" }, { start: 9 }, { start: 0, length: 0 }]) {
      expect(refusal(OBJECT, wished), JSON.stringify(wished)).to.equal(undefined);
    }
    expect(refusal(EMPTY, { start: 0 })).to.equal(undefined);
  });

  it("refuses another object, also one with fewer bytes, and a start at its end", () => {
    expect(refusal(OBJECT, { etag: "2" })).to.equal("changed");
    expect(refusal(OBJECT, { etag: "2", start: 10 })).to.equal("changed");
    expect(refusal(OBJECT, { start: 10 })).to.equal("invalidRange");
    expect(refusal(EMPTY, { start: 1 })).to.equal("invalidRange");
  });
});
