// What a Job needs next, from the Job, its pods and the time: a plain plan, no effects. The rules are those of
// the real Job controller (NonIndexed, Kubernetes 1.34 and newer):
// - A pod counts when it ended while it carried the tracking finalizer; the finalizer goes with the counting.
// - A terminating pod counts as failed at once, unless podReplacementPolicy is Failed (always so with a
//   podFailurePolicy): then only when it has ended.
// - An end has two steps: FailureTarget or SuccessCriteriaMet at once, Failed or Complete when no pod runs.
import { hasCondition } from "../../api/kinds/jobs.ts";
import { isPodFinished, isPodReady } from "../../api/kinds/pods.ts";
import type { KubeObject } from "../../api/object.ts";
import { at, finalizersOf, isTerminating, listAt, numberAt, textAt } from "../../api/object.ts";
import { judgePod } from "./failure-policy.ts";

export const TRACKING = "batch.kubernetes.io/job-tracking";

/** Why and how a Job ends. */
export interface Ending {
  readonly type: "FailureTarget" | "SuccessCriteriaMet";
  readonly reason: string;
  readonly message: string;
}

export interface Counts {
  readonly succeeded: number;
  readonly failed: number;
  readonly active: number;
  readonly ready: number;
  readonly terminating: number;
}

export interface JobPlan {
  /** Pods that end now for the Job: their finalizer goes. */
  readonly release: readonly KubeObject[];
  readonly delete: readonly KubeObject[];
  /** How many pods to make, back-off permitting. */
  readonly create: number;
  readonly ending: Ending | undefined;
  /** Nothing runs any more: the ending is final. */
  readonly ended: boolean;
  /** The counts as they are once the plan is carried out, but for pods to be made. */
  readonly counts: Counts;
  /** Pods that ended since the last plan, also those a policy ignores: for the back-off. */
  readonly news: { readonly succeeded: number; readonly failed: number };
  /** When the deadline strikes, if there is one ahead. */
  readonly deadlineMs: number | undefined;
}

interface Sorted {
  readonly active: readonly KubeObject[];
  readonly terminating: readonly KubeObject[];
  readonly succeeded: readonly KubeObject[];
  readonly failed: readonly KubeObject[];
}

export function planJob(job: KubeObject, pods: readonly KubeObject[], nowMs: number): JobPlan {
  const sorted = sortPods(job, pods);
  const ends = countEnds(job, sorted);
  const ending = endingOf(job, sorted, ends, nowMs);
  const stopping = ending !== undefined || isTerminating(job) || isSuspended(job);
  const unwanted = unwantedPods(job, sorted, ends, stopping);
  const counts = countsAfter(sorted, ends, unwanted, ending);
  return {
    release: releasable(job, sorted, unwanted, ending).filter(isTracked),
    delete: unwanted,
    create: stopping ? 0 : missing(job, sorted, ends),
    ending,
    ended: ending !== undefined && counts.active === 0 && counts.terminating === 0,
    counts,
    news: {
      succeeded: sorted.succeeded.filter(isTracked).length,
      failed: sorted.failed.filter(isTracked).length,
    },
    deadlineMs: stopping ? undefined : deadlineOf(job),
  };
}

function isSuspended(job: KubeObject): boolean {
  return at(job, "spec", "suspend") === true;
}

function unwantedPods(
  job: KubeObject,
  sorted: Sorted,
  ends: Ends,
  stopping: boolean,
): readonly KubeObject[] {
  // A Job that is being deleted leaves its pods to the garbage collector.
  if (isTerminating(job)) return [];
  return stopping ? sorted.active : surplus(job, sorted, ends);
}

function countsAfter(
  sorted: Sorted,
  ends: Ends,
  unwanted: readonly KubeObject[],
  ending: Ending | undefined,
): Counts {
  const active = sorted.active.filter((pod) => !unwanted.includes(pod));
  // A Job that fails takes its running pods with it: they count as failed.
  const lost = ending?.type === "FailureTarget" ? unwanted.filter(isTracked).length : 0;
  return {
    succeeded: ends.succeeded,
    failed: ends.failed + lost,
    active: active.length,
    ready: active.filter(isPodReady).length,
    terminating: sorted.terminating.length + unwanted.filter(isOnNode).length,
  };
}

function releasable(
  job: KubeObject,
  sorted: Sorted,
  unwanted: readonly KubeObject[],
  ending: Ending | undefined,
): readonly KubeObject[] {
  const counted = [...sorted.succeeded, ...sorted.failed];
  if (isTerminating(job))
    return [...new Set([...counted, ...sorted.terminating, ...sorted.active])];
  if (ending === undefined) return counted;
  return [...new Set([...counted, ...sorted.terminating, ...unwanted])];
}

export function isTracked(pod: KubeObject): boolean {
  return finalizersOf(pod).includes(TRACKING);
}

/** Deleting it takes until its node has stopped it. */
function isOnNode(pod: KubeObject): boolean {
  return (textAt(pod, "spec", "nodeName") ?? "") !== "";
}

function onlyFailedAreReplaced(job: KubeObject): boolean {
  return textAt(job, "spec", "podReplacementPolicy") === "Failed";
}

function sortPods(job: KubeObject, pods: readonly KubeObject[]): Sorted {
  const phase = (pod: KubeObject): string | undefined => textAt(pod, "status", "phase");
  const early = (pod: KubeObject): boolean => isTerminating(pod) && !onlyFailedAreReplaced(job);
  return {
    active: pods.filter((pod) => !isPodFinished(pod) && !isTerminating(pod)),
    terminating: pods.filter((pod) => !isPodFinished(pod) && isTerminating(pod)),
    succeeded: pods.filter((pod) => phase(pod) === "Succeeded"),
    failed: pods.filter((p) => phase(p) === "Failed" || (early(p) && phase(p) !== "Succeeded")),
  };
}

interface Ends {
  readonly succeeded: number;
  readonly failed: number;
}

function countEnds(job: KubeObject, sorted: Sorted): Ends {
  const counting = sorted.failed.filter(
    (pod) => isTracked(pod) && judgePod(job, pod).action !== "Ignore",
  );
  return {
    succeeded:
      (numberAt(job, "status", "succeeded") ?? 0) + sorted.succeeded.filter(isTracked).length,
    failed: (numberAt(job, "status", "failed") ?? 0) + counting.length,
  };
}

function endingOf(job: KubeObject, sorted: Sorted, ends: Ends, nowMs: number): Ending | undefined {
  return (
    decided(job, "FailureTarget") ??
    decided(job, "SuccessCriteriaMet") ??
    failedByPolicy(job, sorted) ??
    pastBackoffLimit(job, sorted, ends) ??
    pastDeadline(job, nowMs) ??
    completed(job, sorted, ends)
  );
}

function decided(job: KubeObject, type: Ending["type"]): Ending | undefined {
  if (!hasCondition(job, type)) return undefined;
  const found = listAt(job, "status", "conditions").find((c) => textAt(c, "type") === type);
  return { type, reason: textAt(found, "reason") ?? "", message: textAt(found, "message") ?? "" };
}

function failure(reason: string, message: string): Ending {
  return { type: "FailureTarget", reason, message };
}

function failedByPolicy(job: KubeObject, { failed }: Sorted): Ending | undefined {
  const verdicts = failed.filter(isTracked).map((pod) => judgePod(job, pod));
  const fatal = verdicts.find((verdict) => verdict.action === "FailJob");
  return fatal && failure("PodFailurePolicy", fatal.message);
}

function pastBackoffLimit(job: KubeObject, sorted: Sorted, ends: Ends): Ending | undefined {
  const limit = numberAt(job, "spec", "backoffLimit") ?? 6;
  const restarts = onFailureRestarts(job, sorted);
  const past = ends.failed > limit || (restarts > 0 && restarts >= limit);
  return past
    ? failure("BackoffLimitExceeded", "Job has reached the specified backoff limit")
    : undefined;
}

/** With restartPolicy OnFailure the node repeats in place, and its restarts count. */
function onFailureRestarts(job: KubeObject, { active }: Sorted): number {
  if (textAt(job, "spec", "template", "spec", "restartPolicy") !== "OnFailure") return 0;
  return active
    .flatMap((pod) => listAt(pod, "status", "containerStatuses"))
    .reduce<number>((sum, status) => sum + (numberAt(status, "restartCount") ?? 0), 0);
}

function deadlineOf(job: KubeObject): number | undefined {
  const seconds = numberAt(job, "spec", "activeDeadlineSeconds");
  const start = textAt(job, "status", "startTime");
  if (seconds === undefined || start === undefined) return undefined;
  return Date.parse(start) + seconds * 1000;
}

function pastDeadline(job: KubeObject, nowMs: number): Ending | undefined {
  const deadline = deadlineOf(job);
  if (deadline === undefined || nowMs < deadline || isSuspended(job)) return undefined;
  return failure("DeadlineExceeded", "Job was active longer than specified deadline");
}

function completed(job: KubeObject, { active }: Sorted, { succeeded }: Ends): Ending | undefined {
  const wanted = numberAt(job, "spec", "completions");
  const done = wanted === undefined ? succeeded > 0 && active.length === 0 : succeeded >= wanted;
  if (!done) return undefined;
  const message = "Reached expected number of succeeded pods";
  return { type: "SuccessCriteriaMet", reason: "CompletionsReached", message };
}

function wantedActive(job: KubeObject, { active }: Sorted, { succeeded }: Ends): number {
  const parallelism = numberAt(job, "spec", "parallelism") ?? 1;
  const completions = numberAt(job, "spec", "completions");
  if (completions !== undefined) return Math.min(parallelism, completions - succeeded);
  return succeeded > 0 ? Math.min(parallelism, active.length) : parallelism;
}

function missing(job: KubeObject, sorted: Sorted, ends: Ends): number {
  const going = onlyFailedAreReplaced(job) ? sorted.terminating.length : 0;
  return Math.max(0, wantedActive(job, sorted, ends) - sorted.active.length - going);
}

function surplus(job: KubeObject, sorted: Sorted, ends: Ends): readonly KubeObject[] {
  const wanted = Math.max(0, wantedActive(job, sorted, ends));
  return sorted.active.slice(wanted);
}
