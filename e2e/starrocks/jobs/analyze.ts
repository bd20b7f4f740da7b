// What the analyzers say about BACKUP and RESTORE before anything is asked of a broker
// (BackupRestoreAnalyzer): names looked up, properties read, objects expanded.
import { findTable, isOlap, type Database, type Table } from "../catalog.ts";
import type { FrontendProfile, Profile } from "../profile.ts";
import { AnalysisError, unknownDatabase } from "../sql/errors.ts";
import type {
  BackupStatement,
  ObjectKind,
  ObjectList,
  ObjectRef,
  Properties,
  RestoreStatement,
} from "../sql/statement.ts";
import type { BackupObject } from "./backup-job.ts";

const DEFAULT_REPLICATION = 3;
const TIMEOUT_MIN_S = 600;

/** What an analyzer needs to know of its FE and session. */
export interface AnalyzerContext {
  readonly databases: readonly Database[];
  readonly sessionDb: string | undefined;
  readonly profile: Profile;
  hasRepository(name: string): boolean;
  config(key: string): string;
}

export interface AnalyzedBackup {
  readonly database: Database;
  readonly label: string;
  readonly repository: string;
  readonly objects: readonly BackupObject[];
  readonly functions: readonly string[];
  readonly timeoutMs: number;
  readonly ttl: string;
}

export interface AnalyzedRestore {
  readonly statement: RestoreStatement;
  /** Undefined: the snapshot's (3.4+). */
  readonly targetDb: string | undefined;
  readonly timestamp: string;
  readonly replicationNum: number;
  readonly allowLoad: boolean;
  readonly timeoutMs: number;
}

export function analyzeBackup(
  statement: BackupStatement,
  context: AnalyzerContext,
): AnalyzedBackup {
  const database = requireDatabase(statement.db ?? context.sessionDb, context);
  requireRepository(statement.repository, context);
  const { frontend } = context.profile;
  const { objects, functions } =
    statement.on === undefined
      ? wholeDatabase(database, context)
      : chosenObjects(statement.on, database, context);
  if (objects.length === 0 && functions.length === 0) {
    throw new AnalysisError(frontend.emptyDatabaseText(database.name));
  }
  const properties = new Map(statement.properties);
  const type = properties.get("type") ?? "full";
  if (type !== "full") throw new AnalysisError(`unsupported backup job type: ${type}`);
  properties.delete("type");
  const timeoutMs = takeTimeout(properties, context);
  const ttl = context.profile.sql.dropSnapshot ? takeTtl(properties) : "";
  refuseUnknown("backup", properties);
  const { label, repository } = statement;
  return { database, label, repository, objects, functions, timeoutMs, ttl };
}

export function analyzeRestore(
  statement: RestoreStatement,
  context: AnalyzerContext,
): AnalyzedRestore {
  const { frontend } = context.profile;
  let targetDb = statement.targetDb ?? statement.snapshotDb ?? statement.db;
  if (!frontend.restoreCreatesDatabase) {
    targetDb = requireDatabase(targetDb ?? context.sessionDb, context).name;
  }
  requireRepository(statement.repository, context);
  refuseDuplicates(statement.on?.refs ?? [], frontend);
  const properties = new Map(statement.properties);
  const timestamp = take(properties, "backup_timestamp");
  if (timestamp === undefined) throw new AnalysisError("Missing backup_timestamp property");
  const replicationNum = takeReplicationNum(properties);
  const allowLoad = take(properties, "allow_load") === "true";
  take(properties, "meta_version");
  take(properties, "starrocks_meta_version");
  const timeoutMs = takeTimeout(properties, context);
  refuseUnknown("restore", properties);
  return { statement, targetDb, timestamp, replicationNum, allowLoad, timeoutMs };
}

export function requireDatabase(name: string | undefined, context: AnalyzerContext): Database {
  if (name === undefined) throw new AnalysisError("No database selected");
  const found = context.databases.find((d) => d.name === name);
  if (found === undefined) throw unknownDatabase(name, context.profile);
  return found;
}

function requireRepository(name: string, context: AnalyzerContext): void {
  if (!context.hasRepository(name)) {
    throw new AnalysisError(`Repository [${name}] does not exist`);
  }
}

interface Chosen {
  readonly objects: readonly BackupObject[];
  readonly functions: readonly string[];
}

function wholeDatabase(database: Database, context: AnalyzerContext): Chosen {
  const { sql } = context.profile;
  if (!sql.objectLists) for (const table of database.tables) requireOlap(table, context);
  const tables = database.tables.filter((t) => isBackedUpUnasked(t, context));
  for (const table of tables) requirePartitioning(table, context);
  return {
    objects: tables.map((t) => ({ name: t.name, partitions: [] })),
    functions: sql.objectLists ? [...database.functions] : [],
  };
}

/** ≤ 3.3. Before 3.2 a materialized view is of another type than a table. */
function requireOlap(table: Table, { profile }: AnalyzerContext): void {
  const isOther = table.kind === "materializedView" && !profile.frontend.materializedViews;
  if (isOlap(table) && !isOther) return;
  throw new AnalysisError(`Table '${table.name}' is not a OLAP table`);
}

function requirePartitioning(table: Table, { profile }: AnalyzerContext): void {
  if (table.listPartitioned !== true || profile.frontend.listPartitions) return;
  throw new AnalysisError("List partition table does not support backup/restore job");
}

function isBackedUpUnasked(table: Table, context: AnalyzerContext): boolean {
  if (table.kind === "external") return false;
  if (table.kind !== "materializedView") return true;
  // The configuration is looked at only where objects are expanded, not where one is named.
  return context.config("enable_backup_materialized_view") === "true";
}

function chosenObjects(on: ObjectList, database: Database, context: AnalyzerContext): Chosen {
  const { frontend } = context.profile;
  refuseDuplicates(on.refs, frontend);
  const objects = new Map<string, BackupObject>();
  const functions = on.all.includes("function") ? [...database.functions] : [];
  for (const kind of on.all.filter((k) => k !== "function")) {
    for (const table of database.tables) {
      if (table.kind === kind && isBackedUpUnasked(table, context)) {
        objects.set(table.name, { name: table.name, partitions: [] });
      }
    }
  }
  for (const ref of on.refs) {
    if (ref.db !== undefined && ref.db !== database.name) {
      throw new AnalysisError(`Unexpected database qualifier '${ref.db}'`);
    }
    if (ref.kind === "function") functions.push(ref.name);
    else objects.set(ref.name, chosenObject(ref, database, context));
  }
  return { objects: [...objects.values()], functions };
}

function chosenObject(ref: ObjectRef, database: Database, context: AnalyzerContext): BackupObject {
  const table = findTable(database, ref.name);
  if (table === undefined) throw new AnalysisError(`Incorrect table name '${ref.name}'`);
  requireSupported(table, ref.kind, context);
  requirePartitioning(table, context);
  if (table.temporaryPartitions) {
    throw new AnalysisError("Do not support backing up table with temp partitions");
  }
  for (const name of ref.partitions) {
    if (!table.partitions.some((p) => p.name === name)) {
      throw new AnalysisError(`partition[${name}] does not exist  in table${ref.name}`);
    }
  }
  return { name: ref.name, partitions: [...new Set(ref.partitions)] };
}

function requireSupported(table: Table, kind: ObjectKind, context: AnalyzerContext): void {
  if (!context.profile.sql.objectLists) {
    requireOlap(table, context);
    return;
  }
  if (table.kind === "external") {
    throw new AnalysisError(`Table: ${table.name} can not support backup restore, type: EXTERNAL`);
  }
  const asTable = kind === "table" && isOlap(table);
  if (!asTable && table.kind !== kind) {
    throw new AnalysisError(`Incorrect table name '${table.name}'`);
  }
}

function refuseDuplicates(refs: readonly ObjectRef[], profile: FrontendProfile): void {
  const names = new Set<string>();
  const aliases = new Set<string>();
  for (const ref of refs) {
    const name = profile.ignoresTableCase ? ref.name.toLowerCase() : ref.name;
    if (names.has(name)) throw new AnalysisError(`Duplicated table: ${ref.name}`);
    names.add(name);
    if (ref.alias === undefined) continue;
    if (aliases.has(ref.alias)) throw new AnalysisError(`Duplicated alias name: ${ref.alias}`);
    aliases.add(ref.alias);
  }
}

function take(properties: Map<string, string>, key: string): string | undefined {
  const value = properties.get(key);
  properties.delete(key);
  return value;
}

/** Not the snapshot's: RunMode.defaultReplicationNum when nothing is said. */
function takeReplicationNum(properties: Map<string, string>): number {
  const number = Number(take(properties, "replication_num") ?? DEFAULT_REPLICATION);
  if (Number.isInteger(number) && number > 0) return number;
  throw new AnalysisError("Invalid replication num format");
}

function takeTimeout(properties: Map<string, string>, context: AnalyzerContext): number {
  const text = take(properties, "timeout");
  if (text === undefined) return Number(context.config("backup_job_default_timeout_ms"));
  const seconds = Number(text);
  if (!Number.isInteger(seconds)) throw new AnalysisError("Invalid timeout format");
  if (seconds < TIMEOUT_MIN_S) throw new AnalysisError("timeout must be at least 10 min");
  return seconds * 1_000;
}

function takeTtl(properties: Map<string, string>): string {
  const text = take(properties, "ttl") ?? "";
  if (text === "" || /^[1-9]\d* (?:MINUTE|HOUR|DAY|WEEK|MONTH|YEAR)$/i.test(text)) return text;
  throw new AnalysisError(`ttl must be a positive duration, but got: ${text}`);
}

function refuseUnknown(job: "backup" | "restore", properties: Properties): void {
  if (properties.size === 0) return;
  const names = [...properties.keys()].join(", ");
  throw new AnalysisError(`Unknown ${job} job properties: [${names}]`);
}
