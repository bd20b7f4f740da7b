// RFC 6902: add, remove, replace, move, copy, test. A `test` that fails, or a path that is not there, refuses
// the whole patch (422), as the real server does.
import { isFields, sameValue } from "../object.ts";
import { StatusError, badRequest } from "../status.ts";

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("a JSON patch must be an array of operations");
  return patch.map(readOperation).reduce(applyOperation, target);
}

function readOperation(given: unknown): Operation {
  if (!isFields(given) || typeof given["op"] !== "string" || typeof given["path"] !== "string") {
    throw badRequest("an operation of a JSON patch needs op and path");
  }
  return given as unknown as Operation;
}

function applyOperation(target: unknown, operation: Operation): unknown {
  const { op, from = "", value } = operation;
  const path = steps(operation.path);
  switch (op) {
    case "add":
      return insert(target, path, value);
    case "remove":
      return removeAt(target, path);
    case "replace":
      return insert(removeAt(target, path), path, value);
    case "move":
      return insert(removeAt(target, steps(from)), path, read(target, steps(from)));
    case "copy":
      return insert(target, path, read(target, steps(from)));
    case "test":
      if (sameValue(read(target, path), value)) return target;
      throw refused(`testing value ${operation.path} failed`);
    default:
      throw badRequest(`Unexpected kind: ${op}`);
  }
}

function steps(path: string): string[] {
  return path
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function read(target: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((here, step) => child(here, step), target);
}

function child(here: unknown, step: string): unknown {
  const found = Array.isArray(here)
    ? (here as unknown[])[Number(step)]
    : isFields(here) && Object.hasOwn(here, step)
      ? here[step]
      : undefined;
  if (found === undefined) throw refused(`nonexistent path: ${step}`);
  return found;
}

function insert(target: unknown, path: readonly string[], value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (rest.length > 0) return put(target, step, insert(child(target, step), rest, value));
  if (!Array.isArray(target)) return put(target, step, value);
  const index = step === "-" ? target.length : Number(step);
  if (!Number.isInteger(index) || index < 0 || index > target.length) {
    throw refused(`Unable to access invalid index: ${step}`);
  }
  return (target as unknown[]).toSpliced(index, 0, value);
}

function removeAt(target: unknown, path: readonly string[]): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return null;
  const inner = child(target, step);
  if (rest.length > 0) return put(target, step, removeAt(inner, rest));
  if (Array.isArray(target)) return (target as unknown[]).toSpliced(Number(step), 1);
  return Object.fromEntries(Object.entries(target as object).filter(([key]) => key !== step));
}

function put(target: unknown, step: string, value: unknown): unknown {
  if (Array.isArray(target)) return (target as unknown[]).with(Number(step), value);
  if (isFields(target)) return { ...target, [step]: value };
  throw refused(`no such place: ${step}`);
}

function refused(why: string): StatusError {
  const message = `the server rejected our request due to an error in our request: ${why}`;
  return new StatusError(422, "Invalid", message);
}
