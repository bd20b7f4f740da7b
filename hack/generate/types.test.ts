import { expect } from "chai";
import type { Schema } from "../../operator/api/schema.ts";
import { printTypes } from "./types.ts";

function typesOf(spec: Schema["properties"], status: Schema["properties"] = {}): string {
  return printTypes({
    path: "crds/thing.yaml",
    group: "example.org",
    kind: "Thing",
    plural: "things",
    shortNames: [],
    version: "v1",
    columns: [],
    schema: {
      type: "object",
      properties: {
        spec: { type: "object", required: ["name"], properties: spec ?? {} },
        status: { type: "object", properties: status },
      },
    },
  });
}

const text: Schema = { type: "string" };

describe("printTypes", () => {
  it("makes a field optional unless it is required or has a default", () => {
    const types = typesOf({ name: text, other: text, count: { type: "integer", default: 1 } });
    expect(types).to.include("  readonly name: string;");
    expect(types).to.include("  readonly other?: string;");
    expect(types).to.include("  readonly count: number;");
  });

  it("names objects, items and closed sets after the kind and their path", () => {
    const types = typesOf({
      parts: {
        type: "array",
        items: { type: "object", properties: { mode: { ...text, enum: ["A", "B"] } } },
      },
    });
    expect(types).to.include("  readonly parts?: readonly ThingPart[];");
    expect(types).to.include("  readonly mode?: ThingPartMode;");
    expect(types).to.include('export type ThingPartMode = "A" | "B";');
  });

  it("tells a status from a spec of the same name", () => {
    const source: Schema = { type: "object", properties: { name: text } };
    const types = typesOf({ source }, { source });
    expect(types).to.include("export interface ThingSource {");
    expect(types).to.include("export interface ThingStatusSource {");
    expect(types).to.include("  readonly source?: ThingStatusSource;");
  });

  it("knows sizes, maps, lists and conditions", () => {
    const types = typesOf(
      {
        size: { "x-kubernetes-int-or-string": true },
        labels: { type: "object", additionalProperties: text },
        sizes: { type: "array", items: { "x-kubernetes-int-or-string": true } },
      },
      { conditions: { type: "array", items: { type: "object" } } },
    );
    expect(types).to.include("readonly size?: number | string;");
    expect(types).to.include("readonly labels?: Readonly<Record<string, string>>;");
    expect(types).to.include("readonly sizes?: readonly (number | string)[];");
    expect(types).to.include("readonly conditions?: readonly Condition[];");
  });

  it("writes descriptions above fields, wrapped", () => {
    const long = "word ".repeat(40).trim();
    const types = typesOf({ name: { ...text, description: long } });
    const lines = types.split("\n").filter((line) => line.includes("word"));
    expect(lines.every((line) => line.startsWith("   * word") && line.length <= 100)).to.equal(
      true,
    );
    expect(lines.map((line) => line.slice(5)).join(" ")).to.equal(long);
  });
});
