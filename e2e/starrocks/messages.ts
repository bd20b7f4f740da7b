// What FE and BEs say to each other (AgentService, BackendService and FrontendService in the real
// ones), as plain data and two interfaces of promises: they may live in one process or in several.
import type { BrokerAddress } from "./sql/statement.ts";
import type { BrokerProperties } from "./wire/broker-structs.ts";

export interface SnapshotTask {
  readonly type: "MAKE_SNAPSHOT";
  readonly signature: number;
  readonly jobId: number;
  readonly tabletId: number;
  readonly schemaHash: number;
  /** BACKUP: the visible one. RESTORE takes an empty snapshot, only to learn its directory. */
  readonly version: number | undefined;
}

export interface UploadTask {
  readonly type: "UPLOAD";
  readonly signature: number;
  readonly jobId: number;
  readonly broker: BrokerAddress;
  readonly properties: BrokerProperties;
  readonly sources: readonly {
    readonly tabletId: number;
    readonly localPath: string;
    readonly remotePath: string;
  }[];
}

export interface DownloadTask {
  readonly type: "DOWNLOAD";
  readonly signature: number;
  readonly jobId: number;
  readonly broker: BrokerAddress;
  readonly properties: BrokerProperties;
  readonly sources: readonly {
    /** The tablet here; its id in the snapshot stands in the remote path. */
    readonly tabletId: number;
    readonly localPath: string;
    readonly remotePath: string;
  }[];
}

export interface MoveTask {
  readonly type: "MOVE";
  readonly signature: number;
  readonly jobId: number;
  readonly tabletId: number;
  readonly localPath: string;
}

export interface ReleaseTask {
  readonly type: "RELEASE_SNAPSHOT";
  readonly signature: number;
  readonly jobId: number;
  readonly localPath: string;
}

export type AgentTask = SnapshotTask | UploadTask | DownloadTask | MoveTask | ReleaseTask;

export interface TaskDone {
  readonly backendId: number;
  readonly signature: number;
  readonly type: AgentTask["type"];
  /** Absent when the task succeeded. */
  readonly error?: string;
  /** Compaction removed the version before the snapshot (OLAP_VERSION_ALREADY_MERGED). */
  readonly alreadyMerged?: boolean;
  /** MAKE_SNAPSHOT. */
  readonly localPath?: string;
  readonly files?: readonly string[];
  /** UPLOAD: the names with md5, per tablet. */
  readonly uploaded?: Readonly<Record<string, readonly string[]>>;
}

export interface LoaderProgress {
  readonly jobId: number;
  readonly signature: number;
  readonly finished: number;
  readonly total: number;
}

export interface TabletStat {
  readonly tabletId: number;
  readonly version: number;
  readonly rowsets: number;
  readonly segments: number;
  readonly dataBytes: number;
}

/** One rowset: the segments of one load. Rowset ids and contents follow from the seed. */
export interface RowsetSpec {
  readonly segmentBytes: readonly number[];
}

/** What an FE asks of a BE. Every call rejects while the BE is down. */
export interface BackendPort {
  heartbeat(): Promise<void>;
  submitTasks(tasks: readonly AgentTask[]): Promise<void>;
  createTablet(tabletId: number): Promise<void>;
  dropTablets(tabletIds: readonly number[]): Promise<void>;
  tabletStats(): Promise<readonly TabletStat[]>;
}

/** What a BE asks of the leading FE. Every call rejects while there is none. */
export interface FrontendPort {
  finishTask(done: TaskDone): Promise<void>;
  /** The tasks the BE still has; the FE sends again what it misses there. */
  reportTasks(backendId: number, signatures: readonly number[]): Promise<void>;
  /** False: the job is gone, stop. */
  reportProgress(progress: LoaderProgress): Promise<boolean>;
}
