// Cuts a status to what the CRD allows, and to what a terminal can bear. An API server refuses a whole status for
// one text that is too long, again and again, and texts come from StarRocks and object stores. Lists keep their
// first items: whoever wants the newest cuts them before.
import { must } from "../assert.ts";
import { printable } from "../errors.ts";
import type { Schema } from "./schema.ts";
import { type SchemaKind, SCHEMAS } from "./schemas.generated.ts";

const CUT = " … (cut)";

/**
 * etcd takes 1.5 MiB of an object, spec included, and refuses for good what is larger: a job whose status cannot be
 * written would stand still and never say why. Bytes of JSON.
 */
const STATUS_BYTES_MAX = 512 * 1024;
/** No message is cut below this. */
const MESSAGE_CHARS_MIN = 256;

/**
 * The same status, or a copy in which every text and list is as long as the schema allows at the most. Messages are
 * for people alone: they are made printable, and shorter when the whole would be too large. All else stays as it is
 * written: it is read again, as names.
 */
export function fitStatus<T extends object>(kind: SchemaKind, status: T): T {
  const schema = must(SCHEMAS[kind].properties?.["status"]);
  let fitted = fit(status, schema, Infinity) as T;
  for (let max = 8192; max >= MESSAGE_CHARS_MIN && isTooLarge(fitted); max /= 2) {
    fitted = fit(fitted, schema, max) as T;
  }
  return fitted;
}

function isTooLarge(status: object): boolean {
  return Buffer.byteLength(JSON.stringify(status)) > STATUS_BYTES_MAX;
}

function fit(value: unknown, schema: Schema | undefined, messageMax: number): unknown {
  if (typeof value === "string") return fitText(value, schema?.maxLength ?? Infinity);
  if (Array.isArray(value)) return fitList(value, schema, messageMax);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value) as [string, unknown][];
  const fitted = fields.map(([name, field]) => {
    const fieldSchema = schema?.properties?.[name];
    const isMessage = name === "message" && typeof field === "string";
    const text = isMessage ? fitText(printable(field), messageMax) : field;
    return [name, fit(text, fieldSchema, messageMax)];
  });
  return fields.every(([, field], i) => field === fitted[i]?.[1])
    ? value
    : (Object.fromEntries(fitted) as unknown);
}

function fitList(
  list: readonly unknown[],
  schema: Schema | undefined,
  messageMax: number,
): readonly unknown[] {
  const fitted = list
    .slice(0, schema?.maxItems)
    .map((item) => fit(item, schema?.items, messageMax));
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
