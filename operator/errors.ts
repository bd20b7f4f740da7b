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
