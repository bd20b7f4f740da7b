// One thing that is wrong with one field, and the Invalid answer made of several, in the words of
// k8s.io/apimachinery's field.Error: `spec.database: Required value`.
import { sameValue } from "./object.ts";
import type { Cause, ResourceName } from "./status.ts";
import { StatusError } from "./status.ts";

export interface FieldError {
  readonly path: string;
  /** metav1.CauseType: `FieldValueInvalid`, `FieldValueRequired`, … */
  readonly reason: string;
  /** Without the path: `Required value`. */
  readonly message: string;
}

export function required(path: string, hint = ""): FieldError {
  const message = hint === "" ? "Required value" : `Required value: ${hint}`;
  return { path, reason: "FieldValueRequired", message };
}

export function invalid(path: string, value: unknown, why: string): FieldError {
  return { path, reason: "FieldValueInvalid", message: `Invalid value: ${shown(value)}: ${why}` };
}

export function typeInvalid(path: string, found: string, why: string): FieldError {
  const message = `Invalid value: ${shown(found)}: ${why}`;
  return { path, reason: "FieldValueTypeInvalid", message };
}

export function unsupported(path: string, value: unknown, known: readonly unknown[]): FieldError {
  const list = known.map(shown).join(", ");
  const message = `Unsupported value: ${shown(value)}: supported values: ${list}`;
  return { path, reason: "FieldValueNotSupported", message };
}

export function duplicate(path: string, value: unknown): FieldError {
  return { path, reason: "FieldValueDuplicate", message: `Duplicate value: ${shown(value)}` };
}

export function tooLong(path: string, limit: number): FieldError {
  const message = `Too long: may not be more than ${limit} bytes`;
  return { path, reason: "FieldValueTooLong", message };
}

export function tooMany(path: string, count: number, limit: number): FieldError {
  const message = `Too many: ${count}: must have at most ${limit} items`;
  return { path, reason: "FieldValueTooMany", message };
}

export function fieldForbidden(path: string, why: string): FieldError {
  return { path, reason: "FieldValueForbidden", message: `Forbidden: ${why}` };
}

/** The 422 of all of them: `Backup.backup.starrocks.io "b" is invalid: spec.database: Required value`. */
export function invalidObject(
  resource: ResourceName,
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const lines = errors.map(({ path, message }) => `${path}: ${message}`);
  const what = lines.length === 1 ? lines.join("") : `[${lines.join(", ")}]`;
  const kind = resource.group === "" ? resource.kind : `${resource.kind}.${resource.group}`;
  const causes: Cause[] = errors.map(({ path, reason, message }) => ({
    reason,
    message,
    field: path,
  }));
  const group = resource.group === "" ? {} : { group: resource.group };
  const details = { name, ...group, kind: resource.kind, causes };
  return new StatusError(422, "Invalid", `${kind} "${name}" is invalid: ${what}`, details);
}

function shown(value: unknown): string {
  return value === undefined ? "null" : JSON.stringify(value);
}

/** `field is immutable`, when there was another value before. */
export function sameValueError(path: string, value: unknown, old: unknown): FieldError[] {
  if (old === undefined || sameValue(value, old)) return [];
  return [invalid(path, value, "field is immutable")];
}
