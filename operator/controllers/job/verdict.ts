// The few shapes a step's answer has, as verbs.
import { awaitChange, poll } from "../../runtime/result.ts";
import type { Action, StatusPatch, Verdict } from "./model.ts";
import type { Outcome } from "./status.ts";

/** Looked at again soon when nobody will tell us: StarRocks ticks every 3 s. */
export const POLL_MS = 2_000;
/** Things that change rarely and that nobody tells us about. */
export const SLOW_POLL_MS = 15_000;

/** Nothing to do but wait for a change that a watch will bring. */
export function waitFor(reason: string, on: string, status?: StatusPatch): Verdict {
  return { reason, result: awaitChange(on), ...(status === undefined ? {} : { status }) };
}

/** Nothing to do but look again. */
export function lookAgain(reason: string, on: string, afterMs = POLL_MS): Verdict {
  return { reason, result: poll(afterMs, on) };
}

/** Do this, then look at the world again. */
export function act(
  actions: readonly Action[],
  reason: string,
  on: string,
  status?: StatusPatch,
): Verdict {
  const result = poll(0, on);
  return { actions, reason, result, ...(status === undefined ? {} : { status }) };
}

/** The attempt is over, and is cleaned up. RETRY where another one may succeed: after the last one it is FAILED. */
export function end(outcome: Outcome, reason: string, message: string): Verdict {
  return { end: { outcome, reason, message }, reason, result: poll(0, "the clean-up to begin") };
}
