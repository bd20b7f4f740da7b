// PENDING, with a slot: agents, broker, mount. Each step looks whether its thing is there, makes it, or
// says what it waits for.
import { timestamp } from "../../../api/conditions.ts";
import { EXIT } from "../../../agent/outcome.ts";
import { MOUNT_LOCATION, nameInStorage } from "../../names.ts";
import type { AgentView } from "../../pods.ts";
import { must } from "../../../assert.ts";
import { attemptOf, frontendSeen, labelOf, mountOf, mySlot, sinceMs } from "../look.ts";
import { placeOf, untilPodsGo } from "../lost.ts";
import type { Action, Seen, Verdict } from "../model.ts";
import { act, end, lookAgain } from "../verdict.ts";

/** How long agents may take to serve, and StarRocks to reach them, before the attempt is given up. */
export const START_MAX_MS = 10 * 60_000;
/** A node that takes no agent is done without after this long, when others serve. */
const LATE_NODE_MS = 60_000;
const BROKER_POLL_MS = 1_000;

export function slotIsLent(seen: Seen): Verdict | undefined {
  const slot = mySlot(seen);
  if (slot !== undefined) return slotIsRecorded(seen);
  const free = seen.slots.find((s) => s.lentTo === undefined && !s.busy);
  if (free === undefined) {
    const pods = seen.slots.filter((s) => s.lentTo === undefined).flatMap((s) => s.pods);
    const what = "the pods of the last job in a slot to go";
    return untilPodsGo(seen, "WaitingForSlot", what, pods);
  }
  return act([{ kind: "lendSlot", slot: free, attempt: attemptOf(seen) }], "Starting", "the slot");
}

function slotIsRecorded(seen: Seen): Verdict | undefined {
  const slot = must(mySlot(seen));
  if (seen.status.slot?.index === slot.index && seen.status.slot.attempt === attemptOf(seen)) {
    return undefined;
  }
  const now = timestamp(seen.nowMs);
  const repository = must(seen.repository);
  return act([], "Starting", "the agents", {
    slot: { name: slot.service, index: slot.index, attempt: attemptOf(seen) },
    attempt: attemptOf(seen),
    attemptStartTime: now,
    queue: undefined,
    retryAfter: undefined,
    repositoryUID: must(repository.metadata.uid),
    location: repository.spec.location,
    ...(seen.job.kind === "Backup"
      ? { snapshot: { name: labelOf(seen) }, repositoryName: nameInStorage(repository) }
      : {}),
  });
}

/** Agents that are missing on nodes with a BE; also for BEs that moved while the job runs. */
export function missingAgents(seen: Seen): readonly Action[] {
  const slot = mySlot(seen);
  if (slot === undefined || seen.vanishing) return [];
  const wanted = seen.nodes.nodes.length > 0 ? seen.nodes.nodes : [undefined];
  return wanted
    .filter((node) => !seen.agents.some((a) => a.node === node))
    .map((node) => ({ kind: "createAgent", node, slot: slot.index }));
}

export function agentsArePlaced(seen: Seen): Verdict | undefined {
  const actions = missingAgents(seen);
  return actions.length === 0 ? undefined : act(actions, "StartingAgents", "the agents");
}

/** As of this look: BEs move, and become known, while a job runs. */
export function placementWarnings(seen: Seen): readonly string[] | undefined {
  const { unplaced, nodes } = seen.nodes;
  // Where nobody was asked, what was told last stays.
  if (frontendSeen(seen) === undefined) return seen.status.warnings;
  if (unplaced.length === 0 || mySlot(seen) === undefined) return undefined;
  const hosts = unplaced.slice(0, 5).join(", ");
  const agents =
    nodes.length > 0
      ? "their traffic goes to an agent on another BE's node"
      : "one agent on any node serves all";
  return [`no Kubernetes node is known for BEs ${hosts}: ${agents}; ${advice(seen)}`];
}

function advice(seen: Seen): string {
  const { type = "ClusterIP" } = seen.repository?.spec.agent.service ?? {};
  return type === "ClusterIP"
    ? "if they are outside of this Kubernetes they reach it only with agent.service.type: NodePort or LoadBalancer in the Repository"
    : "what they send and get is not encrypted: keep it within a network that you trust";
}

export function agentsServe(seen: Seen): Verdict | undefined {
  const failed = seen.agents.find((a) => a.state === "failed");
  if (failed !== undefined) return agentFailed(failed);
  const waiting = seen.agents.filter((a) => !serves(a));
  if (waiting.length === 0 && seen.agents.length > 0) return undefined;
  const ageMs = sinceMs(seen, seen.status.attemptStartTime);
  const on = `agents to serve: ${waiting.map(describe).join("; ")}`;
  if (seen.agents.some(serves) && ageMs > LATE_NODE_MS) return undefined;
  if (ageMs > START_MAX_MS) return end("RETRY", "AgentsNotReady", `waited 10 minutes for ${on}`);
  return lookAgain("StartingAgents", on, BROKER_POLL_MS * 5);
}

/**
 * Only now does the slot lead to the agents: a BE that asked while its own node's agent was not there yet would
 * keep its connection to another node's, and use both in turn.
 */
export function slotIsOpen(seen: Seen): Verdict | undefined {
  const slot = must(mySlot(seen));
  return slot.open ? undefined : act([{ kind: "openSlot", slot }], "Mounting", "the slot to open");
}

/** What an agent's Job that failed means for the attempt. */
export function agentFailed(agent: AgentView): Verdict {
  const { ended, trouble } = agent;
  if (ended?.exitCode === EXIT.misconfigured) return end("FAILED", ended.reason, ended.message);
  const why = [trouble, ended?.message].filter((t) => t !== undefined).join("; ");
  return end("RETRY", "AgentFailed", `the agent of ${placeOf(agent)} failed: ${why}`);
}

export function brokerIsAlive(seen: Seen): Verdict | undefined {
  const name = must(mountOf(seen));
  const { index: slot, address, service } = must(mySlot(seen));
  if (address === undefined) {
    return brokerIsLate(seen, `Service ${service} to get an address that StarRocks reaches`);
  }
  const rows = must(frontendSeen(seen)).brokers.filter((b) => b.name === name);
  if (rows.length === 0) {
    return act([{ kind: "addBroker", slot, address }], "Mounting", "StarRocks' broker");
  }
  if (rows.some((b) => `${b.host}:${b.port}` !== address)) {
    return act([{ kind: "dropBroker", slot }], "Mounting", "an old address of the slot to go");
  }
  const dead = rows.find((b) => !b.alive);
  if (dead === undefined) return undefined;
  const why = dead.error === "" ? "not tried yet" : dead.error;
  return brokerIsLate(seen, `StarRocks to reach the agents at ${address} (${why})`);
}

function brokerIsLate(seen: Seen, on: string): Verdict {
  if (sinceMs(seen, seen.status.attemptStartTime) <= START_MAX_MS + LATE_NODE_MS) {
    return lookAgain("Mounting", on, BROKER_POLL_MS);
  }
  const mend =
    "look at NetworkPolicies between StarRocks and this namespace, whether its FE resolves the name, and, where StarRocks is outside of this Kubernetes, at the Repository's agent.service";
  return end("RETRY", "BrokerNotAlive", `waited 10 minutes for ${on}: ${mend}`);
}

export function mountIsMade(seen: Seen): Verdict | undefined {
  const name = must(mountOf(seen));
  const slot = must(mySlot(seen)).index;
  const row = must(frontendSeen(seen)).repositories.find((r) => r.name === name);
  if (row === undefined) return act([{ kind: "createMount", slot }], "Mounting", "the mount");
  const { readOnly } = must(seen.repository).spec;
  const fits = row.broker === name && row.location === MOUNT_LOCATION && row.readOnly === readOnly;
  return fits ? undefined : act([{ kind: "dropMount", slot }], "Mounting", "an old mount to go");
}

export function serves(agent: AgentView): boolean {
  return agent.pods.some((p) => p.ready);
}

function describe(agent: AgentView): string {
  return `${placeOf(agent)}${agent.trouble === undefined ? "" : ` (${agent.trouble})`}`;
}
