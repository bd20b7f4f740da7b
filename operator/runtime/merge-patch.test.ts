import { expect } from "chai";
import { applyMergePatch, makeMergePatch } from "./merge-patch.ts";

interface Case {
  readonly name: string;
  readonly before: object;
  readonly after: object;
  readonly patch: object | undefined;
}

const cases: readonly Case[] = [
  {
    name: "nothing for the same",
    before: { a: [1, { b: 2 }] },
    after: { a: [1, { b: 2 }] },
    patch: undefined,
  },
  { name: "only what differs", before: { a: 1, b: 2 }, after: { a: 1, b: 3 }, patch: { b: 3 } },
  { name: "null for what is gone", before: { a: 1, b: 2 }, after: { a: 1 }, patch: { b: null } },
  { name: "null for undefined", before: { a: 1 }, after: { a: undefined }, patch: { a: null } },
  {
    name: "nothing for undefined that was absent",
    before: {},
    after: { a: undefined },
    patch: undefined,
  },
  {
    name: "nested objects by field",
    before: { a: { b: 1, c: 2 } },
    after: { a: { b: 1, d: 3 } },
    patch: { a: { c: null, d: 3 } },
  },
  { name: "lists whole", before: { a: [1, 2, 3] }, after: { a: [1, 2] }, patch: { a: [1, 2] } },
  {
    name: "a list of objects whole",
    before: { a: [{ b: 1, c: 1 }] },
    after: { a: [{ b: 1 }] },
    patch: { a: [{ b: 1 }] },
  },
  {
    name: "an object for a number",
    before: { a: 1 },
    after: { a: { b: 1 } },
    patch: { a: { b: 1 } },
  },
  { name: "a number for an object", before: { a: { b: 1 } }, after: { a: 1 }, patch: { a: 1 } },
  {
    name: "an emptied object",
    before: { a: { b: 1 } },
    after: { a: {} },
    patch: { a: { b: null } },
  },
  { name: "an empty object that is new", before: {}, after: { a: {} }, patch: { a: {} } },
];

describe("makeMergePatch", () => {
  for (const { name, before, after, patch } of cases) {
    it(`says ${name}`, () => {
      expect(makeMergePatch(before, after)).to.deep.equal(patch);
    });

    it(`leads where it should: ${name}`, () => {
      const reached = applyMergePatch(before, makeMergePatch(before, after) ?? {});
      expect(reached).to.deep.equal(JSON.parse(JSON.stringify(after)));
    });
  }
});

describe("applyMergePatch", () => {
  // The examples of RFC 7386, appendix A.
  const examples: readonly (readonly [unknown, unknown, unknown])[] = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, patch, result] of examples) {
    it(`${JSON.stringify(target)} with ${JSON.stringify(patch)}`, () => {
      const before = structuredClone(target);
      expect(applyMergePatch(target, patch)).to.deep.equal(result);
      expect(target).to.deep.equal(before);
    });
  }
});
