// The status of a pod from what its containers do: phase and conditions, by the kubelet's rules
// (k8s.io/kubernetes/pkg/kubelet, getPhase and status/generate.go, 1.37).
import type { Condition, ContainerStatus, Pod, PodPhase, PodStatus } from "../core.ts";
import type { PodPlace } from "./downward.ts";

/** What the node found about the whole pod: it ends as Failed, whatever its containers did. */
export interface Verdict {
  readonly reason: string;
  readonly message: string;
}

export interface Seen {
  readonly pod: Pod;
  readonly place: PodPlace;
  readonly startTime: string;
  readonly init: readonly ContainerStatus[];
  readonly containers: readonly ContainerStatus[];
  /** No container will start again. */
  readonly over: boolean;
  readonly verdict: Verdict | undefined;
  readonly now: string;
}

/** Conditions that others own, as the scheduler's, stay as they are. */
export function podStatus(seen: Seen): PodStatus {
  const phase = phaseOf(seen);
  return {
    phase,
    reason: seen.verdict?.reason ?? null,
    message: seen.verdict?.message ?? null,
    conditions: conditionsOf(seen, phase),
    containerStatuses: seen.containers,
    ...(seen.init.length === 0 ? {} : { initContainerStatuses: seen.init }),
    podIP: seen.place.podIP,
    podIPs: [{ ip: seen.place.podIP }],
    hostIP: seen.place.hostIP,
    hostIPs: [{ ip: seen.place.hostIP }],
    startTime: seen.startTime,
  };
}

export function isTerminal(phase: PodPhase | undefined): boolean {
  return phase === "Succeeded" || phase === "Failed";
}

function phaseOf({ pod, init, containers, over, verdict }: Seen): PodPhase {
  if (over) {
    const all = [...init, ...containers];
    return verdict === undefined && all.every(hasSucceeded) ? "Succeeded" : "Failed";
  }
  const initialized = (pod.spec.initContainers ?? []).length === 0 || init.every(hasSucceeded);
  return initialized && containers.every(hasBegun) ? "Running" : "Pending";
}

/** Also one that is in a back-off after a life. */
function hasBegun(status: ContainerStatus): boolean {
  return !("waiting" in status.state) || status.lastState.terminated !== undefined;
}

function hasSucceeded({ state }: ContainerStatus): boolean {
  return "terminated" in state && state.terminated.exitCode === 0;
}

const OWN = new Set(["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"]);

function conditionsOf(seen: Seen, phase: PodPhase): readonly Condition[] {
  const { pod, init, containers, now } = seen;
  const before = pod.status?.conditions ?? [];
  const initialized = init.every(hasSucceeded);
  const ready = readiness(containers, phase);
  const own = [
    { type: "PodReadyToStartContainers", ...verdictOf(!isTerminal(phase), "PodCompleted") },
    { type: "Initialized", ...verdictOf(initialized, "ContainersNotInitialized") },
    { type: "Ready", ...ready },
    { type: "ContainersReady", ...ready },
  ];
  return [
    ...own.map((condition) => withTime(condition, before, now)),
    ...before.filter((condition) => !OWN.has(condition.type)),
  ];
}

type Finding = Pick<Condition, "status" | "reason" | "message">;

function verdictOf(holds: boolean, reason: string): Finding {
  return holds ? { status: "True" } : { status: "False", reason };
}

function readiness(containers: readonly ContainerStatus[], phase: PodPhase): Finding {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const unready = containers.filter((c) => !c.ready).map((c) => c.name);
  if (unready.length === 0) return { status: "True" };
  const message = `containers with unready status: [${unready.join(" ")}]`;
  return { status: "False", reason: "ContainersNotReady", message };
}

function withTime(condition: Condition, before: readonly Condition[], now: string): Condition {
  const old = before.find((c) => c.type === condition.type);
  const same = old?.status === condition.status;
  return { ...condition, lastTransitionTime: (same ? old.lastTransitionTime : undefined) ?? now };
}
