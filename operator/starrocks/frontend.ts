// What the operator says to StarRocks and hears from it, as typed verbs. `open.ts` and the SQL behind
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

/**
 * One row of SHOW BROKER: one address of one broker. Liveness is the leader's heartbeat: a new broker is
 * alive after up to 5 s, a dead one is called so after four failed heartbeats, 20 s and more (§4.9, §11).
 */
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
  /** Of the leader's ping every 10 min; empty says nothing about now (§11: stayed empty with all brokers dead). */
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

/**
 * A row of SHOW BACKUP or SHOW RESTORE. The JobId is not in it: it changes while the job runs. A failed task
 * does not fail a job (§2.4): a stalled one shows its state, `ok`, and nothing that moves. Only a state of
 * CANCELLED is a failure, with `statusText` as its reason: `classifyJobEnd` of `errors.ts` reads it. In
 * UPLOAD_INFO a status that is not `ok` is repeated every 3 s and may heal (§2.3).
 */
export interface JobRow {
  readonly kind: "backup" | "restore";
  readonly database: string;
  readonly label: string;
  /** Restore only: the backup timestamp. */
  readonly timestamp: string | undefined;
  /** Unknown states of newer releases are kept as they are. */
  readonly state: BackupState | RestoreState | (string & {});
  /** From the job's first run on; it changes when a job is begun anew, so it is no identity. */
  readonly jobId: number | undefined;
  /** CreateTime as printed, never parsed: tells two jobs of one label apart. */
  readonly createdAt: string;
  /** Restore: all files are downloaded, so COMMIT may have begun, also in a job that is CANCELLED by now. */
  readonly downloaded: boolean;
  /** Entries of UnfinishedTasks; 0 in states that have none, and on an FE that does not lead. */
  readonly unfinishedTasks: number;
  /** Distinct texts of TaskErrMsg; may be old, also in a FINISHED job (starrocks.md §1.9). At most 5. */
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
  /** Verbatim, as RESTORE wants them. Empty: no snapshot of this label is visible. */
  readonly timestamps: readonly string[];
  /** `OK`, or what is wrong: `ERROR: no snapshot`, `Invalid: <file name>`. */
  readonly status: string;
}

/** SHOW SNAPSHOT of a label and timestamp: what is in it. */
export interface SnapshotDetails {
  readonly database: string;
  /** With every partition by name; views have none. */
  readonly tables: readonly TableSelection[];
}

/**
 * One StarRocks, seen by one user.
 *
 * Flow: every verb runs on the leader, one statement at a time, and finds the leader again after a change. It
 * repeats over lost connections and over an FE's stale broker sockets (§12.3: six in a row were seen).
 *
 * Guarantees: verbs may be repeated, but for `backup` and `restore`, which reach StarRocks at most once per call.
 * What they reject with is a refusal that left nothing behind, with one exception: reason `OutcomeUnknown`, after
 * which the job may or may not run. Names are quoted; what cannot be a name is refused with `RequestInvalid`.
 *
 * Assumptions: one job per database, of whatever user (§9); somebody else's is not told apart here, labels do
 * that. The leader's address, as SHOW FRONTENDS tells it, can be reached from here: nobody else is asked, as a
 * follower lags (§1.10). While it cannot, every verb rejects with `FrontendUnreachable`.
 *
 * Errors: {@link FrontendError}, always.
 */
export interface Frontend {
  facts(): Promise<ClusterFacts>;
  brokers(): Promise<readonly BrokerRow[]>;
  repositories(): Promise<readonly RepositoryRow[]>;
  /**
   * Fine when it is there already. Other addresses of the name stay: a call may take any of them (§4.9), so drop
   * the name first. Runs as the mount user when there is one.
   */
  addBroker(name: string, address: string): Promise<void>;
  /**
   * All addresses of the name. Fine when it is not there. StarRocks allows it while a job runs: its uploads go on
   * and UPLOAD_INFO then waits until the broker is back (§12.6). Runs as the mount user when there is one.
   */
  dropBroker(name: string): Promise<void>;
  /**
   * Fine when an entry of that name, location, broker and read-only flag is there; its properties cannot be
   * seen. Needs an alive broker that answers: `BrokerNotAlive` and `BrokerCallFailed` heal.
   */
  createRepository(request: CreateRepositoryRequest): Promise<void>;
  /** Fine when it is not there. `RepositoryBusy` while a job uses it. */
  dropRepository(name: string): Promise<void>;
  /** Without StarRocks' own ones. From 3.0 on only those the user has any right on. */
  databases(): Promise<readonly string[]>;
  /**
   * Undefined: no such database. A table on which the user has no right at all is not in the list; when that is
   * true of every one and can be told, this rejects with `RightMissing`.
   */
  tables(database: string): Promise<readonly TableInfo[] | undefined>;
  /**
   * Ids of a database's tables by name, which come from the same growing number as those of jobs. A table on which
   * the user has no right is not among them; empty where this release does not tell.
   */
  tableIds(database: string): Promise<ReadonlyMap<string, number>>;
  /**
   * Names of a table's partitions, without temporary ones; a table without partitions has one of its own name.
   * Undefined where this release does not tell (before 3.1); empty for a table that `tables` does not show.
   */
  partitions(database: string, table: string): Promise<readonly string[] | undefined>;
  /**
   * Whether a BACKUP without an ON list takes materialized views along. Undefined where that is not told: before
   * 3.2, which cannot, and to a user without OPERATE.
   */
  takesMaterializedViews(): Promise<boolean | undefined>;
  /**
   * How many replicas the existing partitions of a table have; undefined where that is not told, or where
   * they differ. RESTORE onto it is CANCELLED unless its `replicationNum` is the same (§11 rule 11).
   */
  replication(database: string, table: string): Promise<number | undefined>;
  /**
   * The last backup or the last restore of a database: StarRocks remembers one job per database, of either kind,
   * so after a restore the backup is gone (§1.10). At most one row is expected, two are taken. An empty answer is
   * no proof: a missing EXPORT right on one table of the job empties it too, and FINISHED ones leave after days.
   * With a kind: of that kind alone, which is one statement instead of two.
   */
  jobs(database: string, kind?: JobRow["kind"]): Promise<readonly JobRow[]>;
  /** A label is burnt by its first uploaded byte, also when the job fails: `LabelInUse` (§2.2). */
  backup(request: BackupRequest): Promise<void>;
  /** An alias must be a free name: onto an existing table the job is CANCELLED whatever its schema (§1.5). */
  restore(request: RestoreRequest): Promise<void>;
  /** Fine when nothing runs. A job is CANCELLED at once; BEs may go on writing for a while (§2.3). */
  cancel(kind: "backup" | "restore", database: string): Promise<void>;
  /**
   * Rejects with `BrokerCallFailed` or `BrokerNotAlive` when the FE could not look, so an answer without
   * timestamps does mean that there is no visible snapshot.
   */
  snapshot(repository: string, label: string): Promise<SnapshotRow>;
  /** Rejects with `SnapshotNotFound` or `SnapshotDamaged` when it cannot be read. */
  snapshotDetails(repository: string, label: string, timestamp: string): Promise<SnapshotDetails>;
  /** Ends the connections at once; what runs or waits is rejected, and so is every later verb. */
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
  /** No FE answers, none leads, or too many statements wait here. Heals. */
  | "FrontendUnreachable"
  /** Before any FE is asked: the StarRocksCluster that a Repository names tells no address. The message says why. */
  | "StarRocksOperatorMissing"
  | "ClusterNotFound"
  | "ClusterForbidden"
  /** Heals. */
  | "ClusterNotReady"
  | "FrontendServiceMissing"
  /** The user or the password is wrong. */
  | "AccessDenied"
  /** A right is missing; the message holds the GRANT to run. */
  | "RightMissing"
  /** The connection was lost, or no answer came, after BACKUP or RESTORE was sent. Never repeat it blindly. */
  | "OutcomeUnknown"
  /** The label's folder exists in the repository, from whatever job or cluster: take another label. */
  | "LabelInUse"
  /** Another job runs in the database. Heals. */
  | "DatabaseBusy"
  /** Another job is being submitted, anywhere in StarRocks. Heals. */
  | "SubmissionBusy"
  | "RepositoryMissing"
  /** An entry of the name is there, with another location, broker or read-only flag. */
  | "RepositoryExists"
  | "RepositoryReadOnly"
  /** A job uses the repository. Heals. */
  | "RepositoryBusy"
  /** No address of the broker is alive, or the name is not there. Heals within a heartbeat (5 s) of its agents. */
  | "BrokerNotAlive"
  /** The FE's call to our agent failed (storage, network, token): the agent's text is in the message. */
  | "BrokerCallFailed"
  | "SnapshotNotFound"
  | "SnapshotDamaged"
  /** A database, table or partition, here or in the snapshot. */
  | "ObjectNotFound"
  /** This release cannot back up or restore it. */
  | "ObjectUnsupported"
  | "SharedData"
  | "DatabaseEmpty"
  /** A name or number that StarRocks can never take, or SQL that it does not understand: our mistake. */
  | "RequestInvalid"
  /** Anything else that StarRocks says. Counted as healing, as every unknown error is. */
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
