// Prints the schemas for the operator: JSON in a TypeScript file, for ajv and the CEL rules. Unknown fields
// are refused there, because a field that this release does not know must not be ignored.
import type { Schema } from "../../operator/api/schema.ts";
import type { CustomResource } from "./crd.ts";

/** The text of `schemas.generated.ts`. */
export function printSchemas(resources: readonly CustomResource[]): string {
  const kinds = resources.map(
    ({ kind, schema }) => `  ${kind}: ${JSON.stringify(forOperator(schema), null, 2)},`,
  );
  return [
    `// Made from ${resources.map(({ path }) => path).join(", ")} by \`npm run generate\`. Do not edit.`,
    `import type { Schema } from "./schema.ts";`,
    "",
    `export type SchemaKind = ${resources.map(({ kind }) => JSON.stringify(kind)).join(" | ")};`,
    "",
    "export const SCHEMAS: Readonly<Record<SchemaKind, Schema>> = {",
    ...kinds,
    "};",
    "",
  ].join("\n");
}

function forOperator(schema: Schema): Schema {
  const { description: _, anyOf: __, "x-kubernetes-int-or-string": size, ...rest } = schema;
  const { properties, items, additionalProperties } = schema;
  return {
    ...rest,
    // ajv wants both types named where Kubernetes has an extension for it.
    ...(size === true && { type: ["integer", "string"] as const }),
    ...(properties !== undefined && {
      properties: mapValues(properties, forOperator),
      additionalProperties: false as const,
    }),
    ...(items !== undefined && { items: forOperator(items) }),
    ...(additionalProperties && { additionalProperties: forOperator(additionalProperties) }),
  };
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
