// SHOW BACKUP and SHOW RESTORE: columns in their order and the text formats of §1.9.
import type { BackupRecord } from "../jobs/backup-job.ts";
import { statusText, type JobLists } from "../jobs/job.ts";
import type { RestoreRecord } from "../jobs/restore-job.ts";
import type { Cell } from "../sql/result.ts";
import { formatTime } from "../times.ts";

export const BACKUP_COLUMNS = [
  "JobId",
  "SnapshotName",
  "DbName",
  "State",
  "BackupObjs",
  "CreateTime",
  "SnapshotFinishedTime",
  "UploadFinishedTime",
  "FinishedTime",
  "UnfinishedTasks",
  "Progress",
  "TaskErrMsg",
  "Status",
  "Timeout",
] as const;

export const RESTORE_COLUMNS = [
  "JobId",
  "Label",
  "Timestamp",
  "DbName",
  "State",
  "AllowLoad",
  "ReplicationNum",
  "RestoreObjs",
  "CreateTime",
  "MetaPreparedTime",
  "SnapshotFinishedTime",
  "DownloadFinishedTime",
  "FinishedTime",
  "UnfinishedTasks",
  "Progress",
  "TaskErrMsg",
  "Status",
  "Timeout",
] as const;

export function backupRow(
  record: BackupRecord,
  lists: JobLists,
  timeZone: string,
): readonly Cell[] {
  const time = (ms: number) => formatTime(ms, timeZone);
  return [
    String(record.jobId),
    record.label,
    record.databaseName,
    record.state,
    backupObjects(record),
    time(record.createTime),
    time(record.snapshotFinishedTime),
    time(record.uploadFinishedTime),
    time(record.finishedTime),
    ...listColumns(lists),
    statusText(record.status),
    String(record.timeoutMs / 1_000),
  ];
}

export function restoreRow(
  record: RestoreRecord,
  lists: JobLists,
  timeZone: string,
): readonly Cell[] {
  const time = (ms: number) => formatTime(ms, timeZone);
  return [
    String(record.jobId),
    record.label,
    record.timestamp,
    record.databaseName,
    record.state,
    String(record.allowLoad),
    String(record.replicationNum),
    restoreObjects(record),
    time(record.createTime),
    time(record.metaPreparedTime),
    time(record.snapshotFinishedTime),
    time(record.downloadFinishedTime),
    time(record.finishedTime),
    ...listColumns(lists),
    statusText(record.status),
    String(record.timeoutMs / 1_000),
  ];
}

/** No blank before PARTITIONS. */
function backupObjects(record: BackupRecord): string {
  const tables = record.objects.map(({ name, partitions }) => {
    const chosen = partitions.length === 0 ? "" : `PARTITIONS (${partitions.join(", ")})`;
    return `[${record.databaseName}.${name}${chosen}]`;
  });
  const functions = record.functions.map((f) => `[${record.databaseName}.${f}]`);
  return [...tables, ...functions].join(", ");
}

/** The original names, no aliases; a partition called like its table is left out. */
function restoreObjects(record: RestoreRecord): string {
  return record.chosen
    .map(({ table }) => {
      const names = table.partitions.map((p) => p.name).filter((p) => p !== table.name);
      return names.length === 0 ? table.name : `${table.name} PARTITIONS [${names.join(", ")}]`;
    })
    .join(", ");
}

function listColumns(lists: JobLists): readonly [string, string, string] {
  const unfinished = [...lists.unfinished].map(([task, at]) => `${task}=${at}`);
  const progress = [...lists.progress].map(([id, p]) => `[${id}: ${p.finished}/${p.total}]`);
  const errors = [...lists.errors].map(([id, text]) => `[${id}: ${text}]`);
  return [unfinished.join(", "), progress.join(", "), errors.join(", ")];
}
