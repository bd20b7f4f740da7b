// Unknown fields of custom resources: cut away, and named, so that the server can warn or refuse. Structural
// schemas make this decidable: what no `properties` or `additionalProperties` describes is unknown, unless
// `x-kubernetes-preserve-unknown-fields` says otherwise.
import type { Fields } from "../object.ts";
import { fieldsAt, isFields } from "../object.ts";

export interface Pruned {
  readonly value: unknown;
  /** `spec.tables[0].nam`, in the order met. */
  readonly unknown: readonly string[];
}

const ROOT = new Set(["apiVersion", "kind", "metadata"]);

/** Of a whole object: its apiVersion, kind and metadata are the server's and always known. */
export function pruneObject(schema: Fields, object: Fields): { object: Fields; unknown: string[] } {
  const unknown: string[] = [];
  const own = Object.entries(object).filter(([key]) => ROOT.has(key));
  const rest = Object.fromEntries(Object.entries(object).filter(([key]) => !ROOT.has(key)));
  const pruned = pruneFields(schema, rest, "", unknown);
  return { object: { ...Object.fromEntries(own), ...pruned }, unknown };
}

function prune(schema: Fields, value: unknown, path: string, unknown: string[]): unknown {
  if (Array.isArray(value)) {
    const items = fieldsAt(schema, "items");
    return value.map((item, i) => prune(items, item, `${path}[${i}]`, unknown));
  }
  return isFields(value) ? pruneFields(schema, value, path, unknown) : value;
}

function pruneFields(schema: Fields, value: Fields, path: string, unknown: string[]): Fields {
  const kept: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    const where = path === "" ? key : `${path}.${key}`;
    const known = schemaOf(schema, key);
    if (known !== undefined) kept[key] = prune(known, child, where, unknown);
    else if (schema["x-kubernetes-preserve-unknown-fields"] === true) kept[key] = child;
    else unknown.push(where);
  }
  return kept;
}

const ANYTHING: Fields = { "x-kubernetes-preserve-unknown-fields": true };
const RESOURCE = ["apiVersion", "kind", "metadata"];

function schemaOf(schema: Fields, key: string): Fields | undefined {
  const properties = fieldsAt(schema, "properties");
  if (Object.hasOwn(properties, key)) return fieldsAt(properties, key);
  if (schema["x-kubernetes-embedded-resource"] === true && RESOURCE.includes(key)) return ANYTHING;
  const additional = schema["additionalProperties"];
  if (isFields(additional)) return additional;
  return additional === true ? ANYTHING : undefined;
}
