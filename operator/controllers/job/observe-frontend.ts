// What StarRocks says about a job: one statement after the other, only what the job's part of life needs.
import type { Backup } from "../../api/backup.generated.ts";
import type { Restore } from "../../api/restore.generated.ts";
import type { Repository } from "../../api/repository.generated.ts";
import { FrontendError } from "../../starrocks/frontend.ts";
import type { Frontend, JobRow, SnapshotRow } from "../../starrocks/frontend.ts";
import type { ControllerDeps } from "../deps.ts";
import { attemptId, mountName, snapshotLabel } from "../names.ts";
import { placeAgents } from "../placement.ts";
import { whereabouts } from "../whereabouts.ts";
import { isNewSince } from "./look.ts";
import type { FrontendSeen, FrontendView, Placement, Seen } from "./model.ts";
import { settingsOf } from "./settings.ts";

type Known = Omit<Seen, "frontend" | "nodes" | "repository"> & { readonly repository: Repository };

export async function observeFrontend(deps: ControllerDeps, known: Known): Promise<FrontendView> {
  try {
    const frontend = await deps.frontends.of(known.repository);
    return { kind: "seen", seen: await ask(frontend, known) };
  } catch (error) {
    if (!(error instanceof FrontendError)) throw error;
    return { kind: "failed", error: deps.frontends.explain(known.repository, error) };
  }
}

export async function placementOf(
  deps: ControllerDeps,
  frontend: FrontendView,
): Promise<Placement> {
  if (frontend.kind !== "seen") return { nodes: [], unplaced: [] };
  const { backends } = frontend.seen.facts;
  return placeAgents(backends, await whereabouts(deps, backends));
}

async function ask(frontend: Frontend, known: Known): Promise<FrontendSeen> {
  const database = databaseOf(known);
  const facts = await frontend.facts();
  const brokers = await frontend.brokers();
  const repositories = await frontend.repositories();
  const jobs = await askJobs(frontend, known, database);
  const base = { facts, brokers, repositories, database, jobs };
  const mount = mountOf(known);
  const isMounted =
    mount !== undefined &&
    repositories.some((r) => r.name === mount) &&
    brokers.some((b) => b.name === mount && b.alive);
  return {
    ...base,
    ...(await askObjects(frontend, known, database)),
    tableIds: await askTableIds(frontend, known, { database, jobs }),
    snapshot: isMounted ? await askSnapshot(frontend, known, { mount, jobs }) : undefined,
    details: isMounted ? await askDetails(frontend, known, mount) : undefined,
  };
}

/** While it runs and is seen, of its kind alone: StarRocks knows one job of a database, so there is no other. */
async function askJobs(
  frontend: Frontend,
  { job, status }: Known,
  database: string | undefined,
): Promise<readonly JobRow[]> {
  if (database === undefined) return [];
  const { submission, ending } = status;
  if (submission?.accepted === true && ending === undefined) {
    const rows = await frontend.jobs(database, settingsOf(job).verb);
    const isOurs = (row: JobRow): boolean => row.label === submission.label;
    if (rows.some((row) => isOurs(row) && isNewSince(submission.before, row))) return rows;
  }
  return await frontend.jobs(database);
}

/** Once per Restore, before it may replace anything: whose are the tables that it fills (targets.ts)? */
async function askTableIds(
  frontend: Frontend,
  { job, status }: Known,
  { database, jobs }: Pick<FrontendSeen, "database" | "jobs">,
): Promise<FrontendSeen["tableIds"]> {
  const isEarly = status.phase === "PENDING" || status.phase === "SNAPSHOTING";
  const runs = jobs.some((row) => row.kind === "restore" && IS_PREPARED.has(row.state));
  const isSent = job.kind === "Restore" && status.submission !== undefined;
  if (database === undefined || !isEarly || !runs || !isSent) return new Map();
  return await frontend.tableIds(database);
}

/** The tables are made, and old content is still there. */
const IS_PREPARED: ReadonlySet<string> = new Set(["SNAPSHOTING", "DOWNLOAD", "DOWNLOADING"]);

type Objects = Pick<
  FrontendSeen,
  "tables" | "partitions" | "replication" | "takesMaterializedViews"
>;

/** Tables matter until the statement is accepted. */
async function askObjects(
  frontend: Frontend,
  known: Known,
  database: string | undefined,
): Promise<Objects> {
  const none: Objects = {
    tables: undefined,
    partitions: new Map(),
    replication: new Map(),
    takesMaterializedViews: undefined,
  };
  if (database === undefined || !isBefore(known)) return none;
  const tables = await frontend.tables(database);
  if (tables === undefined) return none;
  const exist = new Set(tables.map((t) => t.name));
  const { job } = known;
  const isThere = (name: string): boolean => exist.has(name);
  if (job.kind === "Restore") {
    return {
      ...none,
      tables,
      replication: await askReplication(frontend, database, job, isThere),
    };
  }
  const isWhole = job.spec.tables === undefined;
  const hasViews = tables.some((t) => t.kind === "materializedView");
  return {
    ...none,
    tables,
    partitions: await askPartitions(frontend, job, isThere),
    ...(isWhole && hasViews
      ? { takesMaterializedViews: await frontend.takesMaterializedViews() }
      : {}),
  };
}

/** The statement was not accepted yet, and still may be sent. */
function isBefore({ status }: Known): boolean {
  const isPending = status.phase === undefined || status.phase === "PENDING";
  return isPending && status.ending === undefined && status.submission?.accepted !== true;
}

async function askPartitions(
  frontend: Frontend,
  { spec }: Backup,
  isThere: (name: string) => boolean,
): Promise<Objects["partitions"]> {
  const partitions = new Map<string, readonly string[]>();
  for (const { name, partitions: wanted } of spec.tables ?? []) {
    if (wanted === undefined || !isThere(name)) continue;
    const found = await frontend.partitions(spec.database, name);
    if (found !== undefined) partitions.set(name, found);
  }
  return partitions;
}

async function askReplication(
  frontend: Frontend,
  database: string,
  { spec }: Restore,
  isThere: (name: string) => boolean,
): Promise<Objects["replication"]> {
  const replication = new Map<string, number>();
  for (const name of (spec.overwriteTables ?? []).filter(isThere)) {
    const found = await frontend.replication(database, name);
    if (found !== undefined) replication.set(name, found);
  }
  return replication;
}

/** Before the statement: is the label somebody else's? Once the job is done or cannot be seen: is the snapshot there? */
async function askSnapshot(
  frontend: Frontend,
  known: Known,
  { mount, jobs }: { readonly mount: string; readonly jobs: readonly JobRow[] },
): Promise<SnapshotRow | undefined> {
  if (!concernsSnapshot(known, jobs)) return undefined;
  const label = ownLabel(known);
  try {
    return await frontend.snapshot(mount, label);
  } catch (error) {
    if (!(error instanceof FrontendError)) throw error;
    return { label, timestamps: [], status: error.message };
  }
}

function concernsSnapshot(known: Known, jobs: readonly JobRow[]): boolean {
  const { submission, ending, phase, snapshot } = known.status;
  if (known.job.kind !== "Backup" || snapshot?.timestamp !== undefined) return false;
  if (submission === undefined) return ending === undefined;
  const label = ownLabel(known);
  return phase === "COMMIT" || !jobs.some((r) => r.label === label && r.kind === "backup");
}

function ownLabel({ job, status }: Known): string {
  const given = job.kind === "Backup" ? job.spec.snapshotName : undefined;
  return snapshotLabel(job.metadata, given, status.attempt ?? 1);
}

async function askDetails(
  frontend: Frontend,
  known: Known,
  mount: string,
): Promise<FrontendSeen["details"]> {
  const { source, submission } = known.status;
  if (known.job.kind !== "Restore" || submission?.accepted === true) return undefined;
  if (source?.snapshot === undefined || source.timestamp === undefined) return undefined;
  try {
    return await frontend.snapshotDetails(mount, source.snapshot, source.timestamp);
  } catch (error) {
    if (error instanceof FrontendError) return error;
    throw error;
  }
}

function databaseOf({ job, status }: Known): string | undefined {
  if (job.kind === "Backup") return job.spec.database;
  return job.spec.database ?? status.source?.database;
}

function mountOf(known: Known): string | undefined {
  const id = attemptId(known.job.metadata, known.status.attempt ?? 1);
  const slot = known.slots.find((s) => s.lentTo === id);
  return slot && mountName(known.repository.metadata, slot.index);
}
