// StarRocks 3: a 3.1.4 based branch, main of December 2023 (recorded), 3.3.x, 3.4.0 and 3.5.x based ones.
import {
  BACKENDS_3_3,
  BACKENDS_3_4,
  COMPUTE_NODES_3_1,
  COMPUTE_NODES_3_3,
  COMPUTE_NODES_3_4,
  FRONTENDS_3_5,
} from "./profile-columns.ts";
import type { Profile } from "./profile.ts";
import { V2_5 } from "./profile-v2.ts";

const MIB = 1024 * 1024;

/** RBAC, JSON metadata, a task for each tablet, and BEs that wait for ever. */
export const V3_1: Profile = {
  name: "3.1",
  version: "3.1.4 0c4b2a3",
  sql: {
    ...V2_5.sql,
    propertiesRequired: false,
    brokerNameMayBeQuoted: true,
    snapshotIn: true,
    stringPartitionNames: true,
  },
  show: { ...V2_5.show, computeNodes: COMPUTE_NODES_3_1 },
  frontend: {
    ...V2_5.frontend,
    rbac: true,
    starrocksPrefix: true,
    brokerClientTimeoutMs: 120_000,
    tasksPerBackendMax: 0,
    infoTablets: "beside subPartitions",
    metaIsJson: true,
    starrocksMetaVersion: 4,
    emptyDatabaseText: (db) => `Database: ${db} is empty`,
    jvmTimeZone: "America/New_York",
    configuration: { run_mode: "shared_nothing" },
  },
  backend: { ...V2_5.backend, callTimeoutMs: 0 },
};

/** As it was seen running: nearly every error was 1064, no MemLimit and no Location yet. */
export const RECORDED: Profile = {
  ...V3_1,
  name: "recorded",
  version: "UNKNOWN 1f5a0c3",
  frontend: {
    ...V3_1.frontend,
    infoTablets: "partition",
    materializedViews: true,
    backupMaterializedViews: true,
    errorCodes: { unknownDatabase: 1064, unknownTable: 1064 },
    jvmTimeZone: "UTC",
  },
};

/** Also 3.3.1. */
export const V3_3_0: Profile = {
  ...V3_1,
  name: "3.3.0",
  version: "3.3.0 19a3f66",
  sql: { ...V3_1.sql, ipv6Brokers: true },
  show: { ...V3_1.show, backends: BACKENDS_3_3, computeNodes: COMPUTE_NODES_3_3 },
  frontend: {
    ...V3_1.frontend,
    brokerPerCall: true,
    materializedViews: true,
    backupMaterializedViews: true,
    errorCodes: { unknownDatabase: 5501, unknownTable: 5502 },
    jvmTimeZone: "UTC",
  },
};

/** #48856, a new connection pool, empty file lists. Late 3.3.x take list partitions and more workers. */
export const V3_3_2: Profile = {
  ...V3_3_0,
  name: "3.3.2",
  version: "3.3.2 857dd73",
  frontend: {
    ...V3_3_0.frontend,
    brokerPerCall: false,
    noBrokerThrows: true,
    infoListsFiles: false,
    configuration: { ...V3_1.frontend.configuration, enable_colocate_restore: "false" },
  },
};

/** The new syntax, views and functions, workers by cores, 4 MiB buffers. */
export const V3_4: Profile = {
  ...V3_3_2,
  name: "3.4",
  version: "3.4.0 e94580b",
  sql: { ...V3_3_2.sql, objectLists: true },
  show: {
    ...V3_3_2.show,
    backends: BACKENDS_3_4,
    computeNodes: COMPUTE_NODES_3_4,
    externalCatalogJob: true,
  },
  frontend: {
    ...V3_3_2.frontend,
    infoTablets: "subPartitions",
    listPartitions: true,
    ignoresTableCase: false,
    restoreCreatesDatabase: true,
  },
  backend: {
    ...V3_3_2.backend,
    retryOn: "any",
    retryDelayMs: 100,
    retryHasTimeout: true,
    bufferSizeBytes: 4 * MIB,
    workers: 4,
  },
};

/** Materialized views are left out unless the option is set. */
export const V3_5: Profile = {
  ...V3_4,
  name: "3.5",
  version: "3.5.3 6a7b8c9",
  show: { ...V3_4.show, frontends: FRONTENDS_3_5 },
  frontend: { ...V3_4.frontend, backupMaterializedViews: false },
};
