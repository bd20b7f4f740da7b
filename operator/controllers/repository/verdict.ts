// The few shapes a step's answer has, as verbs.
import { awaitChange, poll } from "../../runtime/result.ts";
import type { Action, Finding, Verdict } from "./model.ts";

/** Do this, then look at the world again. */
export function act(actions: readonly Action[], reason: string, on: string): Verdict {
  return { actions, reason, result: poll(0, on) };
}

/** Nothing to do but wait for a change that a watch will bring. */
export function waitFor(reason: string, on: string): Verdict {
  return { reason, result: awaitChange(on) };
}

/** `stalled`: a person must act. */
export function notReady(
  type: Finding["type"],
  reason: string,
  message: string,
  stalled: boolean,
): Finding {
  return { type, ok: false, reason, message, stalled };
}
