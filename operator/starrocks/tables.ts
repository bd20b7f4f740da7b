// What a database holds, from the views of information_schema that this release has (§1.11). They show what the
// user has any right on and are silent about the rest.
import type { Ask, Statement } from "./connection.ts";
import { FrontendError, type TableInfo, type TableKind } from "./frontend.ts";
import { cell, optionalCell, type SqlRow, type SqlTable } from "./rows.ts";
import {
  selectMaterializedViews,
  selectPartitions,
  selectTableIds,
  selectTableProperties,
  selectTables,
  selectTablesConfig,
  showTables,
} from "./statements.ts";

/** What holds StarRocks' own data; all else is a view of something (MYSQL, HIVE…). */
const OWN_ENGINES: readonly string[] = ["STARROCKS", "OLAP", "CLOUD_NATIVE"];
/** A synchronous materialized view: part of its table, with a name that may be another table's. */
const ROLLUP = "ROLLUP";

/** Undefined: no such database. */
export async function listTables(
  ask: Ask,
  database: string,
): Promise<readonly TableInfo[] | undefined> {
  const what = `listing the tables of database ${database}`;
  const { rows } = await ask({ sql: selectTables(database), what, leaderOnly: true });
  if (rows.length === 0) return await explainNothing(ask, database);
  const config = await optional(ask, { sql: selectTablesConfig(database), what });
  const views = await optional(ask, { sql: selectMaterializedViews(database), what });
  const engines = new Map(
    config?.rows.map((r) => [cell(r, "TABLE_NAME"), cell(r, "TABLE_ENGINE")] as const),
  );
  const materialized = new Set(
    views?.rows.filter((r) => cell(r, "REFRESH_TYPE") !== ROLLUP).map((r) => cell(r, "TABLE_NAME")),
  );
  return rows.map((row) => {
    const name = cell(row, "TABLE_NAME");
    const engine = engines.get(name) ?? cell(row, "ENGINE");
    return { name, engine, kind: kindOf(row, engine, materialized.has(name)) };
  });
}

/** Empty where this release has no such view or column. */
export async function listTableIds(
  ask: Ask,
  database: string,
): Promise<ReadonlyMap<string, number>> {
  const what = `listing the ids of the tables of database ${database}`;
  const found = await optional(ask, { sql: selectTableIds(database), what });
  const rows = found?.rows ?? [];
  return new Map(rows.map((row) => [cell(row, "TABLE_NAME"), Number(cell(row, "TABLE_ID"))]));
}

/** Names without temporary partitions; undefined before 3.1, which has no such view. */
export async function listPartitions(
  ask: Ask,
  database: string,
  table: string,
): Promise<readonly string[] | undefined> {
  const found = await partitionsOf(ask, database, table);
  return found?.map((row) => cell(row, "PARTITION_NAME"));
}

/** Of the partitions, when they agree; before 3.1 what the table says for new ones. */
export async function replicationOf(
  ask: Ask,
  database: string,
  table: string,
): Promise<number | undefined> {
  const rows = await partitionsOf(ask, database, table);
  if (rows === undefined) return await replicationOfProperties(ask, database, table);
  const numbers = new Set(rows.map((row) => Number(cell(row, "REPLICATION_NUM"))));
  const [only] = numbers;
  return numbers.size === 1 ? only : undefined;
}

async function partitionsOf(
  ask: Ask,
  database: string,
  table: string,
): Promise<readonly SqlRow[] | undefined> {
  const what = `listing the partitions of ${database}.${table}`;
  const found = await optional(ask, { sql: selectPartitions(database, table), what });
  return found?.rows.filter((row) => !["1", "true"].includes(optionalCell(row, "IS_TEMP") ?? ""));
}

async function replicationOfProperties(
  ask: Ask,
  database: string,
  table: string,
): Promise<number | undefined> {
  const what = `reading the properties of ${database}.${table}`;
  const found = await optional(ask, { sql: selectTableProperties(database, table), what });
  const [row] = found?.rows ?? [];
  const text = row === undefined ? undefined : optionalCell(row, "PROPERTIES");
  const number = /"replication_num"\s*:\s*"?(\d+)/.exec(text ?? "")?.[1];
  return number === undefined ? undefined : Number(number);
}

function kindOf(row: SqlRow, engine: string, isMaterialized: boolean): TableKind {
  const type = cell(row, "TABLE_TYPE").toUpperCase();
  const own = engine.toUpperCase();
  if (isMaterialized || own.includes("MATERIALIZED") || type.includes("MATERIALIZED")) {
    return "materializedView";
  }
  if (type === "VIEW" || own === "VIEW") return "view";
  return type === "BASE TABLE" && OWN_ENGINES.includes(own) ? "table" : "other";
}

/** An empty list is an empty database, a missing one, or one whose tables the user has no right on. */
async function explainNothing(
  ask: Ask,
  database: string,
): Promise<readonly TableInfo[] | undefined> {
  const what = `listing the tables of database ${database}`;
  try {
    const { rows } = await ask({ sql: showTables(database), what });
    if (rows.length === 0) return [];
  } catch (error) {
    if (error instanceof FrontendError && error.reason === "ObjectNotFound") return undefined;
    throw error;
  }
  throw new FrontendError(
    "RightMissing",
    false,
    `${what}: it has tables on which this user has no right; run: GRANT SELECT, EXPORT ON ALL TABLES IN DATABASE to it`,
  );
}

/** Undefined where this release has no such view or column. */
async function optional(ask: Ask, statement: Statement): Promise<SqlTable | undefined> {
  try {
    return await ask(statement);
  } catch (error) {
    if (error instanceof FrontendError && error.reason === "ObjectNotFound") return undefined;
    throw error;
  }
}
