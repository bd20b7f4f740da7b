// Counts and logs what became of a job, once, when its phase is written. The log is what is left to read when
// the job itself was deleted.
import { must } from "../../assert.ts";
import type { Log } from "../../log.ts";
import type { ControllerDeps } from "../deps.ts";
import type { OperatorMetrics } from "../metrics.ts";
import { directionOf } from "../metrics/job-readings.ts";
import type { Seen } from "./model.ts";
import { isFinal } from "./status.ts";
import type { JobStatus } from "./status.ts";

export function measure({ metrics, log }: ControllerDeps, seen: Seen, status: JobStatus): void {
  const of = labelsOf(seen);
  countWork(metrics, of, seen.status, status);
  if (isSame(seen.status, status)) return;
  const { phase = "PENDING", reason } = status;
  tell(log, seen, status);
  if (phase === "PENDING") countRetry(metrics, of, status);
  if (isFinal(phase)) metrics.ended.inc({ ...of, phase, reason: metrics.reasons.of(reason) });
  if (phase !== "FINISHED") return;
  metrics.seconds.observe(of, must(secondsOf(status)));
}

/** Anybody may name a Repository that is not there: it makes no series. */
function labelsOf({ job, settings, repository }: Seen): Labels {
  const namespace = must(job.metadata.namespace);
  return { kind: job.kind, namespace, repository: repository ? settings.repository : "" };
}

function countWork(
  metrics: OperatorMetrics,
  { kind, namespace, repository }: Labels,
  before: JobStatus,
  after: JobStatus,
): void {
  const { attemptStartTime, progress } = after;
  const isNew = attemptStartTime !== before.attemptStartTime;
  if (isNew && attemptStartTime !== undefined) {
    metrics.attempts.inc({ kind, namespace, repository });
  }
  const moved = (progress?.bytes ?? 0) - (isNew ? 0 : (before.progress?.bytes ?? 0));
  if (moved <= 0) return;
  const direction = directionOf(kind);
  metrics.transferred.inc({ namespace, repository, direction }, moved);
}

/** An attempt that failed in PENDING begins there anew. */
function isSame(before: JobStatus, after: JobStatus): boolean {
  return before.phase === after.phase && before.attempts?.length === after.attempts?.length;
}

/** A person should look at what failed; the rest is told for later. */
function tell(log: Log, { job, status: before, settings }: Seen, status: JobStatus): void {
  const { phase, reason, message, attempt, database, progress } = status;
  const { namespace, name } = job.metadata;
  const of = { kind: job.kind, namespace, name, repository: settings.repository, database };
  const figures = { bytes: progress?.bytes, seconds: secondsOf(status) };
  const what = { from: before.phase, phase, attempt, reason };
  if (phase === "FAILED") log.error("job failed", { ...of, ...what, ...figures, why: message });
  else if (isFinal(phase)) log.info("job ended", { ...of, ...what, ...figures });
  else log.info("phase changed", { ...of, ...what, why: message });
}

type Labels = { readonly kind: string; readonly namespace: string; readonly repository: string };

/** Back at PENDING: another attempt. */
function countRetry(metrics: OperatorMetrics, of: Labels, { attempts = [] }: JobStatus): void {
  const reason = attempts.at(-1)?.reason;
  if (reason !== undefined) metrics.retries.inc({ ...of, reason: metrics.reasons.of(reason) });
}

/** Undefined: it has not ended. */
function secondsOf({ startTime, completionTime }: JobStatus): number | undefined {
  if (startTime === undefined || completionTime === undefined) return undefined;
  return Math.max(0, (Date.parse(completionTime) - Date.parse(startTime)) / 1000);
}
