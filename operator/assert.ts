// Invariants. A failed one is our bug, never a user's mistake: it carries `AssertionError`, which the
// agent turns into a non-zero exit and the operator into reason `InternalError`.
import { AssertionError } from "node:assert";

/** Throws {@link AssertionError} unless `condition` holds. The message may be built lazily. */
export function assert(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) {
    throw new AssertionError({ message: typeof message === "string" ? message : message() });
  }
}

/** The value, which the caller knows to be there; throws {@link AssertionError} when it is not. */
export function must<T>(value: T | null | undefined, what = "value"): T {
  assert(value !== undefined && value !== null, () => `${what} must be there`);
  return value;
}

/** Closes a switch over a closed set: adding a member breaks the build where it is not handled. */
export function assertNever(value: never): never {
  throw new AssertionError({ message: `unexpected ${JSON.stringify(value)}` });
}
