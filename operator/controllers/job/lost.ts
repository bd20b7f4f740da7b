// What is gone or cut off while a job waits for it, in words. StarRocks itself waits for a dead BE in silence, and
// Kubernetes for the pods of a dead node: nobody else says it. Pure.
import type { AgentView } from "../pods.ts";
import { frontendSeen, sinceMs } from "./look.ts";
import type { Seen, SlotView, Verdict } from "./model.ts";
import { lookAgain, SLOW_POLL_MS, waitFor } from "./verdict.ts";

const TOLD_MAX = 3;

/** BEs that StarRocks calls dead, and agents that do not serve with Kubernetes' reason for it. */
export function whatIsLost(seen: Seen): readonly string[] {
  const backends = frontendSeen(seen)?.facts.backends ?? [];
  const dead = backends.filter((b) => !b.alive).map((b) => `BE ${b.host} is not alive`);
  const agents = seen.agents
    .filter((a) => a.trouble !== undefined && !a.pods.some((p) => p.ready))
    .map((a) => `agent of ${placeOf(a)}: ${a.trouble}`);
  return [...some(dead), ...some(agents)];
}

export function placeOf(agent: AgentView): string {
  return agent.node === undefined ? "any node" : `node ${agent.node}`;
}

/** Longer than any grace of ours: a pod that is not gone then has nobody who could say that it ended. */
const STUCK_MS = 60_000;

/**
 * Waits until nobody of an attempt can write any more; `what` is followed by the pods that are still there, and by
 * what a person can do when their node never comes back. Looked at again, because nobody tells us that time passed.
 */
export function untilPodsGo(seen: Seen, reason: string, what: string, pods: LeftPods): Verdict {
  if (pods.length === 0) return waitFor(reason, what);
  const text = `${what}: ${some(pods.map((p) => p.where)).join(", ")}`;
  const stuck = pods.some((p) => p.disrupted || sinceMs(seen, p.deletionTime) > STUCK_MS);
  return lookAgain(reason, stuck ? `${text}; ${MEND}` : text, SLOW_POLL_MS);
}

const MEND = "only their node can say that they ended: if it will not come back, delete the Node";

type LeftPods = SlotView["pods"];

function some(texts: readonly string[]): readonly string[] {
  const more = texts.length - TOLD_MAX;
  return more > 0 ? [...texts.slice(0, TOLD_MAX), `${more} more`] : texts;
}
