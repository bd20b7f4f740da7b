// What the operator says to StarRocks and hears from it, as typed verbs. `connection.ts` and the SQL behind
// it are the real one; `testing/fake-frontend.ts` is the same contract in memory. Nothing here knows Kubernetes.

/** One FE row of SHOW FRONTENDS. */
export interface FrontendNode {
  readonly name: string;
  readonly host: string;
  readonly queryPort: number;
  readonly leads: boolean;
  readonly alive: boolean;
}

/** One row of SHOW BACKENDS. */
export interface BackendNode {
  readonly id: string;
  /** As registered: an address or a name. */
  readonly host: string;
  readonly alive: boolean;
  readonly decommissioned: boolean;
}

export type RunMode = "shared_nothing" | "shared_data" | "unknown";

export interface Version {
  /** As StarRocks says it, e.g. `3.5.3 6a7b8c9`. */
  readonly text: string;
  /** Undefined for own builds that do not say. */
  readonly numbers: readonly [major: number, minor: number, patch: number] | undefined;
}

export interface ClusterFacts {
  readonly version: Version;
  readonly runMode: RunMode;
  readonly frontends: readonly FrontendNode[];
  readonly backends: readonly BackendNode[];
}

/** One row of SHOW BROKER: one address of one broker. */
export interface BrokerRow {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly alive: boolean;
  readonly error: string;
}

export interface RepositoryRow {
  readonly name: string;
  readonly readOnly: boolean;
  readonly location: string;
  readonly broker: string;
  readonly error: string;
}

export type BackupState =
  | "PENDING"
  | "SNAPSHOTING"
  | "UPLOAD_SNAPSHOT"
  | "UPLOADING"
  | "SAVE_META"
  | "UPLOAD_INFO"
  | "FINISHED"
  | "CANCELLED";
export type RestoreState =
  | "PENDING"
  | "SNAPSHOTING"
  | "DOWNLOAD"
  | "DOWNLOADING"
  | "COMMIT"
  | "COMMITTING"
  | "FINISHED"
  | "CANCELLED";

/** A row of SHOW BACKUP or SHOW RESTORE. The JobId is not in it: it changes while the job runs. */
export interface JobRow {
  readonly kind: "backup" | "restore";
  readonly database: string;
  readonly label: string;
  /** Restore only: the backup timestamp. */
  readonly timestamp: string | undefined;
  /** Unknown states of newer releases are kept as they are. */
  readonly state: BackupState | RestoreState | (string & {});
  /** CreateTime as printed, never parsed: tells two jobs of one label apart. */
  readonly createdAt: string;
  /** Entries of UnfinishedTasks. */
  readonly unfinishedTasks: number;
  /** Texts of TaskErrMsg; may be old, also in a FINISHED job (starrocks.md §1.9). At most 5. */
  readonly taskErrors: readonly string[];
  readonly ok: boolean;
  /** `[COMMON_ERROR, msg: user cancelled]` → code and text. */
  readonly statusCode: string;
  readonly statusText: string;
}

export type TableKind = "table" | "materializedView" | "view" | "other";

export interface TableInfo {
  readonly name: string;
  readonly kind: TableKind;
  /** `StarRocks`, `OLAP`, `CLOUD_NATIVE`, `MYSQL`… as StarRocks names it. */
  readonly engine: string;
}

export interface TableSelection {
  readonly name: string;
  /** Empty: the whole table. */
  readonly partitions: readonly string[];
}

export interface BackupRequest {
  readonly database: string;
  readonly label: string;
  readonly repository: string;
  /** Absent: no ON list. */
  readonly tables?: readonly TableSelection[];
  readonly timeoutSeconds: number;
}

export interface RestoreTable extends TableSelection {
  /** Restored under this name. */
  readonly as?: string;
}

export interface RestoreRequest {
  /** The database restored into. */
  readonly database: string;
  readonly label: string;
  readonly timestamp: string;
  readonly repository: string;
  /** Always said: an ON list is what keeps a Restore from tables nobody named. */
  readonly tables: readonly [RestoreTable, ...RestoreTable[]];
  readonly replicationNum: number;
  readonly timeoutSeconds: number;
}

/** SHOW SNAPSHOT of one label. */
export interface SnapshotRow {
  readonly label: string;
  readonly timestamps: readonly string[];
  /** `OK`, or what is wrong. */
  readonly status: string;
}

/** SHOW SNAPSHOT of a label and timestamp: what is in it. */
export interface SnapshotDetails {
  readonly database: string;
  readonly tables: readonly TableSelection[];
}

/**
 * One StarRocks, seen by one user. Every verb runs on the leader and finds it again after a change. It
 * repeats over stale connections and over an FE's stale broker sockets (§12.3: six in a row were seen).
 * Verbs that may be repeated are; `backup` and `restore` are sent once per call: after a lost connection
 * they reject with reason `OutcomeUnknown`, and the caller looks at the job.
 * Rejections are {@link FrontendError}. One statement at a time.
 */
export interface Frontend {
  facts(): Promise<ClusterFacts>;
  brokers(): Promise<readonly BrokerRow[]>;
  repositories(): Promise<readonly RepositoryRow[]>;
  /** Fine when it is there already. */
  addBroker(name: string, address: string): Promise<void>;
  /** All addresses of the name. Fine when it is not there. */
  dropBroker(name: string): Promise<void>;
  /** Fine when an entry of that name, location and broker is there. */
  createRepository(request: CreateRepositoryRequest): Promise<void>;
  /** Fine when it is not there. */
  dropRepository(name: string): Promise<void>;
  databases(): Promise<readonly string[]>;
  /** Undefined: no such database. */
  tables(database: string): Promise<readonly TableInfo[] | undefined>;
  /** Names of a table's partitions; undefined where this release or the user's rights do not tell. */
  partitions(database: string, table: string): Promise<readonly string[] | undefined>;
  /** How many replicas each existing partition of a table has; undefined where that is not told. */
  replication(database: string, table: string): Promise<number | undefined>;
  /** The last backup and the last restore of a database that StarRocks still remembers and this user sees. */
  jobs(database: string): Promise<readonly JobRow[]>;
  backup(request: BackupRequest): Promise<void>;
  restore(request: RestoreRequest): Promise<void>;
  /** Fine when nothing runs. */
  cancel(kind: "backup" | "restore", database: string): Promise<void>;
  snapshot(repository: string, label: string): Promise<SnapshotRow>;
  snapshotDetails(repository: string, label: string, timestamp: string): Promise<SnapshotDetails>;
  close(): Promise<void>;
}

export interface CreateRepositoryRequest {
  readonly name: string;
  readonly broker: string;
  readonly location: string;
  readonly readOnly: boolean;
  /** Properties that the FE sends with every broker call. */
  readonly properties: Readonly<Record<string, string>>;
}

/** Why StarRocks said no; `operator/starrocks/errors.ts` makes it from texts. */
export type FrontendReason =
  /** No FE answers, or none leads. Heals. */
  | "FrontendUnreachable"
  /** The user or the password is wrong. */
  | "AccessDenied"
  /** A right is missing; the message holds the GRANT to run. */
  | "RightMissing"
  /** The connection was lost after BACKUP or RESTORE was sent. */
  | "OutcomeUnknown"
  | "LabelInUse"
  | "DatabaseBusy"
  | "SubmissionBusy"
  | "RepositoryMissing"
  | "RepositoryExists"
  | "RepositoryReadOnly"
  | "RepositoryBusy"
  | "BrokerNotAlive"
  /** The FE's call to our agent failed (storage, network, token): the agent's text is in the message. */
  | "BrokerCallFailed"
  | "SnapshotNotFound"
  | "SnapshotDamaged"
  | "ObjectNotFound"
  | "ObjectUnsupported"
  | "SharedData"
  | "DatabaseEmpty"
  | "RequestInvalid"
  /** Anything else that StarRocks says. */
  | "StatementFailed";

/** A refusal of StarRocks. `heals`: worth repeating as it is. */
export class FrontendError extends Error {
  override readonly name = "FrontendError" as const;
  readonly reason: FrontendReason;
  readonly heals: boolean;

  constructor(reason: FrontendReason, heals: boolean, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.heals = heals;
  }
}
