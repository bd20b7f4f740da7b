// The one place where an error becomes an outcome. A permanent fault of credentials, rights or settings
// ends with exit 42 and names what a person has to change, in the store's own terms; everything else
// ends with exit 1 and is tried again. Damage is no error: seal and verify report it themselves.
import { AssertionError } from "node:assert";
import { TerminalError, TransientError, describeError } from "../../errors.ts";
import type { StorageError, StorageErrorKind } from "../../storage/errors.ts";
import { isStorageError } from "../../storage/errors.ts";
import type { ExitCode, Outcome } from "../outcome.ts";
import { EXIT } from "../outcome.ts";
import { rightFor } from "./rights.ts";

export interface OutcomeContext {
  readonly location: string;
  readonly signal: AbortSignal;
}

/** Characters of a message; the termination message has room for 4096 bytes in all. */
const MESSAGE_CHARS_MAX = 1200;

export function outcomeOf(error: unknown, context: OutcomeContext): Outcome {
  const { exitCode, reason, message } = classify(error, context);
  return { exitCode, reason, message: message.slice(0, MESSAGE_CHARS_MAX) };
}

function classify(error: unknown, context: OutcomeContext): Outcome {
  if (context.signal.aborted) {
    return outcome(EXIT.failed, "Interrupted", "told to stop before it was done; run it again");
  }
  if (error instanceof AssertionError) {
    return outcome(EXIT.internal, "InternalError", `a bug of the agent: ${error.message}`);
  }
  if (error instanceof TerminalError) {
    return outcome(EXIT.misconfigured, error.reason, describeError(error));
  }
  if (error instanceof TransientError) {
    return outcome(EXIT.failed, error.reason, describeError(error));
  }
  return isStorageError(error)
    ? ofStorage(error, context.location)
    : outcome(EXIT.failed, "Failed", describeError(error));
}

type Explain = (error: StorageError, location: string) => string;

/** The kinds that heal only by a person's hand. */
const MISCONFIGURED: Partial<Record<StorageErrorKind, readonly [reason: string, Explain]>> = {
  accessDenied: [
    "AccessDenied",
    (error, location) =>
      `${location} denies ${error.detail.operation} of ${error.detail.key}: ` +
      `grant ${rightFor(location, error.detail.operation)}`,
  ],
  wrongCredentials: [
    "WrongCredentials",
    (error, location) =>
      `${location} refuses the credentials: check the key and its secret in credentialsSecret, ` +
      `or the identity of the agent's service account: ${describeError(error)}`,
  ],
  noSuchBucket: [
    "NoSuchBucket",
    (_error, location) =>
      `the bucket of ${location} does not exist: create it, or make another Repository with the right location`,
  ],
  full: [
    "StorageFull",
    (error, location) =>
      `${location} has no room left: make room in the store, or raise its quota: ` +
      describeError(error),
  ],
  wrongConfiguration: [
    "WrongConfiguration",
    (error, location) =>
      `${location} refuses the settings: check endpoint, region and path style: ` +
      describeError(error),
  ],
};

function ofStorage(error: StorageError, location: string): Outcome {
  const known = MISCONFIGURED[error.kind];
  const code = error.detail.code === undefined ? "" : ` (${error.detail.code})`;
  if (known === undefined) {
    const { operation, key } = error.detail;
    const message = `${operation} of ${key} failed${code}: ${describeError(error)}`;
    return outcome(EXIT.failed, error.detail.reason ?? "StorageFailed", message);
  }
  const [reason, explain] = known;
  const words = `${explain(error, location)}${code}`;
  return outcome(EXIT.misconfigured, error.detail.reason ?? reason, words);
}

function outcome(exitCode: ExitCode, reason: string, message: string): Outcome {
  return { exitCode, reason, message };
}
