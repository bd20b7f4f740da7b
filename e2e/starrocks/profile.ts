// What differs between StarRocks releases, as data: a further version is a further entry here and no
// `if` elsewhere. Facts: BackupRestoreAnalyzer, Repository, BlobStorage (FE), snapshot_loader.cpp and
// fs_broker.cpp (BE) of the branches named in each entry.
//
// A profile must never be kinder than its release: where a fact is only inferred, the harsher reading
// stands here.

export type ProfileName = "2.5" | "3.3" | "3.5";

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
}

export interface FrontendProfile {
  /** 3.0+ privileges; 2.5 has NODE, ADMIN and LOAD. */
  readonly rbac: boolean;
  /** #16245: asks for `__palo_repository_` first, then `__starrocks_repository_`; before: palo only. */
  readonly starrocksPrefix: boolean;
  /** `broker_client_timeout_ms`: 10 s before #12948. */
  readonly brokerClientTimeoutMs: number;
  /** 3.3.2+: no alive broker is a SemanticException thrown out of the job, not a Status. */
  readonly noBrokerThrows: boolean;
  /** 0 means one task per tablet (#24109); before at most three tasks per BE. */
  readonly tasksPerBackendMax: number;
  /** Before #47200 `__info` lists every tablet's files. */
  readonly infoListsFiles: boolean;
  /** ≤ 3.0 `__meta` is binary; later 4-byte length and JSON. */
  readonly metaIsJson: boolean;
  readonly metaVersion: number;
  readonly starrocksMetaVersion: number;
  /** Value of `enable_backup_materialized_view`; undefined where the option does not exist. */
  readonly backupMaterializedViews: boolean | undefined;
  /** Before #51068 the analyzer takes `T1` and `t1` for one table. */
  readonly ignoresTableCase: boolean;
  /** 3.4+: a database that is missing is created by RESTORE. */
  readonly restoreCreatesDatabase: boolean;
  readonly emptyDatabaseText: (db: string) => string;
}

export interface BackendProfile {
  /** Open, pread, pwrite, close, exists, size; 0 = none (static initializer before be.conf, 3.1+). */
  readonly callTimeoutMs: number;
  /** Directory listPath and renamePath. */
  readonly directoryTimeoutMs: number;
  /** What a repeat follows: transport errors only (≤ 3.3) or any thrift exception (3.4+). */
  readonly retryOn: "transport" | "any";
  readonly retryDelayMs: number;
  /** upload_buffer_size, download_buffer_size. */
  readonly bufferSizeBytes: number;
  /** upload_worker_count, download_worker_count; 3.4+: one per core (#52111). */
  readonly workers: number;
  readonly snapshotWorkers: number;
}

export interface ShowProfile {
  readonly frontends: readonly string[];
  readonly backends: readonly string[];
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

const FRONTEND_COLUMNS = [
  "Name",
  "IP",
  "EditLogPort",
  "HttpPort",
  "QueryPort",
  "RpcPort",
  "Role",
  "ClusterId",
  "Join",
  "Alive",
  "ReplayedJournalId",
  "LastHeartbeat",
  "IsHelper",
  "ErrMsg",
  "StartTime",
  "Version",
] as const;

const BACKEND_COLUMNS_START = [
  "BackendId",
  "IP",
  "HeartbeatPort",
  "BePort",
  "HttpPort",
  "BrpcPort",
  "LastStartTime",
  "LastHeartbeat",
  "Alive",
  "SystemDecommissioned",
  "ClusterDecommissioned",
  "TabletNum",
  "DataUsedCapacity",
  "AvailCapacity",
  "TotalCapacity",
  "UsedPct",
  "MaxDiskUsedPct",
  "ErrMsg",
  "Version",
  "Status",
  "DataTotalCapacity",
  "DataUsedPct",
  "CpuCores",
] as const;
const BACKEND_COLUMNS_LOAD = ["NumRunningQueries", "MemUsedPct", "CpuUsedPct"] as const;

const MIB = 1024 * 1024;

const V2_5: Profile = {
  name: "2.5",
  version: "2.5.0 8c1d2f4",
  sql: {
    objectLists: false,
    propertiesRequired: true,
    brokerNameMayBeQuoted: false,
    snapshotIn: false,
    stringPartitionNames: false,
    ipv6Brokers: false,
  },
  show: {
    frontends: FRONTEND_COLUMNS,
    backends: [...BACKEND_COLUMNS_START, ...BACKEND_COLUMNS_LOAD],
  },
  frontend: {
    rbac: false,
    starrocksPrefix: false,
    brokerClientTimeoutMs: 10_000,
    noBrokerThrows: false,
    tasksPerBackendMax: 3,
    infoListsFiles: true,
    metaIsJson: false,
    metaVersion: 92,
    starrocksMetaVersion: 3,
    backupMaterializedViews: undefined,
    ignoresTableCase: true,
    restoreCreatesDatabase: false,
    emptyDatabaseText: () => "Table not found.",
  },
  backend: {
    callTimeoutMs: 10_000,
    directoryTimeoutMs: 30_000,
    retryOn: "transport",
    retryDelayMs: 1_000,
    bufferSizeBytes: MIB,
    workers: 1,
    snapshotWorkers: 5,
  },
};

/** The release of the recorded transcripts: main of December 2023. */
const V3_3: Profile = {
  name: "3.3",
  version: "UNKNOWN 1f5a0c3",
  sql: {
    ...V2_5.sql,
    propertiesRequired: false,
    brokerNameMayBeQuoted: true,
    snapshotIn: true,
    stringPartitionNames: true,
  },
  // The running FE of December 2023 showed no MemLimit and no Location yet.
  show: V2_5.show,
  frontend: {
    ...V2_5.frontend,
    rbac: true,
    starrocksPrefix: true,
    brokerClientTimeoutMs: 120_000,
    tasksPerBackendMax: 0,
    metaIsJson: true,
    metaVersion: 92,
    starrocksMetaVersion: 4,
    backupMaterializedViews: true,
    emptyDatabaseText: (db) => `Database: ${db} is empty`,
  },
  backend: { ...V2_5.backend, callTimeoutMs: 0 },
};

const V3_5: Profile = {
  name: "3.5",
  version: "3.5.3 6a7b8c9",
  sql: { ...V3_3.sql, objectLists: true, ipv6Brokers: true },
  show: {
    frontends: ["Id", ...FRONTEND_COLUMNS],
    backends: [
      ...BACKEND_COLUMNS_START,
      "MemLimit",
      ...BACKEND_COLUMNS_LOAD,
      "DataCacheMetrics",
      "Location",
      "StatusCode",
    ],
  },
  frontend: {
    ...V3_3.frontend,
    noBrokerThrows: true,
    infoListsFiles: false,
    ignoresTableCase: false,
    restoreCreatesDatabase: true,
    backupMaterializedViews: false,
  },
  backend: {
    ...V3_3.backend,
    retryOn: "any",
    retryDelayMs: 100,
    bufferSizeBytes: 4 * MIB,
    workers: 4,
  },
};

const PROFILES: Readonly<Record<ProfileName, Profile>> = { "2.5": V2_5, "3.3": V3_3, "3.5": V3_5 };

export function isProfileName(name: string): name is ProfileName {
  return Object.hasOwn(PROFILES, name);
}

export function profileOf(name: ProfileName): Profile {
  return PROFILES[name];
}
