// A Backup, a Restore and a Repository as they look in the middle; tests show what they change.
import type { Backup, BackupStatus } from "../../../operator/api/backup.generated.ts";
import type { Repository } from "../../../operator/api/repository.generated.ts";
import type { Restore, RestoreStatus } from "../../../operator/api/restore.generated.ts";

const apiVersion = "backup.starrocks.io/v1alpha1";
const START = "2026-11-21T10:00:00Z";
const LIMITS = { timeout: "24h", noProgressTimeout: "30m", cancel: false } as const;
const SAID = {
  observedGeneration: 1,
  reason: "Working",
  message: "waits for StarRocks (UPLOADING)",
  startTime: START,
} as const;

export const NOW_MS = Date.parse("2026-11-21T10:00:23Z");

export const PROGRESS = {
  time: "2026-11-21T10:00:20Z",
  bytes: 78 * 1024 ** 2,
  bytesPerSecond: 9 * 1024 ** 2,
  files: 26,
  percent: 31,
  tablets: { done: 18, total: 57 },
  nodes: [
    {
      name: "node-a",
      state: "Serving",
      bytes: 26 * 1024 ** 2,
      bytesPerSecond: 3 * 1024 ** 2,
      files: 9,
    },
    { name: "node-b", state: "Starting", message: "ImagePullBackOff: no such image" },
  ],
} as const;

export function backup(status: Partial<BackupStatus> | undefined = {}): Backup {
  const spec = {
    ...LIMITS,
    repository: "prod",
    database: "shop",
    retry: { maxAttempts: 3, backoff: "1m" },
    deletionPolicy: "Retain",
  } as const;
  const object = { apiVersion, kind: "Backup", metadata: { name: "shop" }, spec } as const;
  return { ...object, status: { ...SAID, phase: "UPLOADING", ...status } };
}

export function restore(status: Partial<RestoreStatus> = {}): Restore {
  const spec = {
    ...LIMITS,
    repository: "prod",
    source: { backup: "shop" },
    existing: "Fail",
  } as const;
  const object = { apiVersion, kind: "Restore", metadata: { name: "back" }, spec } as const;
  return { ...object, status: { ...SAID, phase: "DOWNLOADING", ...status } };
}

/** Not looked at by the operator. */
export function unseen(): Backup {
  const { status: _, ...rest } = backup();
  return rest;
}

export function repository(status: Repository["status"]): Repository {
  const metadata = { name: "prod" };
  const spec = {} as Repository["spec"];
  const object = { apiVersion, kind: "Repository", metadata, spec } as const;
  return status === undefined ? object : { ...object, status };
}
