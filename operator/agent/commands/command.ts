// What every one-shot command of the agent gets, and how it ends. A command reads and writes storage
// alone; it reports through log lines with fixed field names and through its Outcome, which becomes the
// exit code and the termination message. It never throws: see outcome-of.ts.
import type { RepositoryLayout } from "../../broker/layout.ts";
import type { Clock } from "../../clock.ts";
import { TerminalError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Outcome } from "../outcome.ts";
import { EXIT } from "../outcome.ts";
import { outcomeOf } from "./outcome-of.ts";

export interface CommandDeps {
  readonly storage: Storage;
  readonly layout: RepositoryLayout;
  readonly log: Log;
  readonly clock: Clock;
  /** Aborted when the pod is told to stop. Every command can be started again. */
  readonly signal: AbortSignal;
}

/** Runs a command's work; whatever it throws becomes an outcome. */
export async function runCommand(
  deps: CommandDeps,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    return outcomeOf(error, { location: deps.storage.location, signal: deps.signal });
  }
}

export function succeeded(reason: string, message: string, detail: Outcome["detail"]): Outcome {
  return { exitCode: EXIT.ok, reason, message, detail: detail ?? {} };
}

export function refused(message: string, detail: Outcome["detail"]): Outcome {
  return { exitCode: EXIT.refused, reason: "NotOurs", message, detail: detail ?? {} };
}

/**
 * A label or an attempt, when it can be one folder's name: anything else would reach outside of its
 * snapshot, and no StarRocks makes it.
 */
export function requireName(name: string): string {
  if (name === "" || name.includes("/") || name.startsWith(".")) {
    const message = `${JSON.stringify(name)} cannot be the name of a snapshot or an attempt`;
    throw new TerminalError("WrongConfiguration", message);
  }
  return name;
}
