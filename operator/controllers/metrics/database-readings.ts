// How each database fared last: what a person is woken by. Read from the Backups and Restores that are there, so
// a database that nobody backs up has no series, and one whose Backups were all deleted has none any more.
import type { Registry } from "prom-client";
import type { JobResource } from "../job/model.ts";
import { labelsOf, statusOf } from "./job-readings.ts";
import type { JobReadingsOptions } from "./job-readings.ts";
import { registerReading, lowest, highest, secondsOf } from "./samples.ts";

const DATABASE = ["namespace", "repository", "database"] as const;

interface End {
  readonly job: JobResource;
  readonly seconds: number;
}

export function registerDatabaseReadings(
  registry: Registry,
  { jobs, reasons }: JobReadingsOptions,
): void {
  const backups = (): readonly JobResource[] => jobs().filter(({ kind }) => kind === "Backup");
  const successes = () => newest(backups().flatMap(endOf).filter(isFinished));
  registerReading(registry, {
    name: "starrocks_backup_last_success_timestamp_seconds",
    help: "When the last FINISHED Backup of a database ended",
    labelNames: DATABASE,
    fold: highest,
    read: () =>
      successes().map(({ job, seconds }) => ({ labels: databaseLabels(job), value: seconds })),
  });
  registerReading(registry, {
    name: "starrocks_backup_last_success_bytes",
    help: "Size of the last FINISHED Backup of a database",
    labelNames: DATABASE,
    fold: highest,
    read: () => successes().map(({ job }) => ({ labels: databaseLabels(job), value: sizeOf(job) })),
  });
  registerReading(registry, {
    name: "starrocks_backup_never_succeeded_since_timestamp_seconds",
    help: "Of a database without any FINISHED Backup: when the oldest Backup of it was created",
    labelNames: DATABASE,
    fold: lowest,
    read: () => neverSucceeded(backups()),
  });
  registerReading(registry, {
    name: "starrocks_backup_last_job_failed",
    help: "1 when the last Backup or Restore of a database that ended has FAILED, with its reason; 0 when it is FINISHED. One that was CANCELLED does not count",
    labelNames: ["kind", ...DATABASE, "reason"],
    fold: highest,
    read: () =>
      newest(jobs().flatMap(endOf)).map(({ job }) => ({
        labels: {
          kind: job.kind,
          ...databaseLabels(job),
          reason: reasons.of(statusOf(job).reason),
        },
        value: statusOf(job).phase === "FAILED" ? 1 : 0,
      })),
  });
}

function neverSucceeded(backups: readonly JobResource[]) {
  const done = new Set(backups.flatMap(endOf).filter(isFinished).map(keyOf));
  return backups
    .filter((job) => !done.has(keyOf({ job })))
    .flatMap((job) => {
      const value = secondsOf(job.metadata.creationTimestamp);
      return value === undefined ? [] : [{ labels: databaseLabels(job), value }];
    });
}

/** Undefined for one that runs or was cancelled. */
function endOf(job: JobResource): readonly End[] {
  const { phase, completionTime } = statusOf(job);
  const seconds = secondsOf(completionTime);
  const counts = phase === "FINISHED" || phase === "FAILED";
  return counts && seconds !== undefined ? [{ job, seconds }] : [];
}

function isFinished({ job }: End): boolean {
  return statusOf(job).phase === "FINISHED";
}

/** Of each kind and database the end that was last. */
function newest(ends: readonly End[]): readonly End[] {
  const last = new Map<string, End>();
  for (const end of ends) {
    const key = keyOf(end);
    if (end.seconds >= (last.get(key)?.seconds ?? 0)) last.set(key, end);
  }
  return [...last.values()];
}

function keyOf({ job }: Pick<End, "job">): string {
  return JSON.stringify([job.kind, databaseLabels(job)]);
}

/** A Restore that names no database learns it from its snapshot. */
function databaseLabels(job: JobResource): Readonly<Record<(typeof DATABASE)[number], string>> {
  const { namespace, repository } = labelsOf(job);
  const database = job.spec.database ?? statusOf(job).database ?? "";
  return { namespace, repository, database };
}

function sizeOf(job: JobResource): number {
  const { sealed, progress } = statusOf(job);
  return sealed?.bytes ?? progress?.bytes ?? 0;
}
