import { expect } from "chai";
import { parseJsonPath } from "./json-path.ts";

const VALUE = {
  spec: { list: [1, 2, 3], "odd.key": "odd", name: "n" },
  status: {
    conditions: [
      { type: "Ready", reason: "Fine" },
      { type: "Stalled", reason: "Bad" },
    ],
  },
};

const CASES: readonly (readonly [path: string, found: readonly unknown[]])[] = [
  [".spec.name", ["n"]],
  ["{.spec.name}", ["n"]],
  [".spec.missing.deep", []],
  [".spec.list[1]", [2]],
  [".spec.list[-1]", [3]],
  [".spec.list[*]", [1, 2, 3]],
  [".spec['odd.key']", ["odd"]],
  [".spec.odd\\.key", ["odd"]],
  ['.status.conditions[?(@.type=="Ready")].reason', ["Fine"]],
  [".status.conditions[?(@.type=='Stalled')].reason", ["Bad"]],
  ['.status.conditions[?(@.type=="None")].reason', []],
  [".status.conditions[*].type", ["Ready", "Stalled"]],
];

describe("JSONPath of printer columns", () => {
  for (const [path, found] of CASES) {
    it(`reads ${path}`, () => expect(parseJsonPath(path)(VALUE)).to.deep.equal(found));
  }

  it("refuses what it cannot read", () => {
    expect(() => parseJsonPath(".a[?(@.b>3)]")).to.throw("cannot read JSONPath");
  });
});
