// Cuts a status to what the CRD allows, and to what a terminal can bear. An API server refuses a whole status for
// one text that is too long, again and again, and texts come from StarRocks and object stores. Lists keep their
// first items: whoever wants the newest cuts them before.
import { must } from "../assert.ts";
import { printable } from "../errors.ts";
import type { Schema } from "./schema.ts";
import { type SchemaKind, SCHEMAS } from "./schemas.generated.ts";

const CUT = " … (cut)";

/** The same status, or a copy in which every text and list is as long as the schema allows at the most. */
export function fitStatus<T extends object>(kind: SchemaKind, status: T): T {
  return fit(status, must(SCHEMAS[kind].properties?.["status"])) as T;
}

function fit(value: unknown, schema: Schema | undefined): unknown {
  if (typeof value === "string") return fitText(printable(value), schema?.maxLength ?? Infinity);
  if (Array.isArray(value)) return fitList(value, schema);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value) as [string, unknown][];
  const fitted = fields.map(([name, field]) => [name, fit(field, schema?.properties?.[name])]);
  return fields.every(([, field], i) => field === fitted[i]?.[1])
    ? value
    : (Object.fromEntries(fitted) as unknown);
}

function fitList(list: readonly unknown[], schema: Schema | undefined): readonly unknown[] {
  const fitted = list.slice(0, schema?.maxItems).map((item) => fit(item, schema?.items));
  const isSame = fitted.length === list.length && fitted.every((item, i) => item === list[i]);
  return isSame ? list : fitted;
}

/** Kubernetes counts characters, not UTF-16 units. */
function fitText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const characters = Array.from(text);
  if (characters.length <= maxLength) return text;
  if (maxLength <= CUT.length) return characters.slice(0, maxLength).join("");
  return characters.slice(0, maxLength - CUT.length).join("") + CUT;
}
