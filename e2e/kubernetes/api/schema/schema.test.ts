import { expect } from "chai";
import { thingDefinition } from "../testing/cluster.ts";
import type { Fields } from "../object.ts";
import { fieldsAt, listAt } from "../object.ts";
import { pruneObject } from "./prune.ts";
import { validateSchema } from "./validate.ts";
import { withSchemaDefaults } from "./defaults.ts";

const SCHEMA = fieldsAt(
  listAt(thingDefinition(), "spec", "versions")[0],
  "schema",
  "openAPIV3Schema",
);

function complaints(spec: Fields): readonly string[] {
  return validateSchema(SCHEMA, { spec }, "").map(({ path, message }) => `${path}: ${message}`);
}

const CASES: readonly (readonly [name: string, spec: Fields, complaints: readonly string[]])[] = [
  [
    "takes what fits",
    { size: 3, amount: "5Mi", free: { x: [1] }, labels: { a: "b" }, maybe: null },
    [],
  ],
  ["misses required fields", {}, ["spec.size: Required value"]],
  [
    "tells types",
    { size: "3" },
    ['spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"'],
  ],
  [
    "bounds numbers",
    { size: 10 },
    ["spec.size: Invalid value: 10: spec.size in body should be less than or equal to 9"],
  ],
  [
    "knows enums",
    { size: 1, color: "green" },
    ['spec.color: Unsupported value: "green": supported values: "red", "blue"'],
  ],
  [
    "matches patterns",
    { size: 1, name: "A" },
    ["spec.name: Invalid value: \"A\": spec.name in body should match '^[a-z]+$'"],
  ],
  [
    "bounds lengths",
    { size: 1, name: "abcdef" },
    ["spec.name: Too long: may not be more than 5 bytes"],
  ],
  ["keeps sets", { size: 1, tags: ["a", "a"] }, ['spec.tags[1]: Duplicate value: "a"']],
  [
    "keeps maps by their keys",
    { size: 1, parts: [{ name: "a" }, { name: "a", count: 2 }] },
    ['spec.parts[1]: Duplicate value: {"name":"a"}'],
  ],
  [
    "bounds lists",
    { size: 1, parts: ["a", "b", "c", "d"].map((name) => ({ name })) },
    ["spec.parts: Too many: 4: must have at most 3 items"],
  ],
  [
    "takes integers or strings and nothing else",
    { size: 1, amount: true },
    ['spec.amount: Invalid value: "boolean": spec.amount must be of type integer or string'],
  ],
  [
    "checks formats",
    { size: 1, at: "yesterday" },
    ['spec.at: Invalid value: "yesterday": spec.at in body must be of type date-time: "yesterday"'],
  ],
  [
    "checks values of maps",
    { size: 1, labels: { a: 1 } },
    [
      'spec.labels.a: Invalid value: "integer": spec.labels.a in body must be of type string: "integer"',
    ],
  ],
];

describe("structural schemas", () => {
  it("tells of a list that is far too long as of one that is a little too long", () => {
    const parts = Array.from({ length: 100_000 }, (_, i) => ({ name: `p${i}` }));
    expect(complaints({ size: 1, parts })).to.deep.equal([
      "spec.parts: Too many: 100000: must have at most 3 items",
    ]);
  });

  for (const [name, spec, said] of CASES) {
    it(name, () => expect(complaints(spec)).to.deep.equal(said));
  }

  it("knows anyOf, oneOf, not", () => {
    const schema = {
      type: "object",
      properties: { a: { type: "string" }, b: { type: "string" } },
      oneOf: [{ required: ["a"] }, { required: ["b"] }],
      not: { required: ["c"] },
    };
    const said = (value: Fields): readonly string[] =>
      validateSchema(schema, value, "spec").map((e) => e.message);
    expect(said({ a: "1" })).to.deep.equal([]);
    expect(said({})[0]).to.contain(
      '"spec" must validate one and only one schema (oneOf). Found none valid',
    );
    expect(said({ a: "1", b: "2" })[0]).to.contain("2 valid alternatives");
    expect(said({ a: "1", c: "2" })[0]).to.contain("must not validate the schema (not)");
  });

  it("cuts unknown fields away and names them", () => {
    const object = {
      apiVersion: "v1",
      kind: "Thing",
      metadata: { anything: 1 },
      spec: { size: 1, sise: 2, parts: [{ name: "a", nam: "b" }], free: { kept: 1 } },
      extra: 1,
    };
    const { object: pruned, unknown } = pruneObject(SCHEMA, object);
    expect(unknown).to.deep.equal(["spec.sise", "spec.parts[0].nam", "extra"]);
    expect(pruned["spec"]).to.deep.equal({ size: 1, parts: [{ name: "a" }], free: { kept: 1 } });
    expect(pruned["metadata"]).to.deep.equal({ anything: 1 });
  });

  it("fills in defaults, inside lists too, and drops nulls that are not allowed", () => {
    const given = { spec: { size: 1, color: null, maybe: null, parts: [{ name: "a" }] } };
    expect(withSchemaDefaults(SCHEMA, given)).to.deep.equal({
      spec: { size: 1, color: "red", maybe: null, parts: [{ name: "a", count: 1 }] },
      status: { observedGeneration: -1 },
    });
  });
});
