// The statements of repositories, backups and restores on one FE.
import { StatusError } from "./blob-storage.ts";
import type { Execution } from "./executor.ts";
import type { Frontend } from "./frontend.ts";
import {
  analyzeBackup,
  analyzeRestore,
  requireDatabase,
  type AnalyzerContext,
} from "./jobs/analyze.ts";
import { statementError, type BackupHandler } from "./jobs/backup-handler.ts";
import type { BackupRecord } from "./jobs/backup-job.ts";
import { CATALOGS_ID } from "./jobs/catalog-backup.ts";
import { JobLists } from "./jobs/job.ts";
import type { RestoreRecord } from "./jobs/restore-job.ts";
import { detailsOf, type SnapshotInfo } from "./jobs/snapshot-files.ts";
import type { RepositoryRecord } from "./meta-store.ts";
import { Repository } from "./repository.ts";
import { BACKUP_COLUMNS, backupRow, RESTORE_COLUMNS, restoreRow } from "./show/jobs.ts";
import { fill } from "./show/nodes.ts";
import { AnalysisError, DdlError, SqlError } from "./sql/errors.ts";
import type { Cell, Result, ResultTable } from "./sql/result.ts";
import type {
  BackupStatement,
  CreateRepositoryStatement,
  RestoreStatement,
  ShowSnapshotStatement,
  Statement,
} from "./sql/statement.ts";
import { formatTime } from "./times.ts";

/** COMMON_NAME_REGEX (FeNameFormat). */
const REPOSITORY_NAME = /^[a-zA-Z]\w{0,63}$|^_[a-zA-Z0-9]\w{0,62}$/;

export async function createRepository(
  statement: CreateRepositoryStatement,
  { frontend, session, checks }: Execution,
): Promise<Result> {
  const { name, broker } = statement;
  const { store, clock, profile } = frontend.options;
  if (!REPOSITORY_NAME.test(name)) throw new AnalysisError(`Incorrect repository name '${name}'`);
  checks.repository(session.grants);
  if (broker === undefined) {
    throw new DdlError(
      "Failed to create repository: the stand-in has no HDFS or S3 client of its own",
    );
  }
  if (!frontend.brokers.hasAlive(broker)) {
    throw new AnalysisError(`failed to get address of broker ${broker}`);
  }
  if (frontend.repositories.get(name) !== undefined) {
    throw new DdlError(
      `Failed to create repository: repository with same name already exist: ${name}`,
    );
  }
  const asked: RepositoryRecord = {
    id: store.nextId(),
    name,
    createTime: clock.now(),
    readOnly: statement.readOnly,
    location: profile.frontend.stripsTrailingSlash
      ? statement.location.replace(/\/+$/, "")
      : statement.location,
    broker,
    properties: Object.fromEntries(statement.properties),
  };
  const repository = await initialize(asked, frontend, profile.frontend.starrocksPrefix);
  // The name in `__repo_info` may be another's, whose entry it takes.
  frontend.repositories.put(repository);
  frontend.log({ op: "createRepository", repository: repository.record });
  return "ok";
}

async function initialize(
  asked: RepositoryRecord,
  frontend: Frontend,
  starrocksPrefix: boolean,
): Promise<Repository> {
  try {
    const blob = frontend.repositories.blobOf(asked);
    return await Repository.initialize(asked, blob, starrocksPrefix);
  } catch (error) {
    if (error instanceof StatusError) {
      throw new DdlError(`Failed to create repository: ${error.message}`);
    }
    throw statementError(error);
  }
}

export function dropRepository(
  { name }: Extract<Statement, { readonly kind: "dropRepository" }>,
  { frontend, session, checks }: Execution,
): Result {
  checks.repository(session.grants);
  if (frontend.repositories.get(name) === undefined) {
    throw new AnalysisError("Repository does not exist");
  }
  if (handlerOf(frontend).isRunningOn(name)) {
    throw new DdlError("Backup or restore job is running on this repository. Can not drop it");
  }
  frontend.log({ op: "dropRepository", name });
  return "ok";
}

/** Needs no privilege in any version. */
export function showRepositories({ frontend, session }: Execution): ResultTable {
  return {
    columns: ["RepoId", "RepoName", "CreateTime", "IsReadOnly", "Location", "Broker", "ErrMsg"],
    rows: frontend.repositories.all.map(({ record, errorMessage }) => [
      String(record.id),
      record.name,
      formatTime(record.createTime, session.shownTimeZone),
      String(record.readOnly),
      record.location,
      record.broker,
      errorMessage ?? null,
    ]),
  };
}

export async function backupStatement(
  statement: BackupStatement,
  { frontend, session, checks }: Execution,
): Promise<Result> {
  const analyzed = analyzeBackup(statement, analyzerOf(frontend, session.db));
  const tables = analyzed.objects.map((o) => o.name);
  checks.backup(session.grants, analyzed.database.name, tables);
  await handlerOf(frontend).backup(analyzed);
  return "ok";
}

export async function restoreStatement(
  statement: RestoreStatement,
  { frontend, session, checks }: Execution,
): Promise<Result> {
  const analyzed = analyzeRestore(statement, analyzerOf(frontend, session.db));
  const db = analyzed.targetDb ?? "";
  const database = frontend.databases.find((d) => d.name === db);
  const existing = statement.on?.refs
    .map((r) => r.name)
    .filter((name) => database?.tables.some((t) => t.name === name));
  checks.restore(session.grants, { db, exists: database !== undefined, tables: existing });
  await handlerOf(frontend).restore(analyzed);
  return "ok";
}

export async function cancelStatement(
  statement: Extract<Statement, { readonly kind: "cancel" }>,
  { frontend, session, checks }: Execution,
): Promise<Result> {
  const database = requireDatabase(statement.db, analyzerOf(frontend, session.db));
  const handler = handlerOf(frontend);
  checks.jobs(session.grants, database.name);
  const record = handler.jobOf(database.id)?.record;
  if (record?.type === "BACKUP" && statement.job === "BACKUP") {
    checks.backup(session.grants, database.name, backedUp(record as BackupRecord));
  }
  await handler.cancel(statement.job, database);
  return "ok";
}

export async function dropSnapshot(
  { label, repository }: Extract<Statement, { readonly kind: "dropSnapshot" }>,
  { frontend, session, checks }: Execution,
): Promise<Result> {
  checks.repository(session.grants);
  await handlerOf(frontend).dropSnapshot(repository, label);
  return "ok";
}

export function showJobs(
  statement: Extract<Statement, { readonly kind: "showJobs" }>,
  { frontend, session, checks }: Execution,
): Result {
  checks.jobs(session.grants, statement.db);
  const backup = statement.job === "BACKUP";
  const columns = backup ? BACKUP_COLUMNS : RESTORE_COLUMNS;
  const rows: (readonly Cell[])[] = [];
  for (const { record, lists } of shownJobs(frontend, statement.db, statement.job)) {
    if (record.type === "RESTORE") {
      rows.push(restoreRow(record, lists, session.shownTimeZone));
    } else if (checks.mayShowBackup(session.grants, record.databaseName, backedUp(record))) {
      rows.push(backupRow(record, lists, session.shownTimeZone));
    } else {
      // ShowExecutor returns from its loop: one missing right empties the whole answer.
      return { columns, rows: [] };
    }
  }
  return { columns, rows };
}

interface ShownJob {
  readonly record: BackupRecord | RestoreRecord;
  readonly lists: JobLists;
}

/**
 * A follower knows only what was logged; a FROM that names no database shows every one's. From 3.4 on the
 * job of external catalogs comes last, whatever was asked for.
 */
function shownJobs(
  frontend: Frontend,
  db: string | undefined,
  kind: "BACKUP" | "RESTORE",
): readonly ShownJob[] {
  const { profile } = frontend.options;
  const wanted = frontend.databases.find((d) => d.name === db)?.id;
  const jobs: readonly ShownJob[] =
    frontend.handler === undefined
      ? Object.values(frontend.loggedJobs).map((record) => ({
          record: record as BackupRecord | RestoreRecord,
          lists: new JobLists(),
        }))
      : frontend.handler.jobs.map(({ record, lists }) => ({
          record: record as BackupRecord | RestoreRecord,
          lists,
        }));
  const ofKind = jobs.filter(({ record }) => record.type === kind);
  const isCatalogs = ({ record }: ShownJob) => record.databaseId === CATALOGS_ID;
  const asked = ofKind.filter(
    (job) => !isCatalogs(job) && (wanted === undefined || job.record.databaseId === wanted),
  );
  return profile.show.externalCatalogJob ? [...asked, ...ofKind.filter(isCatalogs)] : asked;
}

/** Runs on the connected FE, with broker calls of its own. */
export async function showSnapshot(
  statement: ShowSnapshotStatement,
  { frontend, session, checks }: Execution,
): Promise<Result> {
  checks.jobs(session.grants, undefined);
  const repository = frontend.repositories.get(statement.repository);
  if (repository === undefined) {
    throw new AnalysisError(`Repository [${statement.repository}] does not exist`);
  }
  const { labels, timestamp } = statement;
  const { show } = frontend.options.profile;
  try {
    if (timestamp !== undefined) {
      const row = await detailRow(repository, labels[0] ?? "", timestamp);
      return fill(show.snapshotDetails, [row]);
    }
    const wanted = await wantedLabels(repository, statement);
    const rows: SnapshotCells[] = [];
    for (const label of wanted) rows.push(await listRow(repository, label, show.snapshots));
    return fill(show.snapshots, rows);
  } catch (error) {
    throw statementError(error);
  }
}

type SnapshotCells = Readonly<Record<string, string | null>>;

/** What 4.2 shows more is in `__info`: one more file to read for each snapshot. */
async function listRow(
  repository: Repository,
  label: string,
  columns: readonly string[],
): Promise<SnapshotCells> {
  const { timestamp, status } = await repository.snapshotRow(label);
  const cells = { Snapshot: label, Timestamp: timestamp, Status: status };
  const [newest = ""] = timestamp.split("\n").slice(-1);
  if (!columns.includes("Ttl") || newest === "" || newest.startsWith("Invalid")) return cells;
  return { ...(await detailRow(repository, label, newest)), ...cells };
}

function expiryCells({ cluster_id, finish_time, ttl, expire_time }: SnapshotInfo): SnapshotCells {
  return {
    ClusterId: String(cluster_id ?? ""),
    FinishTime: formatTime(finish_time ?? -1, "+08:00"),
    Ttl: ttl ?? "",
    ExpireTime: formatTime(expire_time ?? -1, "+08:00"),
  };
}

/** `=` looks at its label directly; no clause and IN start from the list of folders. */
async function wantedLabels(
  repository: Repository,
  { labels, exact }: ShowSnapshotStatement,
): Promise<readonly string[]> {
  if (exact) return labels;
  try {
    const found = [...(await repository.listSnapshots())].sort();
    return labels.length === 0 ? found : found.filter((l) => labels.includes(l));
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw new DdlError(
      `Failed to list snapshot in repo: ${repository.record.name}, err: ${error.message}`,
    );
  }
}

async function detailRow(
  repository: Repository,
  label: string,
  timestamp: string,
): Promise<SnapshotCells> {
  const cells = { Snapshot: label, Timestamp: timestamp, Database: "", Details: "" };
  try {
    const content = await repository.readInfo(label, timestamp);
    const info = JSON.parse(content.toString("utf8")) as SnapshotInfo;
    const found = { Database: info.database, Details: detailsOf(info), Status: "OK" };
    return { ...cells, ...found, ...expiryCells(info) };
  } catch (error) {
    if (error instanceof SyntaxError) {
      return { ...cells, Status: `Failed to read info from local file: ${error.message}` };
    }
    if (!(error instanceof StatusError)) throw error;
    return { ...cells, Status: `Failed to get info: ${error.message}` };
  }
}

function backedUp(record: BackupRecord): readonly string[] {
  return record.objects.map((o) => o.name);
}

function handlerOf(frontend: Frontend): BackupHandler {
  if (frontend.handler === undefined) throw new SqlError("this FE is not the leader");
  return frontend.handler;
}

function analyzerOf(frontend: Frontend, sessionDb: string | undefined): AnalyzerContext {
  const { profile } = frontend.options;
  return {
    databases: frontend.databases,
    sessionDb,
    profile,
    hasRepository: (name) => frontend.repositories.get(name) !== undefined,
    config: (key) => frontend.configValue(key),
  };
}
