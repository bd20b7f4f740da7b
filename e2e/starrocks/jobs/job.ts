// What BACKUP and RESTORE jobs share (AbstractJob): the record that is edit-logged at some states, the
// lists that are only in the leader's memory, and what a job may use of its FE.
import type { ClusterClock } from "../cluster-clock.ts";
import type { BackendPort, LoaderProgress, TaskDone } from "../messages.ts";
import type { MetaStore } from "../meta-store.ts";
import type { FrontendProfile } from "../profile.ts";
import type { Repository } from "../repository.ts";
import type { BrokerAddress } from "../sql/statement.ts";
import type { TaskQueue } from "../task-queue.ts";

export interface JobContext {
  readonly clock: ClusterClock;
  readonly store: MetaStore;
  readonly profile: FrontendProfile;
  readonly tasks: TaskQueue;
  /** `<tmp_dir>` of this FE; another FE does not have its files. */
  readonly tmpDir: string;
  repository(name: string): Repository | undefined;
  backends(): readonly { readonly id: number; readonly host: string; readonly alive: boolean }[];
  backend(id: number): BackendPort | undefined;
  /** BMGR.getBroker for a BE's host. Throws NoBroker. */
  brokerFor(name: string, backendHost: string): BrokerAddress;
  /** 0: one task per tablet (max_upload_task_per_be, max_download_task_per_be; 3.1+). */
  tasksPerBackendMax(kind: "upload" | "download"): number;
  /** Throws once the FE was killed: what runs on must not write any more. */
  requireAlive(): void;
}

export interface JobStatus {
  readonly code: string;
  readonly message: string;
}

export const OK_STATUS: JobStatus = { code: "OK", message: "" };

export interface JobRecord {
  readonly type: "BACKUP" | "RESTORE";
  /** -1 until PENDING ran; a new one each time it runs again. */
  jobId: number;
  readonly label: string;
  readonly databaseId: number;
  readonly databaseName: string;
  readonly repository: string;
  readonly createTime: number;
  readonly timeoutMs: number;
  state: string;
  status: JobStatus;
  finishedTime: number;
}

/** The lists of SHOW that are never logged. */
export class JobLists {
  readonly unfinished = new Map<number, number>();
  readonly progress = new Map<number, { readonly finished: number; readonly total: number }>();
  readonly errors = new Map<number, string>();

  clear(): void {
    this.unfinished.clear();
    this.progress.clear();
  }
}

export interface Job {
  readonly record: JobRecord;
  readonly lists: JobLists;
  readonly isDone: boolean;
  /** One tick of the handler. What it throws ends the handler's cycle for all jobs. */
  run(): Promise<void>;
  finishTask(done: TaskDone): void;
  reportProgress(progress: LoaderProgress): boolean;
  /** The user's CANCEL. */
  cancel(): Promise<void>;
}

export function isTimedOut(record: JobRecord, clock: ClusterClock): boolean {
  return clock.elapsedSince(record.createTime) > record.timeoutMs;
}

export function statusText({ code, message }: JobStatus): string {
  return code === "OK" ? "[OK]" : `[${code}, msg: ${message}]`;
}

/** Splits what one BE has to do into its tasks: one per item, or at most `max` of them. */
export function batches<T>(items: readonly T[], max: number): readonly (readonly T[])[] {
  const count = max === 0 ? items.length : Math.min(items.length, max);
  const size = Math.floor(items.length / count);
  return Array.from({ length: count }, (_, i) =>
    items.slice(i * size, i === count - 1 ? undefined : (i + 1) * size),
  );
}

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}
