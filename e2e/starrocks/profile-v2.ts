// StarRocks 2: main of December 2022, about 2.5.0. Later 2.5.x may be kinder.
import {
  BACKENDS,
  COMPUTE_NODES,
  FRONTENDS,
  SNAPSHOT_DETAILS,
  SNAPSHOTS,
} from "./profile-columns.ts";
import type { Profile } from "./profile.ts";

const MIB = 1024 * 1024;

export const V2_5: Profile = {
  name: "2.5",
  version: "2.5.0 8c1d2f4",
  sql: {
    objectLists: false,
    propertiesRequired: true,
    brokerNameMayBeQuoted: false,
    snapshotIn: false,
    stringPartitionNames: false,
    ipv6Brokers: false,
    dropSnapshot: false,
  },
  show: {
    frontends: FRONTENDS,
    backends: BACKENDS,
    computeNodes: COMPUTE_NODES,
    snapshots: SNAPSHOTS,
    snapshotDetails: SNAPSHOT_DETAILS,
    timeZone: undefined,
    externalCatalogJob: false,
  },
  frontend: {
    rbac: false,
    starrocksPrefix: false,
    stripsTrailingSlash: false,
    brokerClientTimeoutMs: 10_000,
    brokerPerCall: false,
    noBrokerThrows: false,
    tasksPerBackendMax: 3,
    infoListsFiles: true,
    infoTablets: "partition",
    infoHasExpiry: false,
    metaIsJson: false,
    metaVersion: 92,
    starrocksMetaVersion: 3,
    materializedViews: false,
    backupMaterializedViews: undefined,
    listPartitions: false,
    ignoresTableCase: true,
    restoreCreatesDatabase: false,
    emptyDatabaseText: () => "Table not found.",
    errorCodes: { unknownDatabase: 1049, unknownTable: 1051 },
    jvmTimeZone: "Asia/Shanghai",
    configuration: {},
  },
  backend: {
    callTimeoutMs: 10_000,
    directoryTimeoutMs: 30_000,
    retryOn: "transport",
    retryDelayMs: 1_000,
    retryHasTimeout: false,
    bufferSizeBytes: MIB,
    workers: 1,
    snapshotWorkers: 5,
    tabletManifest: false,
  },
};
