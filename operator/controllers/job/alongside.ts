// What is done beside the step that decides, while bytes flow: agents for BEs that moved, a bandwidth that was
// changed, and a slot whose Service was deleted by hand. None is waited for.
import { ANNOTATIONS } from "../../api/group.ts";
import { attemptOf, frontendSeen, mySlot } from "./look.ts";
import type { Action, Seen, Verdict } from "./model.ts";
import { isFinal } from "./status.ts";
import { missingAgents } from "./steps/open.ts";

export function alongside(seen: Seen, verdict: Verdict): readonly Action[] {
  if (!flows(seen) || verdict.end !== undefined) return [];
  // Where the BEs are is known only while StarRocks answers.
  const moved = frontendSeen(seen) === undefined ? [] : missingAgents(seen);
  return [...moved, ...changedBandwidth(seen), ...lostSlot(seen)];
}

/** A job that is over may look as if it had its slot yet: the slot's news come by another watch than its own. */
function flows({ status }: Seen): boolean {
  const isTaken = status.submission?.accepted === true && status.doneTime === undefined;
  return isTaken && status.ending === undefined && !isFinal(status.phase);
}

/**
 * The Repository makes a deleted Service anew, under the name that StarRocks has in its tasks: lent to nobody and
 * leading nowhere. It is this attempt's, whose agents still run.
 */
function lostSlot(seen: Seen): readonly Action[] {
  const mine = mySlot(seen);
  if (mine !== undefined) return mine.open ? [] : [{ kind: "openSlot", slot: mine }];
  const recorded = seen.status.slot;
  if (recorded === undefined || recorded.attempt !== attemptOf(seen)) return [];
  const again = seen.slots.find((s) => s.index === recorded.index && s.lentTo === undefined);
  return again === undefined ? [] : [{ kind: "lendSlot", slot: again, attempt: recorded.attempt }];
}

function changedBandwidth(seen: Seen): readonly Action[] {
  const { bandwidth } = seen.settings;
  const wanted = bandwidth === undefined ? null : String(bandwidth);
  const pods = seen.agents.flatMap((a) => a.pods);
  const differs = pods.some((p) => (p.annotations[ANNOTATIONS.bandwidth] ?? null) !== wanted);
  if (!differs) return [];
  return [{ kind: "annotateAgents", annotations: { [ANNOTATIONS.bandwidth]: wanted } }];
}
