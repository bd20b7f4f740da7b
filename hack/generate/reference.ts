// Prints docs/reference/<kind>.md: every field with what may stand there, the rules, the columns of kubectl.
// The descriptions are those of the CRD, so `kubectl explain` says the same.
import { must } from "../../operator/assert.ts";
import type { Schema, ValidationRule } from "../../operator/api/schema.ts";
import { type CustomResource, fieldsOf } from "./crd.ts";
import { code, row } from "./table.ts";

/** The text of `docs/reference/<kind>.md`. */
export function printReference(resource: CustomResource): string {
  const { kind, path, schema, columns, group, version, plural, shortNames } = resource;
  const part = (name: string) => must(schema.properties?.[name], name);
  return [
    `<!-- Made from ${path} by \`npm run generate\`. Do not edit. -->`,
    "",
    `# ${kind}`,
    "",
    `${schema.description} How to use it: [docs/spec](../spec/${kind.toLowerCase()}.md).`,
    "",
    `\`apiVersion: ${group}/${version}\`, \`kind: ${kind}\`; for kubectl \`${plural}\`, \`${shortNames.join("`, `")}\`, and with`,
    "the others of this group `starrocks`.",
    "",
    "## Spec",
    "",
    ...fieldTable(part("spec")),
    "",
    "## Rules",
    "",
    "Refused at admission, with the message beside it. `oldSelf` is the object before a change.",
    "",
    ...ruleTable(schema),
    "",
    "## Status",
    "",
    ...fieldTable(part("status")),
    "",
    "## Columns of `kubectl get`",
    "",
    "| column | field | |",
    "|---|---|---|",
    ...columns.map(({ name, jsonPath, priority, description = "" }) =>
      row(
        name,
        code(jsonPath),
        [description, priority === 1 ? "With `-o wide`." : ""].join(" ").trim(),
      ),
    ),
    "",
  ].join("\n");
}

function fieldTable(schema: Schema): readonly string[] {
  return [
    "| field | type | default | limits | what it is |",
    "|---|---|---|---|---|",
    ...[...fieldsOf(schema)].map(({ path, schema: field, required }) =>
      row(
        code(path) + (required ? " (needed)" : ""),
        typeOf(field),
        field.default === undefined ? "" : code(JSON.stringify(field.default)),
        limitsOf(field).join(", "),
        field.description ?? "",
      ),
    ),
  ];
}

function typeOf(schema: Schema): string {
  if (schema["x-kubernetes-int-or-string"] === true) return "size";
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}s`;
  if (schema.additionalProperties) return `map of ${typeOf(schema.additionalProperties)}s`;
  if (schema.format === "date-time") return "time";
  return String(schema.type);
}

/** What a value must keep to, in words; an item's own limits are said with its list. */
function limitsOf(schema: Schema): readonly string[] {
  const { items, additionalProperties } = schema;
  return [
    ...(schema.enum === undefined ? [] : [schema.enum.map(code).join(", ")]),
    ...range(schema.minimum, schema.maximum, ""),
    ...range(schema.minItems, schema.maxItems, " items"),
    ...range(undefined, schema.maxProperties, " entries"),
    ...range(schema.minLength, schema.maxLength, " characters"),
    ...(schema["x-kubernetes-list-type"] === "set" ? ["each once"] : []),
    ...(schema["x-kubernetes-list-map-keys"] ?? []).map((key) => `one for each ${code(key)}`),
    ...(schema.pattern === undefined ? [] : [`matches ${code(schema.pattern)}`]),
    ...eachOf("each", items?.properties === undefined ? items : undefined),
    ...eachOf("each", additionalProperties || undefined),
  ];
}

function eachOf(word: string, schema: Schema | undefined): readonly string[] {
  return schema === undefined ? [] : limitsOf(schema).map((limit) => `${word} ${limit}`);
}

function range(min: number | undefined, max: number | undefined, unit: string): readonly string[] {
  if (min !== undefined && max !== undefined) return [`${min} to ${max}${unit}`];
  if (min !== undefined) return [`at least ${min}${unit}`];
  return max === undefined ? [] : [`at most ${max}${unit}`];
}

function ruleTable(schema: Schema): readonly string[] {
  const all: readonly (readonly [string, ValidationRule])[] = [
    ...rulesOf("", schema),
    ...[...fieldsOf(schema)].flatMap(({ path, schema: field }) => rulesOf(path, field)),
  ];
  return [
    "| where | rule | message |",
    "|---|---|---|",
    ...all.map(([path, { rule, message, fieldPath = "" }]) =>
      row(path === "" ? "" : code(path + fieldPath), code(rule), message),
    ),
  ];
}

function rulesOf(path: string, schema: Schema) {
  return (schema["x-kubernetes-validations"] ?? []).map((rule) => [path, rule] as const);
}
