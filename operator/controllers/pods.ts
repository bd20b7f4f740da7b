// Jobs and pods of ours as the steps read them. Pure.
import { parseJson } from "./json.ts";
import type { ContainerState, Job, Pod } from "../runtime/objects.ts";

/** How an agent command ended: its exit code and termination message (docs/agent.md). */
export interface Ended {
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What the agents of one node have done, over all pods that its Job had. */
export interface AgentFigures {
  readonly bytes: number;
  readonly bytesPerSecond: number;
  readonly files: number;
  readonly calls: number;
  readonly lastError: string | undefined;
}

export type JobState = "running" | "complete" | "failed";

/** The agent Job of one node. */
export interface AgentView {
  /** The Job's name. */
  readonly name: string;
  /** Undefined: it may run anywhere. */
  readonly node: string | undefined;
  readonly state: JobState;
  readonly deleting: boolean;
  /** Its pods that are not over. */
  readonly pods: readonly PodView[];
  /** Why there is no serving pod, as Kubernetes says it. */
  readonly trouble: string | undefined;
  readonly ended: Ended | undefined;
  readonly figures: AgentFigures | undefined;
}

export interface PodView {
  readonly name: string;
  readonly ready: boolean;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A one-shot Job. */
export interface TaskView {
  readonly name: string;
  /** What it was made for: `id` of its runTask. */
  readonly id: string;
  readonly createdAt: string;
  readonly state: JobState;
  readonly deleting: boolean;
  readonly trouble: string | undefined;
  readonly ended: Ended | undefined;
}

export function stateOf(job: Job): JobState {
  const conditions = job.status?.conditions ?? [];
  if (conditions.some((c) => c.type === "Complete" && c.status === "True")) return "complete";
  return conditions.some((c) => c.type === "Failed" && c.status === "True") ? "failed" : "running";
}

export function isOver(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

export function viewOfPod(pod: Pod): PodView {
  const conditions = pod.status?.conditions ?? [];
  const ready = conditions.some((c) => c.type === "Ready" && c.status === "True");
  return {
    name: pod.metadata.name,
    ready: ready && pod.metadata.deletionTimestamp === undefined,
    annotations: pod.metadata.annotations ?? {},
  };
}

/** How the youngest pod that is over ended; undefined: none is, or it left no container status. */
export function endOf(pods: readonly Pod[]): Ended | undefined {
  for (const pod of byAge(pods).filter(isOver)) {
    const terminated = stateOfContainer(pod)?.terminated;
    if (terminated !== undefined) return endedFrom(terminated);
  }
  return undefined;
}

function stateOfContainer(pod: Pod): ContainerState | undefined {
  return pod.status?.containerStatuses?.[0]?.state;
}

type Terminated = NonNullable<ContainerState["terminated"]>;

function endedFrom({ exitCode, reason, message }: Terminated): Ended {
  const said = lastWord(message ?? "");
  const text = (field: string): string | undefined =>
    typeof said[field] === "string" ? said[field] : undefined;
  const detail = said["detail"];
  return {
    exitCode,
    reason: text("reason") ?? reason ?? "Error",
    message: text("message") ?? wordsFor(exitCode, reason),
    detail: typeof detail === "object" && detail !== null ? { ...detail } : {},
  };
}

/** Of an agent that wrote none, Kubernetes gives the end of its log: a single line of that is an object, too. */
function lastWord(message: string): Readonly<Record<string, unknown>> {
  const said = parseJson(message);
  return typeof said?.["exitCode"] === "number" ? said : {};
}

/** The kernel's kill leaves no last words. */
function wordsFor(exitCode: number, reason: string | undefined): string {
  if (reason === OUT_OF_MEMORY) return `the agent used more memory than its limit; ${MORE_MEMORY}`;
  return `the agent ended with exit code ${exitCode}`;
}

/** Kubernetes' reason for a container that reached its memory limit. */
export const OUT_OF_MEMORY = "OOMKilled";
/** What a person can do about it. */
export const MORE_MEMORY =
  "raise agent.resources.limits.memory of the Repository, or lower its agent.memory, to which 256Mi are added where no limit is given";

/** Why no pod of a Job serves, in Kubernetes' words. */
export function troubleOf(job: Job, pods: readonly Pod[]): string | undefined {
  const failed = job.status?.conditions?.find((c) => c.type === "Failed" && c.status === "True");
  if (failed !== undefined) return join(failed);
  const pod = byAge(pods).find((p) => !isOver(p));
  if (pod !== undefined) return troubleOfPod(pod);
  if (pods.length === 0) return isWithoutPods(job) ? noPod(job) : undefined;
  // Until the next one comes: Kubernetes waits up to six minutes before it makes that.
  const ended = endOf(pods);
  return ended === undefined || ended.exitCode === 0 ? undefined : join(ended);
}

/** Its controller has looked at it and made none: what forbids that stands in events alone. */
function isWithoutPods({ status = {} }: Job): boolean {
  const { startTime, active = 0, succeeded = 0, failed = 0, terminating = 0 } = status;
  return startTime !== undefined && active + succeeded + failed + terminating === 0;
}

function noPod({ metadata }: Job): string {
  return `Kubernetes made no pod for it, as when the service account of agent.serviceAccountName does not exist or a quota is used up: kubectl describe job ${metadata.name} says why`;
}

/** Waiting for these is no trouble. */
const STARTS: readonly (string | undefined)[] = [undefined, "ContainerCreating", "PodInitializing"];

function troubleOfPod(pod: Pod): string | undefined {
  const waiting = stateOfContainer(pod)?.waiting;
  if (waiting !== undefined && !STARTS.includes(waiting.reason)) return join(waiting);
  const conditions = pod.status?.conditions ?? [];
  const unscheduled = conditions.find((c) => c.type === "PodScheduled" && c.status === "False");
  return unscheduled === undefined ? disruptionOf(pod) : join(unscheduled);
}

/** Why Kubernetes takes a pod away: its node is lost or drained, something more important needs the place. */
export function disruptionOf(pod: Pod): string | undefined {
  const conditions = pod.status?.conditions ?? [];
  const disrupted = conditions.find((c) => c.type === "DisruptionTarget" && c.status === "True");
  return disrupted && join(disrupted);
}

/** The last line `progress` of a log; undefined when there is none. */
export function lastFigures(log: string): AgentFigures | undefined {
  for (const line of log.split("\n").reverse()) {
    if (!line.includes('"progress"')) continue;
    const entry = parseJson(line);
    if (entry?.["message"] !== "progress") continue;
    const lastError = entry["lastError"];
    return {
      bytes: count(entry["bytes"]),
      bytesPerSecond: count(entry["bytesPerSecond"]),
      files: count(entry["files"]),
      calls: count(entry["calls"]),
      lastError: typeof lastError === "string" ? lastError : undefined,
    };
  }
  return undefined;
}

/** Figures of several pods that followed each other on one node. The rate is the last one's. */
export function addFigures(all: readonly AgentFigures[]): AgentFigures | undefined {
  const last = all.at(-1);
  if (last === undefined) return undefined;
  const sum = (of: (f: AgentFigures) => number): number => all.reduce((a, f) => a + of(f), 0);
  return {
    ...last,
    bytes: sum((f) => f.bytes),
    files: sum((f) => f.files),
    calls: sum((f) => f.calls),
  };
}

/** Youngest first. */
export function byAge<T extends Pod | Job>(objects: readonly T[]): readonly T[] {
  const age = (o: T): string => o.metadata.creationTimestamp ?? "";
  return [...objects].sort((a, b) => (age(a) < age(b) ? 1 : -1));
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}

function join({
  reason,
  message,
}: {
  readonly reason?: string;
  readonly message?: string;
}): string {
  return [reason, message].filter((text) => text !== undefined && text !== "").join(": ");
}
