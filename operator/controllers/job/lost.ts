// What is gone or cut off while a job waits for it, in words. StarRocks itself waits for a dead BE in silence, and
// Kubernetes for the pods of a dead node: nobody else says it. Pure.
import type { AgentView } from "../pods.ts";
import { frontendSeen, mySlot } from "./look.ts";
import type { Seen, SlotView } from "./model.ts";

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

/** What is waited for until nobody of the attempt can write any more. */
export function podsToGo(seen: Seen, what: string): string {
  return withPods(what, mySlot(seen)?.pods ?? []);
}

/** `what` with the pods that are waited for, and what a person can do when their node never comes back. */
export function withPods(what: string, pods: SlotView["pods"]): string {
  if (pods.length === 0) return what;
  const text = `${what}: ${some(pods.map((p) => p.where)).join(", ")}`;
  return pods.some((p) => p.isLost)
    ? `${text}; only their node can say that they ended: if it will not come back, delete the Node`
    : text;
}

function some(texts: readonly string[]): readonly string[] {
  const more = texts.length - TOLD_MAX;
  return more > 0 ? [...texts.slice(0, TOLD_MAX), `${more} more`] : texts;
}
