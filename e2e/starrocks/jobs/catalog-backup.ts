// The one job of external catalogs that an FE has. The stand-in runs none; it shows one that somebody made,
// because from 3.4 on SHOW BACKUP never leaves it out.
import type { BackupRecord } from "./backup-job.ts";
import { OK_STATUS } from "./job.ts";

/** In place of a database's id: all jobs of external catalogs have one place (BackupHandler). */
export const CATALOGS_ID = -1;

export function catalogBackup(label: string, jobId: number, nowMs: number): BackupRecord {
  return {
    type: "BACKUP",
    jobId,
    label,
    databaseId: CATALOGS_ID,
    databaseName: "",
    repository: "elsewhere",
    createTime: nowMs,
    timeoutMs: 86_400_000,
    state: "FINISHED",
    status: OK_STATUS,
    finishedTime: nowMs,
    objects: [],
    functions: [],
    ttl: "",
    snapshotFinishedTime: -1,
    uploadFinishedTime: -1,
    tables: [],
    snapshots: [],
  };
}
