// What Backups and Restores that are there tell of themselves: what runs, what waits and why, since when, and how
// each database fared last.
import type { Registry } from "prom-client";
import type { JobResource } from "../job/model.ts";
import { isFinal } from "../job/status.ts";
import type { JobStatus } from "../job/status.ts";
import { add, highest, lowest, registerReading, secondsOf } from "./samples.ts";
import type { Sample } from "./samples.ts";
import type { ReasonLabels } from "./reason-label.ts";

const JOB = ["kind", "namespace", "repository"] as const;
type JobLabel = (typeof JOB)[number];

export interface JobReadingsOptions {
  readonly jobs: () => readonly JobResource[];
  readonly reasons: ReasonLabels;
}

export function registerJobReadings(registry: Registry, options: JobReadingsOptions): void {
  const open = (): readonly JobResource[] => options.jobs().filter(isOpen);
  const inPhase = (job: JobResource) => ({
    ...labelsOf(job),
    phase: job.status?.phase ?? "PENDING",
    reason: options.reasons.of(job.status?.reason ?? "Starting"),
  });
  const labelNames = [...JOB, "phase", "reason"] as const;
  registerReading(registry, {
    name: "starrocks_backup_jobs",
    help: "Backups and Restores that are not over, or are being deleted, by phase and by the reason in their status: what they do or wait for",
    labelNames,
    fold: add,
    read: () => open().map((job) => ({ labels: inPhase(job), value: 1 })),
  });
  registerReading(registry, {
    name: "starrocks_backup_jobs_since_timestamp_seconds",
    help: "Since when the first of these jobs is where it is: when it got its slot, or else when its phase, its clean-up or its deletion began",
    labelNames,
    fold: lowest,
    read: () => open().flatMap((job) => sampleOf(inPhase(job), sinceOf(job))),
  });
  registerWork(registry, open);
  registerCleanUps(registry, open);
  registerLeftBehind(registry, options.jobs);
}

function registerWork(registry: Registry, open: () => readonly JobResource[]): void {
  registerReading(registry, {
    name: "starrocks_backup_attempt",
    help: "The highest number of an attempt among jobs that are not over: from 2 on an attempt has failed",
    labelNames: JOB,
    fold: highest,
    read: () => open().flatMap((job) => sampleOf(labelsOf(job), statusOf(job).attempt)),
  });
  registerReading(registry, {
    name: "starrocks_backup_last_progress_timestamp_seconds",
    help: "When something moved last in the job that uploads or downloads and has stood still for longest",
    labelNames: JOB,
    fold: lowest,
    read: () =>
      open()
        .filter((job) => isTransferring(statusOf(job)))
        .flatMap((job) => sampleOf(labelsOf(job), secondsOf(lastChange(statusOf(job))))),
  });
  registerReading(registry, {
    name: "starrocks_backup_bytes_per_second",
    help: "Bytes that all agents of running jobs move per second now, by direction (upload, download)",
    labelNames: ["namespace", "repository", "direction"],
    fold: add,
    read: () =>
      open().map((job) => {
        const { kind, ...rest } = labelsOf(job);
        const value = statusOf(job).progress?.bytesPerSecond ?? 0;
        return { labels: { ...rest, direction: directionOf(kind) }, value };
      }),
  });
}

function registerCleanUps(registry: Registry, open: () => readonly JobResource[]): void {
  const cleaning = () =>
    open().flatMap((job) => sampleOf(labelsOf(job), secondsOf(cleanUpStart(job))));
  registerReading(registry, {
    name: "starrocks_backup_cleanups",
    help: "Attempts that have ended and jobs that are being deleted whose clean-up is not done",
    labelNames: JOB,
    fold: add,
    read: () => cleaning().map(({ labels }) => ({ labels, value: 1 })),
  });
  registerReading(registry, {
    name: "starrocks_backup_cleanup_since_timestamp_seconds",
    help: "When the oldest of these clean-ups began",
    labelNames: JOB,
    fold: lowest,
    read: cleaning,
  });
}

function registerLeftBehind(registry: Registry, jobs: () => readonly JobResource[]): void {
  registerReading(registry, {
    name: "starrocks_backup_left_behind",
    help: "Things that jobs could not remove and that are still there (status.leftBehind): folders in the storage, mostly",
    labelNames: JOB,
    fold: add,
    read: () => jobs().flatMap((job) => sampleOf(labelsOf(job), statusOf(job).leftBehind?.length)),
  });
}

export function directionOf(kind: string): "upload" | "download" {
  return kind === "Backup" ? "upload" : "download";
}

export function labelsOf(job: JobResource): Readonly<Record<JobLabel, string>> {
  const { kind, metadata, spec } = job;
  return { kind, namespace: metadata.namespace ?? "", repository: spec.repository };
}

export function statusOf({ status }: JobResource): Partial<JobStatus> {
  return status ?? {};
}

/** None when there is no value. */
export function sampleOf<L extends string>(
  labels: Readonly<Record<L, string>>,
  value: number | undefined,
): readonly Sample<L>[] {
  return value === undefined ? [] : [{ labels, value }];
}

function isOpen({ status, metadata }: JobResource): boolean {
  return !isFinal(status?.phase) || metadata.deletionTimestamp !== undefined;
}

function isTransferring({ phase, ending }: Partial<JobStatus>): boolean {
  return ending === undefined && (phase === "UPLOADING" || phase === "DOWNLOADING");
}

function lastChange({ progress, phaseStartTime }: Partial<JobStatus>): string | undefined {
  return progress?.lastChangeTime ?? phaseStartTime;
}

/** An ending outlives the deletion of its job: whichever came first is what is waited for. */
function cleanUpStart({ status, metadata }: JobResource): string | undefined {
  return status?.ending?.time ?? metadata.deletionTimestamp;
}

function sinceOf(job: JobResource): number | undefined {
  const { phase = "PENDING", slot, attemptStartTime, phaseStartTime } = statusOf(job);
  const gotSlot = phase === "PENDING" && slot !== undefined ? attemptStartTime : undefined;
  const { creationTimestamp } = job.metadata;
  return secondsOf(cleanUpStart(job) ?? gotSlot ?? phaseStartTime ?? creationTimestamp);
}
