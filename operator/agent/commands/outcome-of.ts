// The one place where an error becomes an outcome. A permanent fault of credentials, rights or settings
// ends with exit 42 and names what a person has to change, in the store's own terms, as its driver says it or
// else storage-advice.ts; everything else ends with exit 1 and is tried again. Damage is no error: seal and verify report it themselves.
import { AssertionError } from "node:assert";
import { TerminalError, TransientError, describeError } from "../../errors.ts";
import type { StorageError, StorageErrorKind, StorageReason } from "../../storage/errors.ts";
import { isStorageError } from "../../storage/errors.ts";
import type { ExitCode, Outcome } from "../outcome.ts";
import { EXIT } from "../outcome.ts";
import { adviceFor } from "./storage-advice.ts";

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

/** The kinds that heal only by a person's hand, and the reason of those whose driver gave none. */
const MISCONFIGURED: Partial<Record<StorageErrorKind, StorageReason>> = {
  accessDenied: "AccessDenied",
  wrongCredentials: "WrongCredentials",
  noSuchBucket: "NoSuchBucket",
  full: "StorageFull",
  wrongConfiguration: "WrongConfiguration",
};

/** What to change first, what the store said last: nobody reads a long line to its end. */
function ofStorage(error: StorageError, location: string): Outcome {
  const { kind, detail } = error;
  const misconfigured = MISCONFIGURED[kind];
  const advice = detail.advice ?? adviceFor(kind, { location, operation: detail.operation });
  const words = wordsOf(error);
  return outcome(
    misconfigured === undefined ? EXIT.failed : EXIT.misconfigured,
    detail.reason ?? misconfigured ?? "StorageFailed",
    advice === undefined ? words : `${advice}: ${words}`,
  );
}

function wordsOf({ what, cause, detail: { code } }: StorageError): string {
  const words = cause === undefined ? what : describeError(new Error(what, { cause }));
  return code === undefined || words.includes(code) ? words : `${words} (${code})`;
}

function outcome(exitCode: ExitCode, reason: string, message: string): Outcome {
  return { exitCode, reason, message };
}
