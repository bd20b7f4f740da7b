import { expect } from "chai";
import { fileURLToPath } from "node:url";
import { API_VERSION, GROUP } from "../../operator/api/group.ts";
import { BACKUP, REPOSITORY, RESTORE } from "../../operator/api/kinds.ts";
import type { Schema } from "../../operator/api/schema.ts";
import { type CustomResource, fieldsOf, readCustomResources } from "./crd.ts";

const resources = readCustomResources(fileURLToPath(new URL("../..", import.meta.url)));

describe("crds", () => {
  it("are what the operator knows", () => {
    const known = [BACKUP, REPOSITORY, RESTORE].map(({ kind, plural, apiVersion }) => ({
      kind,
      plural,
      apiVersion,
    }));
    const found = resources.map(({ kind, plural, group, version }) => ({
      kind,
      plural,
      apiVersion: `${group}/${version}`,
    }));
    expect(found).to.deep.equal(known);
    expect(API_VERSION).to.match(new RegExp(`^${GROUP}/`));
  });

  for (const resource of resources) describe(resource.kind, () => checkResource(resource));
});

function checkResource({ schema, columns }: CustomResource): void {
  const fields = [...fieldsOf(schema)].filter(({ path }) => path !== "metadata");
  const failing = (isGood: (field: Schema) => boolean) =>
    fields.filter(({ schema: field }) => !isGood(field)).map(({ path }) => path);

  it("describes every field", () => {
    expect(failing((field) => (field.description ?? "") !== "")).to.deep.equal([]);
  });

  it("limits every text, list and map", () => {
    const bounded = failing(
      (field) => isBounded(field) && (!field.items || isBounded(field.items)),
    );
    expect(bounded).to.deep.equal(["apiVersion", "kind"]);
  });

  it("says of every list how it is merged", () => {
    expect(
      failing((f) => f.type !== "array" || f["x-kubernetes-list-type"] !== undefined),
    ).to.deep.equal([]);
  });

  it("says in every rule's message what to write, in a sentence", () => {
    const messages = [schema, ...fields.map((field) => field.schema)]
      .flatMap((field) => field["x-kubernetes-validations"] ?? [])
      .map(({ message }) => message);
    expect(messages.filter((message) => !/^[a-zA-Z].{20,300}[^.]$/.test(message))).to.deep.equal(
      [],
    );
  });

  it("asks no pattern of a map's values that may be numbers: older API servers take each for three megabytes", () => {
    const asked = fields.filter(({ schema: { additionalProperties, ...field } }) => {
      const rules = field["x-kubernetes-validations"] ?? [];
      return (
        additionalProperties &&
        additionalProperties["x-kubernetes-int-or-string"] === true &&
        rules.some(({ rule }) => rule.includes(".matches("))
      );
    });
    expect(asked.map(({ path }) => path)).to.deep.equal([]);
  });

  it("has a field behind every column", () => {
    const paths = new Set(fields.map(({ path }) => path));
    const columnPaths = columns
      .map(({ jsonPath }) => jsonPath.slice(1).replace(/\[\?.*\)\]/, "[]"))
      .filter((path) => !path.startsWith("metadata."));
    expect(columnPaths.filter((path) => !paths.has(path))).to.deep.equal([]);
  });
}

/** Kubernetes' estimate of a rule's cost needs a limit on everything; so does a status. */
function isBounded(schema: Schema): boolean {
  if (schema.type === "string") {
    return (
      schema.enum !== undefined || schema.format !== undefined || schema.maxLength !== undefined
    );
  }
  if (schema.type === "array") return schema.maxItems !== undefined;
  return !schema.additionalProperties || schema.maxProperties !== undefined;
}
