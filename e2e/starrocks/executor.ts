// Runs one statement on one FE: where it belongs (leader or here), who may, and what it answers. The
// statements of backup and restore are in executor-backup.ts.
import { tabletsOf, type Database, type Table } from "./catalog.ts";
import {
  backupStatement,
  cancelStatement,
  createRepository,
  dropRepository,
  dropSnapshot,
  restoreStatement,
  showJobs,
  showRepositories,
  showSnapshot,
} from "./executor-backup.ts";
import type { Frontend } from "./frontend.ts";
import { brokerKey } from "./frontend-brokers.ts";
import { PrivilegeChecks } from "./privileges.ts";
import type { Session } from "./session.ts";
import { selectFromView } from "./show/information-schema.ts";
import { backendTable, brokerTable, frontendTable, type FrontendRow } from "./show/nodes.ts";
import { AnalysisError, DdlError, SqlError, unknownDatabase } from "./sql/errors.ts";
import { SyntaxProblem } from "./sql/lexer.ts";
import { WhereProblem } from "./sql/parse-backup.ts";
import { parse, syntaxErrorText } from "./sql/parser.ts";
import { likePattern, type Result, type ResultTable } from "./sql/result.ts";
import type { SelectStatement, Statement } from "./sql/statement.ts";
import { isTimeZone } from "./times.ts";

/** What an executor knows of the cluster around its FE. */
export interface ClusterView {
  leader(): Frontend | undefined;
  frontendRows(): readonly FrontendRow[];
}

export interface Execution {
  readonly frontend: Frontend;
  readonly session: Session;
  readonly cluster: ClusterView;
  readonly checks: PrivilegeChecks;
}

/** Statements that a follower hands to the leader (getRedirectStatus, §1.10). */
const TO_LEADER = new Set<Statement["kind"]>([
  "addBroker",
  "dropBroker",
  "dropAllBroker",
  "createImage",
  "createRepository",
  "dropRepository",
  "backup",
  "restore",
  "cancel",
  "dropSnapshot",
  "createDatabase",
  "dropDatabase",
  "dropTable",
  "swap",
  "alterView",
]);

export async function execute(
  sql: string,
  frontend: Frontend,
  session: Session,
  cluster: ClusterView,
): Promise<Result> {
  const { profile } = frontend.options;
  const statement = parseOrThrow(sql, frontend);
  const checks = new PrivilegeChecks(profile.frontend);
  const target = isForLeader(statement, session) ? cluster.leader() : frontend;
  if (target === undefined) throw new SqlError("UNKNOWN: leader is unknown, please retry later");
  return run(statement, { frontend: target, session, cluster, checks });
}

function parseOrThrow(sql: string, frontend: Frontend): Statement {
  try {
    return parse(sql, frontend.options.profile.sql);
  } catch (error) {
    if (error instanceof SyntaxProblem) throw new SqlError(syntaxErrorText(sql, error));
    if (error instanceof WhereProblem) throw new AnalysisError(error.message);
    throw error;
  }
}

function isForLeader(statement: Statement, session: Session): boolean {
  if (TO_LEADER.has(statement.kind)) return true;
  if (statement.kind === "showJobs") return statement.job === "BACKUP";
  if (statement.kind !== "show") return false;
  return statement.what === "BACKENDS" || (statement.what === "BROKER" && session.forwardToLeader);
}

type Handlers = {
  readonly [K in Statement["kind"]]: (
    statement: Extract<Statement, { readonly kind: K }>,
    execution: Execution,
  ) => Result | Promise<Result>;
};

const HANDLERS: Handlers = {
  addBroker: (s, { frontend, session, checks }) => {
    checks.alterSystem(session.grants);
    frontend.brokers.requireNew(s.name, s.addresses);
    const addresses = s.addresses.map((a) => ({ ...a, alive: false, lastStartTime: -1 }));
    frontend.log({ op: "addBroker", name: s.name, addresses });
    return "ok";
  },
  dropBroker: (s, { frontend, session, checks }) => {
    checks.alterSystem(session.grants);
    frontend.brokers.requireKnown(s.name, s.addresses);
    frontend.log({ op: "dropBroker", name: s.name, keys: s.addresses.map(brokerKey) });
    return "ok";
  },
  dropAllBroker: (s, { frontend, session, checks }) => {
    checks.alterSystem(session.grants);
    frontend.brokers.requireName(s.name);
    frontend.log({ op: "dropAllBroker", name: s.name });
    return "ok";
  },
  createImage: (_s, { frontend, session, checks }) => {
    checks.alterSystem(session.grants);
    frontend.options.store.checkpoint({
      brokers: frontend.brokers.table(),
      repositories: frontend.repositories.records(),
    });
    return "ok";
  },
  createRepository,
  dropRepository,
  backup: backupStatement,
  restore: restoreStatement,
  cancel: cancelStatement,
  dropSnapshot,
  showJobs,
  showSnapshot,
  show: (s, execution) => showNodes(s.what, execution),
  showProc: (s, execution) => showProc(s.path, execution),
  showConfig: (s, { frontend, session, checks }) => {
    checks.configuration(session.grants);
    return configTable(frontend, s.pattern);
  },
  setConfig: (s, { frontend, session, checks }) => {
    checks.configuration(session.grants);
    for (const [key, value] of s.properties) setConfig(frontend, key, value);
    return "ok";
  },
  showDatabases: (s, { frontend }) => {
    const names = frontend.databases.map((d) => d.name);
    return oneColumn("Database", ["information_schema", ...names], s.pattern);
  },
  showTables: (s, execution) => {
    const database = databaseOf(s.db, execution);
    return oneColumn(
      `Tables_in_${database.name}`,
      database.tables.map((t) => t.name),
      s.pattern,
    );
  },
  showVariables: (_s, { session }) => ({
    columns: ["Variable_name", "Value"],
    rows: [
      ["forward_to_leader", String(session.forwardToLeader)],
      ["time_zone", session.timeZone],
    ],
  }),
  set: (s, { session }) => setVariable(s.variable, s.value, session),
  setRole: (_s, { session }) => {
    session.rolesActive = true;
    return "ok";
  },
  use: (s, execution) => {
    execution.session.db = databaseOf(s.db, execution).name;
    return "ok";
  },
  select: (s, execution) => selectView(s, execution),
  selectValues: (s, execution) => ({
    columns: s.values.map((v) => v.as),
    rows: [s.values.map((v) => valueOf(v.expression, execution))],
  }),
  createDatabase: (s, { frontend, session, checks }) => {
    checks.createDatabase(session.grants);
    const exists = frontend.databases.some((d) => d.name === s.name);
    if (exists && !s.ifNotExists) {
      throw new DdlError(`Can't create database '${s.name}'; database exists`);
    }
    if (!exists) frontend.createDatabase(s.name);
    return "ok";
  },
  dropDatabase: async (s, execution): Promise<Result> => {
    const { store } = execution.frontend.options;
    const database = store.databases.find((d) => d.name === s.name);
    if (database === undefined) {
      if (s.ifExists) return "ok";
      throw unknownDatabase(s.name, execution.frontend.options.profile);
    }
    for (const table of database.tables.slice()) await dropTable(database, table, execution);
    store.databases.splice(store.databases.indexOf(database), 1);
    store.save();
    return "ok";
  },
  dropTable: async (s, execution): Promise<Result> => {
    const database = databaseOf(s.db, execution);
    const table = database.tables.find((t) => t.name === s.name);
    if (table === undefined) {
      if (s.ifExists) return "ok";
      throw unknownTable(s.name, execution);
    }
    await dropTable(database, table, execution);
    return "ok";
  },
  swap: (s, execution) => {
    const database = databaseOf(s.db, execution);
    const { session, checks, frontend } = execution;
    const [one, other] = [s.name, s.other].map((name) => {
      checks.alterTable(session.grants, database.name, name);
      return requireTable(database, name, execution);
    });
    if (one === undefined || other === undefined) return "ok";
    for (const table of [one, other]) {
      if (table.state !== "NORMAL") {
        throw new DdlError(
          `Table[${table.name}]'s state(${table.state}) is not NORMAL. Do not allow doing ALTER ops`,
        );
      }
    }
    [one.name, other.name] = [other.name, one.name];
    frontend.options.store.save();
    return "ok";
  },
  alterView: (s, execution) => {
    const database = databaseOf(s.db, execution);
    execution.checks.alterTable(execution.session.grants, database.name, s.name);
    const table = requireTable(database, s.name, execution);
    table.active = s.active;
    table.inactiveReason = s.active
      ? ""
      : "user use alter materialized view set status to inactive";
    execution.frontend.options.store.save();
    return "ok";
  },
};

function run(statement: Statement, execution: Execution): Result | Promise<Result> {
  const handler = HANDLERS[statement.kind] as (
    s: Statement,
    e: Execution,
  ) => Result | Promise<Result>;
  return handler(statement, execution);
}

function databaseOf(name: string | undefined, { frontend, session }: Execution): Database {
  const wanted = name ?? session.db;
  if (wanted === undefined) throw new AnalysisError("No database selected");
  const found = frontend.databases.find((d) => d.name === wanted);
  if (found === undefined) throw unknownDatabase(wanted, frontend.options.profile);
  return found;
}

function requireTable(database: Database, name: string, execution: Execution): Table {
  const found = database.tables.find((t) => t.name === name);
  if (found === undefined) throw unknownTable(name, execution);
  return found;
}

function unknownTable(name: string, { frontend }: Execution): AnalysisError {
  const { errorCodes } = frontend.options.profile.frontend;
  return new AnalysisError(`Unknown table '${name}'`, errorCodes.unknownTable);
}

async function dropTable(database: Database, table: Table, execution: Execution): Promise<void> {
  const { frontend, session, checks } = execution;
  checks.dropTable(session.grants, database.name, table.name);
  database.tables.splice(database.tables.indexOf(table), 1);
  frontend.options.store.save();
  const ids = tabletsOf(table).map((t) => t.id);
  for (const { port } of frontend.options.backends) {
    await port.dropTablets(ids).catch(() => undefined);
  }
}

type NodeKind = Extract<Statement, { readonly kind: "show" }>["what"];

async function showNodes(what: NodeKind, execution: Execution): Promise<ResultTable> {
  const { frontend, session, cluster, checks } = execution;
  if (what === "REPOSITORIES") return showRepositories(execution);
  checks.showNodes(session.grants);
  const { profile, clock } = frontend.options;
  switch (what) {
    case "BROKER":
      return brokerTable(frontend.brokers.all, session.shownTimeZone);
    case "FRONTENDS":
      return frontendTable(frontend.seenNodes ?? cluster.frontendRows(), profile, clock.now());
    case "BACKENDS":
      return backendTable(await backendRows(frontend), profile, session.shownTimeZone);
    case "COMPUTE NODES":
    default:
      return { columns: profile.show.computeNodes, rows: [] };
  }
}

async function backendRows(frontend: Frontend) {
  const rows = [];
  for (const state of frontend.backendStates()) {
    const stats =
      (await frontend
        .backend(state.id)
        ?.tabletStats()
        .catch(() => [])) ?? [];
    const usedBytes = stats.reduce((n, s) => n + s.dataBytes, 0);
    rows.push({ ...state, tablets: stats.length, usedBytes });
  }
  return rows;
}

async function showProc(path: string, execution: Execution): Promise<ResultTable> {
  execution.checks.configuration(execution.session.grants);
  const known: Readonly<Record<string, NodeKind>> = {
    "/brokers": "BROKER",
    "/backends": "BACKENDS",
    "/frontends": "FRONTENDS",
  };
  const what = known[path];
  if (what !== undefined) return showNodes(what, execution);
  // There is no entry for backup or restore below /jobs.
  if (/^\/jobs\/\d+$/.test(path)) {
    return {
      columns: ["JobType", "Pending", "Running", "Finished", "Cancelled", "Total"],
      rows: [],
    };
  }
  throw new AnalysisError(`Proc path '${path}' doesn't exist`);
}

const MUTABLE = new Set([
  "backup_job_default_timeout_ms",
  "max_upload_task_per_be",
  "max_download_task_per_be",
  "enable_backup_materialized_view",
  "agent_task_resend_wait_time_ms",
  "heartbeat_timeout_second",
  "heartbeat_retry_times",
]);

function configTable(frontend: Frontend, pattern: string | undefined): ResultTable {
  const like = likePattern(pattern ?? "%");
  return {
    columns: ["Key", "AliasNames", "Value", "Type", "IsMutable", "Comment"],
    rows: [...frontend.config]
      .filter(([key]) => like.test(key))
      .map(([key, value]) => [key, "[]", value, "String", String(MUTABLE.has(key)), ""]),
  };
}

/** On this FE only, and until it ends. */
function setConfig(frontend: Frontend, key: string, value: string): void {
  if (!MUTABLE.has(key) || !frontend.config.has(key)) {
    throw new DdlError(`Config '${key}' does not exist or is not mutable`);
  }
  frontend.config.set(key, value);
}

function setVariable(variable: string, value: string, session: Session): Result {
  if (variable === "time_zone") {
    if (!isTimeZone(value)) throw new AnalysisError(`Unknown or incorrect time zone: '${value}'`);
    session.timeZone = value;
  }
  if (variable === "forward_to_leader") {
    session.forwardToLeader = ["true", "1", "on"].includes(value.toLowerCase());
  }
  return "ok";
}

function oneColumn(
  column: string,
  names: readonly string[],
  pattern: string | undefined,
): ResultTable {
  const like = likePattern(pattern ?? "%");
  return { columns: [column], rows: names.filter((n) => like.test(n)).map((n) => [n]) };
}

function valueOf(expression: string, { frontend, session }: Execution): string | null {
  const { version } = frontend.options.profile;
  const known: Readonly<Record<string, string | null>> = {
    "current_version()": version,
    "version()": "5.1.0",
    "@@version_comment": `StarRocks version ${version}`,
    "database()": session.db ?? null,
    "connection_id()": String(session.connectionId),
    "current_user()": `'${session.user.name}'@'%'`,
    "@@time_zone": session.timeZone,
  };
  if (/^[\d.]+$/.test(expression)) return expression;
  const value = known[expression.toLowerCase()];
  if (value === undefined) throw new AnalysisError(`Column '${expression}' cannot be resolved`);
  return value;
}

async function selectView(statement: SelectStatement, execution: Execution): Promise<ResultTable> {
  const { frontend, session } = execution;
  // partitions_meta: 3.1+, when metadata became JSON.
  if (statement.view === "partitions_meta" && !frontend.options.profile.frontend.metaIsJson) {
    throw new AnalysisError(`Unknown table 'information_schema.${statement.view}'`);
  }
  const stats = new Map();
  for (const { id, port } of frontend.options.backends) {
    stats.set(id, await port.tabletStats().catch(() => []));
  }
  return selectFromView(statement, {
    databases: frontend.databases,
    stats,
    sees: (table) => session.grants.sees(table),
  });
}
