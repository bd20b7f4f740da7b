// What is done beside the step that decides, while bytes flow: agents for BEs that moved, and a bandwidth
// that was changed. Neither is waited for.
import { ANNOTATIONS } from "../../api/group.ts";
import type { Action, Seen, Verdict } from "./model.ts";
import { missingAgents } from "./steps/open.ts";

export function alongside(seen: Seen, verdict: Verdict): readonly Action[] {
  const { status } = seen;
  const flows = status.submission?.accepted === true && status.doneTime === undefined;
  if (!flows || status.ending !== undefined || verdict.end !== undefined) return [];
  return [...missingAgents(seen), ...changedBandwidth(seen)];
}

function changedBandwidth(seen: Seen): readonly Action[] {
  const { bandwidth } = seen.settings;
  const wanted = bandwidth === undefined ? null : String(bandwidth);
  const pods = seen.agents.flatMap((a) => a.pods);
  const differs = pods.some((p) => (p.annotations[ANNOTATIONS.bandwidth] ?? null) !== wanted);
  if (!differs) return [];
  return [{ kind: "annotateAgents", annotations: { [ANNOTATIONS.bandwidth]: wanted } }];
}
