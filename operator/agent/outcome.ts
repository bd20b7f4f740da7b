// How an agent command ends: an exit code that the Job's pod failure policy and the operator read,
// and a sentence for a person. The same goes into the termination message.

/** Exit codes of every agent command. Part of the contract with the operator; documented in docs/agent.md. */
export const EXIT = {
  /** Done; for `serve`: drained, every answered call is durable. */
  ok: 0,
  /** Failed in a way that may heal: try again. */
  failed: 1,
  /** Wrong configuration, credentials or rights: nothing heals until a person changes something. */
  misconfigured: 42,
  /** `seal` or `verify`: the snapshot is not whole. */
  damaged: 43,
  /** `prune`: the snapshot is not this Backup's; nothing was deleted. */
  refused: 44,
  /** Our own bug, or the watchdog ended a process that stood still. */
  internal: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface Outcome {
  readonly exitCode: ExitCode;
  /** UpperCamelCase, fit for a condition. */
  readonly reason: string;
  /** What happened and, on failure, what a person can do. Lower case, no full stop, no secret. */
  readonly message: string;
  /** Numbers and names for the operator: plain JSON, a few hundred bytes at the most. */
  readonly detail?: Readonly<Record<string, unknown>>;
}
