// The CRDs' own CEL rules (`x-kubernetes-validations`), evaluated here as the API server does at admission:
// the same text, so there is one source. Rules that name `oldSelf` hold for changes alone; below lists there
// is no `oldSelf`. Kubernetes escapes field names that are CEL's own words: `as` is `__as__` in a rule.
import { Environment, type ParseResult } from "@marcbachmann/cel-js";
import { describeError } from "../errors.ts";
import { isQuantity, parseBytes } from "./quantity.ts";
import type { Problem, Schema, ValidationRule } from "./schema.ts";

/** What a value is and was, and where it stands. */
interface Place {
  readonly path: string;
  readonly value: unknown;
  /** Undefined: there was none, or this is no change. */
  readonly before: unknown;
}

/** Every rule that does not hold. The value fits the schema otherwise; defaults are filled in. Never throws. */
export function brokenRules(schema: Schema, place: Place): readonly Problem[] {
  if (place.value === undefined) return [];
  const own = (schema["x-kubernetes-validations"] ?? []).flatMap((rule) =>
    problemOf(rule, schema, place),
  );
  return [...own, ...fieldsBelow(schema, place), ...itemsBelow(schema, place)];
}

function fieldsBelow(schema: Schema, { path, value, before }: Place): readonly Problem[] {
  return Object.entries(schema.properties ?? {}).flatMap(([field, child]) =>
    brokenRules(child, {
      path: path === "" ? field : `${path}.${field}`,
      value: fieldOf(value, field),
      before: fieldOf(before, field),
    }),
  );
}

function itemsBelow({ items }: Schema, { path, value }: Place): readonly Problem[] {
  if (items === undefined || !Array.isArray(value)) return [];
  return value.flatMap((item, index) =>
    brokenRules(items, { path: `${path}[${index}]`, value: item, before: undefined }),
  );
}

function fieldOf(value: unknown, field: string): unknown {
  return (value as Readonly<Record<string, unknown>> | undefined)?.[field];
}

function problemOf(rule: ValidationRule, schema: Schema, place: Place): readonly Problem[] {
  const { path, value, before } = place;
  const isChange = /\boldSelf\b/.test(rule.rule);
  if (isChange && before === undefined) return [];
  const at = rule.fieldPath === undefined ? path : `${path}${rule.fieldPath}`;
  try {
    const self = toCel(value, schema);
    const holds: unknown = compiled(rule.rule)(
      isChange ? { self, oldSelf: toCel(before, schema) } : { self },
    );
    return holds === true ? [] : [{ path: at, message: rule.message }];
  } catch (error) {
    return [{ path: at, message: `${rule.message} (${describeError(error)})` }];
  }
}

class Quantity {
  readonly bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/** Standard CEL, and what we use of Kubernetes' quantity library. */
const environment = new Environment()
  .registerVariable("self", "dyn")
  .registerVariable("oldSelf", "dyn")
  .registerType("Quantity", { ctor: Quantity, fields: {} })
  .registerFunction("isQuantity(string): bool", isQuantity)
  .registerFunction("quantity(string): Quantity", (text: string) => new Quantity(parseBytes(text)))
  .registerFunction("Quantity.compareTo(Quantity): int", (a: Quantity, b: Quantity) =>
    BigInt(Math.sign(a.bytes - b.bytes)),
  );

const programs = new Map<string, ParseResult>();

/** Grows with the rules of the schemas, not with objects. */
function compiled(rule: string): ParseResult {
  const program = programs.get(rule) ?? environment.parse(rule);
  programs.set(rule, program);
  return program;
}

/** CEL's reserved words, which Kubernetes lets be field names. */
const RESERVED = new Set(
  (
    "true false null in as break const continue else for function if import let loop package namespace " +
    "return var void while"
  ).split(" "),
);

/** As the API server hands it to CEL: whole numbers are ints, times are timestamps, reserved names escaped. */
function toCel(value: unknown, schema: Schema | undefined): unknown {
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  if (schema?.format === "date-time") return new Date(value as string);
  if (Array.isArray(value)) return value.map((item) => toCel(item, schema?.items));
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([field, child]) => [
    RESERVED.has(field) ? `__${field}__` : field,
    toCel(child, schema?.properties?.[field] ?? (schema?.additionalProperties || undefined)),
  ]);
  return Object.fromEntries(fields) as unknown;
}
