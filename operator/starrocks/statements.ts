// The SQL texts, one builder each, in the forms that every release from 2.5 on takes (§1.2 to §1.6). A builder
// quotes and checks all it is given and never asks StarRocks anything.
import type {
  BackupRequest,
  CreateRepositoryRequest,
  RestoreRequest,
  RestoreTable,
  TableSelection,
} from "./frontend.ts";
import {
  invalid,
  quoteAddress,
  quoteLabel,
  quoteName,
  quoteSnapshot,
  quoteText,
  quoteTimestamp,
  requireCount,
  shown,
} from "./quoting.ts";

/** BackupRestoreAnalyzer: `timeout must be at least 10 min`. */
export const JOB_TIMEOUT_MIN_S = 600;
/** 2.5 wants PROPERTIES in CREATE REPOSITORY (#26579); with a broker the FE reads none of them (§1.3). */
const HARMLESS_PROPERTIES = { "x-operator": "1" };

export const SHOW_BROKER = "SHOW BROKER";
export const SHOW_REPOSITORIES = "SHOW REPOSITORIES";
export const SHOW_FRONTENDS = "SHOW FRONTENDS";
export const SHOW_BACKENDS = "SHOW BACKENDS";
export const SHOW_COMPUTE_NODES = "SHOW COMPUTE NODES";
export const SHOW_DATABASES = "SHOW DATABASES";
export const SHOW_RUN_MODE = "ADMIN SHOW FRONTEND CONFIG LIKE 'run_mode'";
export const SHOW_VIEWS_MODE = "ADMIN SHOW FRONTEND CONFIG LIKE 'enable_backup_materialized_view'";
export const SELECT_VERSION = "SELECT current_version() AS version";
export const FORWARD_TO_LEADER = "SET forward_to_leader = true";
export const SET_ROLE_ALL = "SET ROLE ALL";
/** The zone in which 4.x prints whatever the session says (#66360): CreateTime reads alike on every FE. */
export const SET_TIME_ZONE = "SET time_zone = '+08:00'";

/** One address per statement: one that is there already fails the whole ADD (§1.2). */
export function addBroker(name: string, address: string): string {
  return `ALTER SYSTEM ADD BROKER ${quoteName("broker", name)} ${quoteAddress(address)}`;
}

/** DROP BROKER of the last address would leave the name behind (§1.2). */
export function dropAllBroker(name: string): string {
  return `ALTER SYSTEM DROP ALL BROKER ${quoteName("broker", name)}`;
}

export function createRepository(request: CreateRepositoryRequest): string {
  const { name, broker, location, readOnly, properties } = request;
  // Before #68764 (4.0.5) paths below it would have `//`.
  if (location.endsWith("/")) {
    throw invalid(`the repository location ${shown(location)} must not end in a slash`);
  }
  const given = Object.keys(properties).length === 0 ? HARMLESS_PROPERTIES : properties;
  return [
    `CREATE ${readOnly ? "READ ONLY " : ""}REPOSITORY ${quoteName("repository", name)}`,
    `WITH BROKER ${quoteName("broker", broker)}`,
    `ON LOCATION ${quoteText("repository location", location)}`,
    propertyList(given),
  ].join(" ");
}

export function dropRepository(name: string): string {
  return `DROP REPOSITORY ${quoteName("repository", name)}`;
}

/** The form before 3.4, which all versions take. */
export function backup(request: BackupRequest): string {
  const { database, label, repository, tables, timeoutSeconds } = request;
  const parts = [
    `BACKUP SNAPSHOT ${quoteName("database", database)}.${quoteLabel(label)}`,
    `TO ${quoteName("repository", repository)}`,
  ];
  // An empty list must never turn into no list, which is the whole database.
  if (tables?.length === 0) throw invalid("a BACKUP with an ON list needs a table in it");
  if (tables !== undefined) parts.push(`ON (${tables.map(selection).join(", ")})`);
  parts.push(propertyList({ type: "full", timeout: timeout(timeoutSeconds) }));
  return parts.join(" ");
}

/** The form before 3.4, which all versions take; from 3.4 on a missing database is created. */
export function restore(request: RestoreRequest): string {
  const { database, label, timestamp, repository, tables } = request;
  if (tables.length < 1) throw invalid("a RESTORE needs an ON list with a table in it");
  return [
    `RESTORE SNAPSHOT ${quoteName("database", database)}.${quoteSnapshot(label)}`,
    `FROM ${quoteName("repository", repository)}`,
    `ON (${tables.map(restoredSelection).join(", ")})`,
    `PROPERTIES ('backup_timestamp' = ${quoteTimestamp(timestamp)},`,
    `'replication_num' = '${requireCount("replicationNum", request.replicationNum, 1)}',`,
    `'timeout' = '${timeout(request.timeoutSeconds)}')`,
  ].join(" ");
}

export function cancel(kind: "backup" | "restore", database: string): string {
  return `CANCEL ${kind.toUpperCase()} FROM ${quoteName("database", database)}`;
}

/** Always FROM: without it old releases take the session's database, newer ones list every one (§1.6). */
export function showJobs(kind: "backup" | "restore", database: string): string {
  return `SHOW ${kind.toUpperCase()} FROM ${quoteName("database", database)}`;
}

export function showSnapshot(repository: string, label: string, timestamp?: string): string {
  quoteSnapshot(label);
  const which = timestamp === undefined ? "" : ` AND TIMESTAMP = ${quoteTimestamp(timestamp)}`;
  return `SHOW SNAPSHOT ON ${quoteName("repository", repository)} WHERE SNAPSHOT = '${label}'${which}`;
}

export function showTables(database: string): string {
  return `SHOW TABLES FROM ${quoteName("database", database)}`;
}

export function selectTables(database: string): string {
  return select(["TABLE_NAME", "TABLE_TYPE", "ENGINE"], "tables", { TABLE_SCHEMA: database });
}

export function selectTablesConfig(database: string): string {
  return select(["TABLE_NAME", "TABLE_ENGINE"], "tables_config", { TABLE_SCHEMA: database });
}

export function selectTableIds(database: string): string {
  return select(["TABLE_NAME", "TABLE_ID"], "tables_config", { TABLE_SCHEMA: database });
}

export function selectTableProperties(database: string, table: string): string {
  const where = { TABLE_SCHEMA: database, TABLE_NAME: table };
  return select(["TABLE_NAME", "PROPERTIES"], "tables_config", where);
}

export function selectMaterializedViews(database: string): string {
  const columns = ["TABLE_NAME", "REFRESH_TYPE"];
  return select(columns, "materialized_views", { TABLE_SCHEMA: database });
}

export function selectPartitions(database: string, table: string): string {
  const columns = ["PARTITION_NAME", "REPLICATION_NUM", "IS_TEMP"];
  return select(columns, "partitions_meta", { DB_NAME: database, TABLE_NAME: table });
}

function select(
  columns: readonly string[],
  view: string,
  where: Readonly<Record<string, string>>,
): string {
  const conditions = Object.entries(where).map(([key, value]) => {
    // The same rules as for a name in a statement, so that a database refused there is refused here.
    quoteName(key === "TABLE_NAME" ? "table" : "database", value);
    return `${key} = ${quoteText("name", value)}`;
  });
  return `SELECT ${columns.join(", ")} FROM information_schema.${view} WHERE ${conditions.join(" AND ")}`;
}

function selection({ name, partitions }: TableSelection): string {
  const table = quoteName("table", name);
  if (partitions.length === 0) return table;
  return `${table} PARTITION (${partitions.map((p) => quoteName("partition", p)).join(", ")})`;
}

function restoredSelection(table: RestoreTable): string {
  if (table.as === undefined) return selection(table);
  return `${selection(table)} AS ${quoteName("table", table.as)}`;
}

function timeout(seconds: number): string {
  return requireCount("the job's timeout in seconds", seconds, JOB_TIMEOUT_MIN_S);
}

function propertyList(properties: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(properties).map(
    ([key, value]) => `${quoteText("property", key)} = ${quoteText("property value", value)}`,
  );
  return `PROPERTIES (${pairs.join(", ")})`;
}
