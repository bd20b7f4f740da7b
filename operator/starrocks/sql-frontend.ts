// The contract of frontend.ts as SQL: each verb is its statements and what their answers mean. Names are checked
// before anything is sent. Where releases differ, a statement is tried and its refusal read; the version text is
// not trusted (own builds say `UNKNOWN`, §1.7).
import type { Ask } from "./connection.ts";
import { clusterFacts, takesMaterializedViews } from "./facts.ts";
import {
  FrontendError,
  type BackupRequest,
  type BrokerRow,
  type ClusterFacts,
  type CreateRepositoryRequest,
  type Frontend,
  type FrontendReason,
  type JobRow,
  type RepositoryRow,
  type RestoreRequest,
  type SnapshotDetails,
  type SnapshotRow,
  type TableInfo,
} from "./frontend.ts";
import {
  brokerRow,
  cell,
  jobRow,
  repositoryRow,
  snapshotDetails,
  snapshotRow,
  type SqlTable,
} from "./rows.ts";
import * as sql from "./statements.ts";
import { listPartitions, listTableIds, listTables, replicationOf } from "./tables.ts";

/** Databases of StarRocks itself, which nobody backs up. */
const SYSTEM_DATABASES: readonly string[] = ["information_schema", "_statistics_", "sys"];

export interface SqlFrontendParts {
  readonly ask: Ask;
  /** The same as another user, for ADD and DROP BROKER. */
  readonly askToMount: Ask;
  readonly close: () => Promise<void>;
}

export class SqlFrontend implements Frontend {
  readonly #ask: Ask;
  readonly #askToMount: Ask;
  readonly #close: () => Promise<void>;

  constructor({ ask, askToMount, close }: SqlFrontendParts) {
    this.#ask = ask;
    this.#askToMount = askToMount;
    this.#close = close;
  }

  async facts(): Promise<ClusterFacts> {
    return await clusterFacts(this.#ask);
  }

  async brokers(): Promise<readonly BrokerRow[]> {
    const { rows } = await this.#ask({ sql: sql.SHOW_BROKER, what: sql.SHOW_BROKER });
    return rows.map(brokerRow);
  }

  async repositories(): Promise<readonly RepositoryRow[]> {
    const { rows } = await this.#ask({ sql: sql.SHOW_REPOSITORIES, what: sql.SHOW_REPOSITORIES });
    return rows.map(repositoryRow);
  }

  async addBroker(name: string, address: string): Promise<void> {
    await this.#askToMount({ sql: sql.addBroker(name, address), what: `ADD BROKER ${name}` });
  }

  async dropBroker(name: string): Promise<void> {
    const statement = { sql: sql.dropAllBroker(name), what: `DROP BROKER ${name}` };
    // Unknown broker name: it is not there.
    await unless("BrokerNotAlive", this.#askToMount(statement));
  }

  async createRepository(request: CreateRepositoryRequest): Promise<void> {
    const { name, properties } = request;
    const what = `CREATE REPOSITORY ${name}`;
    const secrets = Object.values(properties);
    try {
      await this.#ask({ sql: sql.createRepository(request), what, callsBroker: true, secrets });
    } catch (error) {
      if (!isReason(error, "RepositoryExists")) throw error;
    }
    requireEntry(request, await this.repositories());
  }

  async dropRepository(name: string): Promise<void> {
    const statement = { sql: sql.dropRepository(name), what: `DROP REPOSITORY ${name}` };
    await unless("RepositoryMissing", this.#ask(statement));
  }

  async databases(): Promise<readonly string[]> {
    const { rows } = await this.#ask({ sql: sql.SHOW_DATABASES, what: sql.SHOW_DATABASES });
    return rows.map((r) => cell(r, "Database")).filter((name) => !SYSTEM_DATABASES.includes(name));
  }

  async tables(database: string): Promise<readonly TableInfo[] | undefined> {
    return await listTables(this.#ask, database);
  }

  async tableIds(database: string): Promise<ReadonlyMap<string, number>> {
    return await listTableIds(this.#ask, database);
  }

  async partitions(database: string, table: string): Promise<readonly string[] | undefined> {
    return await listPartitions(this.#ask, database, table);
  }

  async takesMaterializedViews(): Promise<boolean | undefined> {
    return await takesMaterializedViews(this.#ask);
  }

  async replication(database: string, table: string): Promise<number | undefined> {
    return await replicationOf(this.#ask, database, table);
  }

  async jobs(database: string, only?: JobRow["kind"]): Promise<readonly JobRow[]> {
    const jobs: JobRow[] = [];
    for (const kind of only === undefined ? (["backup", "restore"] as const) : [only]) {
      const what = `SHOW ${kind.toUpperCase()} FROM ${database}`;
      const statement = { sql: sql.showJobs(kind, database), what };
      // SHOW BACKUP is handed on to the leader, SHOW RESTORE is not (§1.10).
      const asked = this.#ask(kind === "backup" ? statement : { ...statement, leaderOnly: true });
      const { rows } = (await unless("ObjectNotFound", asked)) ?? { rows: [] };
      // A FROM that names nothing lists every database's; 3.4+ adds the external catalogs' (§1.10).
      jobs.push(...rows.map((r) => jobRow(kind, r)).filter((j) => j.database === database));
    }
    return jobs;
  }

  async backup(request: BackupRequest): Promise<void> {
    const what = `BACKUP of database ${request.database} as ${request.label}`;
    await this.#ask({ sql: sql.backup(request), what, callsBroker: true, once: true });
  }

  async restore(request: RestoreRequest): Promise<void> {
    const what = `RESTORE of ${request.label} into database ${request.database}`;
    await this.#ask({ sql: sql.restore(request), what, callsBroker: true, once: true });
  }

  async cancel(kind: "backup" | "restore", database: string): Promise<void> {
    const what = `CANCEL ${kind.toUpperCase()} FROM ${database}`;
    const asked = this.#ask({ sql: sql.cancel(kind, database), what, callsBroker: true });
    // No such database: no job runs in it.
    await unless("ObjectNotFound", asked);
  }

  async snapshot(repository: string, label: string): Promise<SnapshotRow> {
    const table = await this.#ask({
      sql: sql.showSnapshot(repository, label),
      what: `SHOW SNAPSHOT ${label} on ${repository}`,
      callsBroker: true,
      refusalIn: lookFailed,
    });
    const rows = table.rows.map(snapshotRow);
    const found = rows.find((row) => row.label === label);
    return found ?? { label, timestamps: [], status: "ERROR: no snapshot" };
  }

  async snapshotDetails(
    repository: string,
    label: string,
    timestamp: string,
  ): Promise<SnapshotDetails> {
    const what = `SHOW SNAPSHOT ${label} at ${timestamp} on ${repository}`;
    const { rows } = await this.#ask({
      sql: sql.showSnapshot(repository, label, timestamp),
      what,
      callsBroker: true,
      refusalIn: notOk,
    });
    const [row] = rows;
    if (row === undefined) {
      throw new FrontendError("SnapshotNotFound", false, `${what}: StarRocks shows nothing`);
    }
    try {
      return snapshotDetails(row);
    } catch (cause) {
      if (cause instanceof FrontendError) throw cause;
      const message = `${what}: its description cannot be read`;
      throw new FrontendError("SnapshotDamaged", false, message, { cause });
    }
  }

  async close(): Promise<void> {
    await this.#close();
  }
}

/** SHOW SNAPSHOT of a label: that the FE could not look stands in the row (§1.9). */
function lookFailed({ rows }: SqlTable): string | undefined {
  const statuses = rows.map((row) => cell(row, "Status"));
  return statuses.find((status) => status.startsWith("ERROR: Failed to get info"));
}

function notOk({ rows }: SqlTable): string | undefined {
  return rows.map((row) => cell(row, "Status")).find((status) => status !== "OK");
}

/** What is registered is what was asked for; the FE takes the name that `__repo_info` has (§12 A). */
function requireEntry(
  { name, location, broker, readOnly }: CreateRepositoryRequest,
  rows: readonly RepositoryRow[],
): void {
  const found = rows.filter((r) => r.name === name);
  if (found.length === 0) {
    const message = `CREATE REPOSITORY ${name}: StarRocks took it, but shows no entry of this name: its __repo_info has another`;
    throw new FrontendError("StatementFailed", true, message);
  }
  const other = found.find(
    (r) => r.location !== location || r.broker !== broker || r.readOnly !== readOnly,
  );
  if (other === undefined) return;
  const there = `location ${other.location}, broker ${other.broker}${other.readOnly ? ", read only" : ""}`;
  throw new FrontendError(
    "RepositoryExists",
    false,
    `CREATE REPOSITORY ${name}: the name is taken (${there}); drop that one or take another name`,
  );
}

function isReason(error: unknown, reason: FrontendReason): boolean {
  return error instanceof FrontendError && error.reason === reason;
}

/** Undefined instead of a rejection with this reason. */
async function unless(
  reason: FrontendReason,
  asked: Promise<SqlTable>,
): Promise<SqlTable | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isReason(error, reason)) return undefined;
    throw error;
  }
}
