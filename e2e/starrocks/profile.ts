// What differs between StarRocks releases, as data: a further release is a further entry in profile-v*.ts
// and no `if` elsewhere. This is the shape of an entry; profiles.ts finds one by its name. Facts:
// BackupRestoreAnalyzer, Repository, BlobStorage, BackupJobInfo (FE), snapshot_loader.cpp and
// fs_broker.cpp (BE) of the branches named in each entry.
//
// A profile must never be kinder than its release: where a fact is only inferred, the harsher reading
// stands in its entry.

export interface SqlProfile {
  /** 3.4+: `DATABASE … AS`, object lists, views and functions (BackupRestoreAnalyzer). */
  readonly objectLists: boolean;
  /** 2.5: CREATE REPOSITORY needs PROPERTIES and an identifier as broker name (#26579). */
  readonly propertiesRequired: boolean;
  readonly brokerNameMayBeQuoted: boolean;
  /** 3.0+ (#17526). */
  readonly snapshotIn: boolean;
  /** 3.1+; 2.5 takes identifiers only. */
  readonly stringPartitionNames: boolean;
  /** 3.3+ (#41479). */
  readonly ipv6Brokers: boolean;
  /** 4.2+ (#78092): DROP SNAPSHOT, and BACKUP's property `ttl`. */
  readonly dropSnapshot: boolean;
}

/** Numbers in the MySQL error packet; a client that reads them is wrong in the next release. */
export interface ErrorCodes {
  readonly unknownDatabase: number;
  readonly unknownTable: number;
}

export interface FrontendProfile {
  /** 3.0+ privileges; 2.5 has NODE, ADMIN and LOAD. */
  readonly rbac: boolean;
  /** #16245: asks for `__palo_repository_` first, then `__starrocks_repository_`; before: palo only. */
  readonly starrocksPrefix: boolean;
  /** #68764 (4.0.5): a trailing slash of LOCATION is dropped; before, paths have `//`. */
  readonly stripsTrailingSlash: boolean;
  /** `broker_client_timeout_ms`: 10 s before #12948. */
  readonly brokerClientTimeoutMs: number;
  /** 3.3.0 and 3.3.1 (#48292): every single call picks a broker anew, also those on one descriptor. */
  readonly brokerPerCall: boolean;
  /** 3.3.2+: no alive broker is a SemanticException thrown out of the job, not a Status. */
  readonly noBrokerThrows: boolean;
  /** 0 means one task per tablet (#24109); before at most three tasks per BE. */
  readonly tasksPerBackendMax: number;
  /** Before #47200 `__info` lists every tablet's files. */
  readonly infoListsFiles: boolean;
  /** Where `__info` has a partition's tablets: in itself, or in its physical partitions. */
  readonly infoTablets: "partition" | "beside subPartitions" | "subPartitions";
  /** 4.2+: cluster id, end, ttl and expiry in `__info`, and more columns in SHOW SNAPSHOT. */
  readonly infoHasExpiry: boolean;
  /** ≤ 3.0 `__meta` is binary; later 4-byte length and JSON. */
  readonly metaIsJson: boolean;
  readonly metaVersion: number;
  readonly starrocksMetaVersion: number;
  /** 3.2+; before, an asynchronous materialized view is no OLAP table. */
  readonly materializedViews: boolean;
  /** Value of `enable_backup_materialized_view`; undefined where the option does not exist. */
  readonly backupMaterializedViews: boolean | undefined;
  /** #51993: list-partitioned tables are taken. */
  readonly listPartitions: boolean;
  /** Before #51068 the analyzer takes `T1` and `t1` for one table. */
  readonly ignoresTableCase: boolean;
  /** 3.4+: a database that is missing is created by RESTORE. */
  readonly restoreCreatesDatabase: boolean;
  readonly emptyDatabaseText: (db: string) => string;
  readonly errorCodes: ErrorCodes;
  /** Zone of the FE's JVM, in which snapshots' timestamps are: a matter of the machine, so any will do. */
  readonly jvmTimeZone: string;
  /** Options that this release has and others do not. */
  readonly configuration: Readonly<Record<string, string>>;
}

export interface BackendProfile {
  /** Open, pread, pwrite, close, exists, size; 0 = none (static initializer before be.conf, 3.1+). */
  readonly callTimeoutMs: number;
  /** Directory listPath and renamePath. */
  readonly directoryTimeoutMs: number;
  /** What a repeat follows: transport errors only (≤ 3.3) or any thrift exception (3.4+). */
  readonly retryOn: "transport" | "any";
  readonly retryDelayMs: number;
  /** ≤ 3.3: the socket of a repeat has no timeout at all; an agent that hangs keeps the worker. */
  readonly retryHasTimeout: boolean;
  /** upload_buffer_size, download_buffer_size. */
  readonly bufferSizeBytes: number;
  /** upload_worker_count, download_worker_count; 3.4+: one per core (#52111). */
  readonly workers: number;
  readonly snapshotWorkers: number;
  /**
   * 4.2+ (#77732): `__starrocks_snapshot_manifest` in each tablet's folder, and a download that lacks a file
   * of it fails. Before, nobody notices and the table is half restored.
   */
  readonly tabletManifest: boolean;
}

export interface ShowProfile {
  readonly frontends: readonly string[];
  readonly backends: readonly string[];
  readonly computeNodes: readonly string[];
  readonly snapshots: readonly string[];
  readonly snapshotDetails: readonly string[];
  /** 4.x (#66360): times are printed in this zone, whatever the session says. */
  readonly timeZone: string | undefined;
  /** 3.4+: SHOW BACKUP and SHOW RESTORE add the job of external catalogs, whatever FROM says. */
  readonly externalCatalogJob: boolean;
}

export interface Profile {
  readonly name: ProfileName;
  /** What `SELECT current_version()` answers. */
  readonly version: string;
  readonly sql: SqlProfile;
  readonly show: ShowProfile;
  readonly frontend: FrontendProfile;
  readonly backend: BackendProfile;
}

/** Releases that users run, oldest first. 3.3.2 stands for all of 3.3 from there on. */
export const RELEASES = ["2.5", "3.1", "3.3.0", "3.3.2", "3.4", "3.5", "4.1", "4.2"] as const;

export type Release = (typeof RELEASES)[number];

/** `recorded`: the build of December 2023 behind the recorded transcripts; it does not tell its version. */
export type ProfileName = Release | "recorded";
