// The last word of an agent: a small JSON that Kubernetes keeps in the pod's status. The operator reads
// the end of a command there and from the exit code; it needs no log for it.
import { writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { describeError } from "../errors.ts";
import { redactValue, type Log } from "../log.ts";
import type { Outcome } from "./outcome.ts";

/** Kubernetes cuts a container's termination message there. Bytes. */
const MESSAGE_BYTES_MAX = 4096;

/** The outcome as JSON that fits; what does not fit loses its detail first, then the end of its message. */
export function terminationMessage(outcome: Outcome): string {
  const { exitCode, reason, message, detail } = outcome;
  const whole = JSON.stringify({ exitCode, reason, message, detail }, redactValue);
  if (Buffer.byteLength(whole) <= MESSAGE_BYTES_MAX) return whole;
  const bare = JSON.stringify({ exitCode, reason, message }, redactValue);
  if (Buffer.byteLength(bare) <= MESSAGE_BYTES_MAX) return bare;
  return JSON.stringify({ exitCode, reason, message: message.slice(0, 1000) }, redactValue);
}

/** Writes it; a path that cannot be written is logged and changes nothing about the end. */
export async function writeTermination(path: string, outcome: Outcome, log: Log): Promise<void> {
  try {
    await writeFile(path, terminationMessage(outcome));
  } catch (error) {
    log.warn("the termination message cannot be written", { path, error: describeError(error) });
  }
}

/** The same at once, for a process that has no later; a path that cannot be written is passed over. */
export function writeTerminationNow(path: string, outcome: Outcome): void {
  try {
    writeFileSync(path, terminationMessage(outcome));
  } catch {
    // Nobody is left to tell.
  }
}
