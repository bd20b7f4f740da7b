// The unfinished jobs of a Repository, as the order of turns needs them.
import { must } from "../../assert.ts";
import type { Caches } from "../deps.ts";
import type { QueuedJob } from "../turn.ts";
import type { JobResource } from "./model.ts";
import { isFinal } from "./status.ts";

export function unfinishedJobs(
  caches: Caches,
  namespace: string,
  repository: string,
): readonly QueuedJob[] {
  const all: JobResource[] = [
    ...caches.backups.list(namespace),
    ...caches.restores.list(namespace),
  ];
  return all
    .filter((job) => job.spec.repository === repository && !isFinal(job.status?.phase))
    .map(queuedJob);
}

export function queuedJob(job: JobResource): QueuedJob {
  const { status } = job;
  const phase = status?.phase ?? "PENDING";
  return {
    kind: job.kind,
    name: job.metadata.name,
    uid: must(job.metadata.uid),
    createdAt: job.metadata.creationTimestamp ?? "",
    database:
      job.kind === "Backup"
        ? job.spec.database
        : (job.spec.database ?? job.status?.source?.database),
    running: status?.slot !== undefined || phase !== "PENDING",
    standsAside: standsAside(job),
  };
}

/** Reasons of its own, which must not hold up those behind it. */
const OWN_REASONS: ReadonlySet<string> = new Set([
  "WaitingToRetry",
  "DatabaseBusy",
  "SourceMissing",
  "SourceNotFinished",
  "VerifyingFailed",
]);

/** Lets those behind it pass. */
export function standsAside({ status, metadata }: JobResource): boolean {
  return metadata.deletionTimestamp !== undefined || OWN_REASONS.has(status?.reason ?? "");
}
