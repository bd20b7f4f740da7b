import { expect } from "chai";
import { brokenRules } from "./cel.ts";
import type { Schema } from "./schema.ts";

const message = "must not be so";

function check(schema: Schema, value: unknown, before?: unknown) {
  return brokenRules(schema, { path: "spec", value, before });
}

function ruled(rule: string, more: Schema = {}): Schema {
  return { ...more, "x-kubernetes-validations": [{ rule, message }] };
}

describe("brokenRules", () => {
  it("looks at whole numbers as CEL's int, as the API server does", () => {
    expect(check(ruled("type(self) == int && self % 2 == 0"), 4)).to.deep.equal([]);
    expect(check(ruled("self % 2 == 0"), 5)).to.deep.equal([{ path: "spec", message }]);
  });

  it("looks at times as timestamps", () => {
    const schema = ruled("self < timestamp('2026-01-01T00:00:00Z')", { format: "date-time" });
    expect(check(schema, "2025-12-31T23:00:00-02:00")).to.deep.equal([{ path: "spec", message }]);
    expect(check(schema, "2026-01-01T00:30:00+01:00")).to.deep.equal([]);
  });

  it("knows fields with reserved names by their escaped ones", () => {
    const schema = ruled("self.__as__ == 'b'", { properties: { as: { type: "string" } } });
    expect(check(schema, { as: "b" })).to.deep.equal([]);
    expect(check(schema, { as: "c" })).to.deep.equal([{ path: "spec", message }]);
  });

  it("says where: in fields, in items, at the rule's fieldPath", () => {
    const name = ruled("self != 'x'", { type: "string" });
    const schema: Schema = {
      properties: { list: { items: { properties: { name } } } },
      "x-kubernetes-validations": [{ rule: "size(self.list) < 2", message, fieldPath: ".list" }],
    };
    expect(check(schema, { list: [{ name: "a" }, { name: "x" }] })).to.deep.equal([
      { path: "spec.list", message },
      { path: "spec.list[1].name", message },
    ]);
  });

  it("asks rules about changes only when there was something before", () => {
    const schema: Schema = { properties: { name: ruled("self == oldSelf") } };
    expect(check(schema, { name: "a" })).to.deep.equal([]);
    expect(check(schema, { name: "a" }, {})).to.deep.equal([]);
    expect(check(schema, { name: "a" }, { name: "a" })).to.deep.equal([]);
    expect(check(schema, { name: "a" }, { name: "b" })).to.deep.equal([
      { path: "spec.name", message },
    ]);
  });

  it("asks nothing about what is not there", () => {
    expect(check({ properties: { name: ruled("false") } }, {})).to.deep.equal([]);
  });

  it("counts a rule that cannot be evaluated as broken, and says why", () => {
    const [problem, ...others] = check(ruled("self.missing == 1"), {});
    expect(others).to.deep.equal([]);
    expect(problem?.message).to.match(/^must not be so \(.*missing/);
  });

  it("compares sizes in any unit", () => {
    const rule = "quantity(self).compareTo(quantity('1Gi')) == 0";
    expect(check(ruled(rule), "1024Mi")).to.deep.equal([]);
    expect(check(ruled(rule), "1G")).to.deep.equal([{ path: "spec", message }]);
  });
});
