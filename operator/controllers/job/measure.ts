// Counts what became of a job, once, when its phase is written.
import { must } from "../../assert.ts";
import type { ControllerDeps } from "../deps.ts";
import type { OperatorMetrics } from "../metrics.ts";
import type { Seen } from "./model.ts";
import { isFinal } from "./status.ts";
import type { JobStatus } from "./status.ts";

export function measure({ metrics }: ControllerDeps, seen: Seen, status: JobStatus): void {
  const { job, settings } = seen;
  if (status.phase === seen.status.phase) return;
  const namespace = must(job.metadata.namespace);
  const of = { kind: job.kind, namespace, repository: settings.repository };
  const { phase = "PENDING", reason = "" } = status;
  if (phase === "PENDING") countRetry(metrics, of, status);
  if (isFinal(phase)) metrics.ended.inc({ ...of, phase, reason });
  if (phase !== "FINISHED") return;
  metrics.seconds.observe(of, secondsOf(status));
  metrics.bytes.set(of, status.progress?.bytes ?? 0);
}

type Labels = { readonly kind: string; readonly namespace: string; readonly repository: string };

/** Back at PENDING: another attempt. */
function countRetry(metrics: OperatorMetrics, of: Labels, { attempts = [] }: JobStatus): void {
  const reason = attempts.at(-1)?.reason;
  if (reason !== undefined) metrics.retries.inc({ ...of, reason });
}

function secondsOf({ startTime, completionTime }: JobStatus): number {
  return Math.max(0, (Date.parse(must(completionTime)) - Date.parse(must(startTime))) / 1000);
}
