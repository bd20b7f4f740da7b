// A structural OpenAPI v3 schema against a value, with the errors worded as kube-apiserver words them.
// x-kubernetes-validations (CEL) are not looked at here: the server has a hook for those.
import type { FieldError } from "../field-error.ts";
import {
  duplicate,
  invalid,
  required,
  tooLong,
  tooMany,
  typeInvalid,
  unsupported,
} from "../field-error.ts";
import type { Fields } from "../object.ts";
import { at, fieldsAt, isFields, listAt, numberAt, sameValue, textAt } from "../object.ts";
import { fitsInteger, hasFormat } from "./formats.ts";

export function validateSchema(schema: Fields, value: unknown, path: string): FieldError[] {
  if (value === null && schema["nullable"] === true) return [];
  const type = checkType(schema, value, path);
  // Beyond a wrong type everything else would be noise.
  if (type.length > 0) return type;
  return [
    ...checkEnum(schema, value, path),
    ...checkLogic(schema, value, path),
    ...(typeof value === "string" ? checkString(schema, value, path) : []),
    ...(typeof value === "number" ? checkNumber(schema, value, path) : []),
    ...(Array.isArray(value) ? checkList(schema, value, path) : []),
    ...(isFields(value) ? checkFields(schema, value, path) : []),
  ];
}

function checkType(schema: Fields, value: unknown, path: string): FieldError[] {
  const found = typeOf(value);
  if (schema["x-kubernetes-int-or-string"] === true) {
    if (found === "integer" || found === "string") return [];
    return [typeInvalid(path, found, `${shownPath(path)} must be of type integer or string`)];
  }
  const wanted = textAt(schema, "type");
  if (wanted === undefined || wanted === found) return [];
  if (wanted === "number" && found === "integer") return [];
  const why = `${shownPath(path)} in body must be of type ${wanted}: "${found}"`;
  return [typeInvalid(path, found, why)];
}

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function checkEnum(schema: Fields, value: unknown, path: string): FieldError[] {
  const known = at(schema, "enum");
  if (!Array.isArray(known) || known.some((one) => sameValue(one, value))) return [];
  return [unsupported(path, value, known)];
}

function checkString(schema: Fields, value: string, path: string): FieldError[] {
  const body = `${shownPath(path)} in body`;
  // Code points, as the real one counts.
  const { length } = Array.from(value);
  const min = numberAt(schema, "minLength") ?? 0;
  const max = numberAt(schema, "maxLength") ?? Infinity;
  const pattern = textAt(schema, "pattern");
  const format = textAt(schema, "format");
  return [
    ...(length < min ? [invalid(path, value, `${body} should be at least ${min} chars long`)] : []),
    ...(length > max ? [tooLong(path, max)] : []),
    ...(pattern !== undefined && !new RegExp(pattern, "u").test(value)
      ? [invalid(path, value, `${body} should match '${pattern}'`)]
      : []),
    ...(format !== undefined && !hasFormat(format, value)
      ? [invalid(path, value, `${body} must be of type ${format}: ${JSON.stringify(value)}`)]
      : []),
  ];
}

function checkNumber(schema: Fields, value: number, path: string): FieldError[] {
  const body = `${shownPath(path)} in body`;
  const integer = schema["type"] === "integer" || schema["x-kubernetes-int-or-string"] === true;
  const format = textAt(schema, "format") ?? "int64";
  const factor = numberAt(schema, "multipleOf");
  return [
    ...checkBounds(schema, value, path),
    ...(integer && !fitsInteger(format, value)
      ? [invalid(path, value, `${body} must be of type ${format}: "${value}"`)]
      : []),
    ...(factor !== undefined && value % factor !== 0
      ? [invalid(path, value, `${body} should be a multiple of ${factor}`)]
      : []),
  ];
}

function checkBounds(schema: Fields, value: number, path: string): FieldError[] {
  const body = `${shownPath(path)} in body`;
  const min = numberAt(schema, "minimum");
  const max = numberAt(schema, "maximum");
  const above = schema["exclusiveMinimum"] === true;
  const below = schema["exclusiveMaximum"] === true;
  const errors: FieldError[] = [];
  if (min !== undefined && (above ? value <= min : value < min)) {
    const than = above ? "greater than" : "greater than or equal to";
    errors.push(invalid(path, value, `${body} should be ${than} ${min}`));
  }
  if (max !== undefined && (below ? value >= max : value > max)) {
    const than = below ? "less than" : "less than or equal to";
    errors.push(invalid(path, value, `${body} should be ${than} ${max}`));
  }
  return errors;
}

function checkList(schema: Fields, value: readonly unknown[], path: string): FieldError[] {
  const min = numberAt(schema, "minItems") ?? 0;
  const max = numberAt(schema, "maxItems") ?? Infinity;
  const why = `${shownPath(path)} in body should have at least ${min} items`;
  const items = fieldsAt(schema, "items");
  return [
    ...(value.length < min ? [invalid(path, value.length, why)] : []),
    ...(value.length > max ? [tooMany(path, value.length, max)] : []),
    ...value.flatMap((item, i) => validateSchema(items, item, `${path}[${i}]`)),
    ...checkUnique(schema, value, path),
  ];
}

function checkUnique(schema: Fields, value: readonly unknown[], path: string): FieldError[] {
  const type = textAt(schema, "x-kubernetes-list-type");
  if (type !== "set" && type !== "map") return [];
  const keys = listAt(schema, "x-kubernetes-list-map-keys").map(String);
  const identity = (item: unknown): unknown =>
    type === "set" ? item : Object.fromEntries(keys.map((key) => [key, at(item, key)]));
  // As text: comparing each with each takes minutes for a list that is refused for its length anyway.
  const seen = new Set<string>();
  return value.flatMap((item, i) => {
    const mine = identity(item);
    const known = seen.size;
    seen.add(JSON.stringify(mine));
    return seen.size > known ? [] : [duplicate(`${path}[${i}]`, mine)];
  });
}

function checkFields(schema: Fields, value: Fields, path: string): FieldError[] {
  const properties = fieldsAt(schema, "properties");
  const additional = at(schema, "additionalProperties");
  const count = Object.keys(value).length;
  const min = numberAt(schema, "minProperties") ?? 0;
  const max = numberAt(schema, "maxProperties") ?? Infinity;
  const why = `${shownPath(path)} in body should have at least ${min} properties`;
  const missing = listAt(schema, "required").map(String);
  return [
    ...missing.filter((key) => !(key in value)).map((key) => required(childPath(path, key))),
    ...(count < min ? [invalid(path, count, why)] : []),
    ...(count > max ? [tooMany(path, count, max)] : []),
    ...Object.entries(value).flatMap(([key, child]) => {
      const known = Object.hasOwn(properties, key) ? properties[key] : additional;
      return isFields(known) ? validateSchema(known, child, childPath(path, key)) : [];
    }),
  ];
}

function checkLogic(schema: Fields, value: unknown, path: string): FieldError[] {
  const holds = (part: unknown): boolean =>
    isFields(part) && validateSchema(part, value, path).length === 0;
  const where = path === "" ? '""' : `"${path}"`;
  const wrong = (why: string): FieldError[] => [invalid(path, value, `${where} ${why}`)];
  const any = listAt(schema, "anyOf");
  const one = listAt(schema, "oneOf");
  const matched = one.filter(holds).length;
  const found = matched === 0 ? "none valid" : `${matched} valid alternatives`;
  return [
    ...listAt(schema, "allOf").flatMap((part) => validateSchema(part as Fields, value, path)),
    ...(any.length > 0 && !any.some(holds)
      ? wrong("must validate at least one schema (anyOf)")
      : []),
    ...(one.length > 0 && matched !== 1
      ? wrong(`must validate one and only one schema (oneOf). Found ${found}`)
      : []),
    ...(isFields(schema["not"]) && holds(schema["not"])
      ? wrong("must not validate the schema (not)")
      : []),
  ];
}

function childPath(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function shownPath(path: string): string {
  return path === "" ? "<root>" : path;
}
