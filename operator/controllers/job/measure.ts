// Counts and logs what became of a job, once, when its phase is written. The log is what is left to read when
// the job itself was deleted.
import { must } from "../../assert.ts";
import type { Log } from "../../log.ts";
import type { ControllerDeps } from "../deps.ts";
import type { OperatorMetrics } from "../metrics.ts";
import type { Seen } from "./model.ts";
import { isFinal } from "./status.ts";
import type { JobStatus } from "./status.ts";

export function measure({ metrics, log }: ControllerDeps, seen: Seen, status: JobStatus): void {
  const { job, settings } = seen;
  if (isSame(seen.status, status)) return;
  const namespace = must(job.metadata.namespace);
  const of = { kind: job.kind, namespace, repository: settings.repository };
  const { phase = "PENDING", reason = "" } = status;
  tell(log, seen, status);
  if (phase === "PENDING") countRetry(metrics, of, status);
  if (isFinal(phase)) metrics.ended.inc({ ...of, phase, reason });
  if (phase !== "FINISHED") return;
  metrics.seconds.observe(of, must(secondsOf(status)));
  metrics.bytes.set(of, status.progress?.bytes ?? 0);
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
  if (reason !== undefined) metrics.retries.inc({ ...of, reason });
}

/** Undefined: it has not ended. */
function secondsOf({ startTime, completionTime }: JobStatus): number | undefined {
  if (startTime === undefined || completionTime === undefined) return undefined;
  return Math.max(0, (Date.parse(completionTime) - Date.parse(startTime)) / 1000);
}
