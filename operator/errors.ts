// The errors that say what happens next. Anything else that is thrown counts as transient.
// Reasons are UpperCamelCase and the same in error, condition, event and termination message.

/** Known to heal by itself (a storage that throttles, a leader that moves): try again later. */
export class TransientError extends Error {
  override readonly name = "TransientError" as const;
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Cannot succeed until a person changes a spec, a secret or a right. The message says which. */
export class TerminalError extends Error {
  override readonly name = "TerminalError" as const;
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** One line for a person: the message of an error and of its causes, without stacks. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause === undefined) return error.message;
  const inner = describeError(cause);
  return error.message.includes(inner) ? error.message : `${error.message}: ${inner}`;
}

/**
 * A text that others wrote, as it may stand in a terminal or a table: what would move the cursor, break the line
 * or turn the reading direction is written as JSON does.
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (unit) => SHORT.get(unit) ?? escaped(unit));
}

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
const SHORT: ReadonlyMap<string, string> = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
