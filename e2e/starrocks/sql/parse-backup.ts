// BACKUP, RESTORE, CANCEL and SHOW SNAPSHOT in the grammars up to 3.3 and from 3.4 on
// (StarRocks.g4 backupStatement, restoreStatement; AstBuilder.visitBackupStatement).
import { SyntaxProblem } from "./lexer.ts";
import type { SqlProfile } from "../profile.ts";
import type { ObjectKind, ObjectList, ObjectRef, Statement } from "./statement.ts";
import type { TokenReader } from "./token-reader.ts";

type Job = "BACKUP" | "RESTORE";

export function parseBackup(reader: TokenReader, sql: SqlProfile): Statement {
  const at = reader.peek().at;
  refuseExternalCatalogs(reader, sql);
  let db: string | undefined;
  if (sql.objectLists && reader.accepts("DATABASE")) db = reader.identifier();
  reader.require("SNAPSHOT");
  const label = reader.qualifiedName();
  if (db !== undefined && label.db !== undefined) {
    throw new SyntaxProblem("Unexpected database qualifier of the snapshot name", at);
  }
  reader.require("TO");
  const repository = reader.identifier();
  const on = parseOn(reader, sql, "BACKUP");
  const properties = reader.optionalProperties();
  return {
    kind: "backup",
    db: db ?? label.db,
    label: label.name,
    repository,
    on,
    properties,
  };
}

export function parseRestore(reader: TokenReader, sql: SqlProfile): Statement {
  reader.require("SNAPSHOT");
  const label = reader.qualifiedName();
  reader.require("FROM");
  const repository = reader.identifier();
  refuseExternalCatalogs(reader, sql);
  let snapshotDb: string | undefined;
  let targetDb: string | undefined;
  if (sql.objectLists && reader.accepts("DATABASE")) {
    snapshotDb = reader.identifier();
    if (reader.accepts("AS")) targetDb = reader.identifier();
  }
  const at = reader.peek().at;
  const on = parseOn(reader, sql, "RESTORE");
  if (sql.objectLists && on !== undefined && (snapshotDb ?? label.db) === undefined) {
    throw new SyntaxProblem("Should specify a database name when the ON clause is used", at);
  }
  const properties = reader.optionalProperties();
  return {
    kind: "restore",
    db: label.db,
    label: label.name,
    repository,
    snapshotDb,
    targetDb,
    on,
    properties,
  };
}

export function parseCancel(reader: TokenReader): Statement {
  const job = reader.oneOf("BACKUP", "RESTORE") as Job;
  return { kind: "cancel", job, db: optionalDatabase(reader) };
}

export function parseShowJobs(reader: TokenReader, job: Job): Statement {
  return { kind: "showJobs", job, db: optionalDatabase(reader) };
}

const WHERE_HELP =
  "Where clause should looks like: SNAPSHOT = 'your_snapshot_name' " +
  "[AND TIMESTAMP = '2018-04-18-19-19-10'] or SNAPSHOT IN ( 'your_snapshot_name1', 'your_snapshot_name2' )";

/** What `ShowSnapshotAnalyzer` refuses; an analyzer's error, not the grammar's. */
export class WhereProblem extends Error {
  constructor() {
    super(WHERE_HELP);
  }
}

export function parseShowSnapshot(reader: TokenReader, sql: SqlProfile): Statement {
  reader.require("ON");
  const repository = reader.identifier();
  if (!reader.accepts("WHERE")) {
    return { kind: "showSnapshot", repository, labels: [], exact: false, timestamp: undefined };
  }
  if (!reader.accepts("SNAPSHOT")) throw new WhereProblem();
  if (reader.accepts("IN")) {
    if (!sql.snapshotIn) throw new WhereProblem();
    reader.requireSymbol("(");
    const labels = reader.list(() => reader.string());
    reader.requireSymbol(")");
    return { kind: "showSnapshot", repository, labels, exact: false, timestamp: undefined };
  }
  reader.requireSymbol("=");
  const labels = [reader.string()];
  let timestamp: string | undefined;
  if (reader.accepts("AND")) {
    if (!reader.accepts("TIMESTAMP")) throw new WhereProblem();
    reader.requireSymbol("=");
    timestamp = reader.string();
  }
  return { kind: "showSnapshot", repository, labels, exact: true, timestamp };
}

function optionalDatabase(reader: TokenReader): string | undefined {
  return reader.accepts("FROM") || reader.accepts("IN") ? reader.identifier() : undefined;
}

/** The stand-in has no external catalogs; from 3.4 on the grammar does, and says so itself. */
function refuseExternalCatalogs(reader: TokenReader, sql: SqlProfile): void {
  if (!sql.objectLists) return;
  if (reader.sees("EXTERNAL") || reader.sees("ALL", "EXTERNAL")) {
    throw new SyntaxProblem(
      "the stand-in has no external catalogs to back up or restore",
      reader.peek().at,
    );
  }
}

function parseOn(reader: TokenReader, sql: SqlProfile, job: Job): ObjectList | undefined {
  if (!reader.accepts("ON")) return undefined;
  reader.requireSymbol("(");
  const all: ObjectKind[] = [];
  const refs: ObjectRef[] = [];
  reader.list(() => {
    const kind = sql.objectLists ? allOf(reader) : undefined;
    if (kind === undefined) refs.push(parseObject(reader, sql, job));
    else all.push(kind);
  });
  reader.requireSymbol(")");
  return { all, refs };
}

function allOf(reader: TokenReader): ObjectKind | undefined {
  if (!reader.accepts("ALL")) return undefined;
  const kind = objectKind(reader);
  if (kind === undefined) throw reader.unexpected("'TABLES', 'MATERIALIZED', 'VIEWS', 'FUNCTIONS'");
  return kind;
}

/** Takes `TABLE[S]`, `MATERIALIZED VIEW[S]`, `VIEW[S]` or `FUNCTION[S]` when it comes next. */
function objectKind(reader: TokenReader): ObjectKind | undefined {
  if (reader.accepts("MATERIALIZED")) {
    reader.oneOf("VIEWS", "VIEW");
    return "materializedView";
  }
  const kinds = [
    ["TABLE", "table"],
    ["VIEW", "view"],
    ["FUNCTION", "function"],
  ] as const;
  for (const [word, kind] of kinds) {
    if (reader.accepts(`${word}S`) || reader.accepts(word)) return kind;
  }
  return undefined;
}

function parseObject(reader: TokenReader, sql: SqlProfile, job: Job): ObjectRef {
  const kind = (sql.objectLists ? objectKind(reader) : undefined) ?? "table";
  const { db, name } = reader.qualifiedName();
  const partitions = kind === "table" ? parsePartitions(reader, sql) : [];
  let alias: string | undefined;
  if (reader.sees("AS")) {
    if (job === "BACKUP") throw reader.unexpected("',', ')'");
    reader.take();
    alias = reader.identifier();
  }
  return { kind, db, name, partitions, alias };
}

function parsePartitions(reader: TokenReader, sql: SqlProfile): readonly string[] {
  if (!reader.accepts("PARTITION") && !reader.accepts("PARTITIONS")) return [];
  const one = () => (sql.stringPartitionNames ? reader.identifierOrString() : reader.identifier());
  if (!reader.acceptsSymbol("(")) return [one()];
  const names = reader.list(one);
  reader.requireSymbol(")");
  return names;
}
