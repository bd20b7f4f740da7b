// What a RESTORE finds and makes at PENDING (RestoreJob.checkAndPrepareMeta): which local table stands
// for which of the snapshot's, which partitions are overwritten, added or new, and where replicas go.
// It throws the Status that cancels the job; the catalogue is changed only when all of it fits.
import { StatusError } from "../blob-storage.ts";
import {
  findTable,
  isOlap,
  signatureOf,
  type Database,
  type Partition,
  type Table,
} from "../catalog.ts";
import type { TabletPlace } from "../repository.ts";
import type { JobContext } from "./job.ts";

/** One replica that is to be filled from the snapshot. */
export interface ReplicaPlan {
  readonly localTablet: number;
  readonly backendId: number;
  readonly schemaHash: number;
  readonly remote: TabletPlace;
}

export interface RestorePlan {
  readonly replicas: readonly ReplicaPlan[];
  /** Tablets that must be created first, per BE. */
  readonly newReplicas: readonly { readonly tabletId: number; readonly backendId: number }[];
  readonly newTables: readonly Table[];
  readonly newPartitions: readonly { readonly table: Table; readonly partition: Partition }[];
  /** Local partition → the version it has after the restore. */
  readonly versions: readonly { readonly partitionId: number; readonly version: number }[];
}

/** A table of the snapshot with only the partitions that were chosen, and its name here. */
export interface ChosenTable {
  readonly table: Table;
  readonly localName: string;
}

export interface PlanSource {
  readonly database: Database;
  /** The snapshot's database id: it stands in the remote paths. */
  readonly remoteDatabaseId: number;
  readonly chosen: readonly ChosenTable[];
  readonly replicationNum: number;
}

interface Draft {
  readonly replicas: ReplicaPlan[];
  readonly newReplicas: { tabletId: number; backendId: number }[];
  readonly newTables: Table[];
  readonly newPartitions: { table: Table; partition: Partition }[];
  readonly versions: { partitionId: number; version: number }[];
}

export function planRestore(source: PlanSource, context: JobContext): RestorePlan {
  const draft: Draft = {
    replicas: [],
    newReplicas: [],
    newTables: [],
    newPartitions: [],
    versions: [],
  };
  for (const { localName } of source.chosen) checkState(findTable(source.database, localName));
  for (const chosen of source.chosen) {
    const local = findTable(source.database, chosen.localName);
    if (!isOlap(chosen.table)) planView(chosen, local, { source, context, draft });
    else if (local === undefined) planNewTable(chosen, { source, context, draft });
    else planExisting(chosen.table, local, { source, context, draft });
  }
  return draft;
}

interface Planning {
  readonly source: PlanSource;
  readonly context: JobContext;
  readonly draft: Draft;
}

function fail(message: string, code = "COMMON_ERROR"): never {
  throw new StatusError(code, message);
}

function checkState(local: Table | undefined): void {
  if (local === undefined || !isOlap(local)) return;
  if (local.state !== "NORMAL") fail(`Table ${local.name}'s state is not NORMAL: ${local.state}`);
  if (local.temporaryPartitions) fail("Do not support restoring table with temp partitions");
}

function planView(chosen: ChosenTable, local: Table | undefined, planning: Planning): void {
  if (local !== undefined && local.kind !== "view") {
    fail(`Table: ${chosen.localName} has existed and it is not a View`, "BAD_REPLACE");
  }
  const { draft, context } = planning;
  draft.newTables.push({
    ...chosen.table,
    id: context.store.nextId(),
    name: chosen.localName,
    partitions: [],
  });
}

function planNewTable(chosen: ChosenTable, planning: Planning): void {
  const { context, draft } = planning;
  const { table, localName } = chosen;
  const mv = table.kind === "materializedView";
  const created: Table = {
    ...table,
    id: context.store.nextId(),
    name: localName,
    state: "RESTORE",
    partitions: [],
    pendingRestore: true,
    active: !mv,
    inactiveReason: mv
      ? `mv ${localName} is inactive because it's in backup and will be activated after restore if possible`
      : "",
  };
  for (const remote of table.partitions) {
    created.partitions.push(newPartition(table, remote, created.name, planning));
  }
  draft.newTables.push(created);
}

function newPartition(
  table: Table,
  remote: Partition,
  localName: string,
  planning: Planning,
): Partition {
  const { source, context, draft } = planning;
  const { store } = context;
  const id = store.nextId();
  const tablets = remote.index.tablets.map((tablet) => {
    const tabletId = store.nextId();
    const backends = chooseHosts(source.replicationNum, localName, tabletId, context);
    for (const backendId of backends) {
      draft.newReplicas.push({ tabletId, backendId });
      draft.replicas.push({
        localTablet: tabletId,
        backendId,
        schemaHash: remote.index.schemaHash,
        remote: placeOf(source, table, remote, tablet.id),
      });
    }
    return { id: tabletId, backends: [...backends] };
  });
  draft.versions.push({ partitionId: id, version: remote.version });
  const index = { ...remote.index, id: store.nextId(), tablets };
  const { replicationNum } = source;
  return { ...remote, id, version: 1, replicationNum, index, pendingRestore: true };
}

function chooseHosts(
  count: number,
  table: string,
  tabletId: number,
  context: JobContext,
): readonly number[] {
  const alive = context.backends().filter((b) => b.alive);
  if (alive.length < count)
    fail(`failed to find ${count} different hosts to create table: ${table}`);
  return Array.from({ length: count }, (_, i) => alive[(tabletId + i) % alive.length]?.id ?? 0);
}

function planExisting(remote: Table, local: Table, planning: Planning): void {
  // An existing active materialized view is passed over without a word.
  if (local.kind === "materializedView" && local.active) return;
  if (!isOlap(local)) fail(`Only support restore OLAP table: ${local.name}`);
  if (remote.model !== local.model) {
    fail(`Table ${local.name} already exist but with different key type`);
  }
  const common = remote.partitions
    .map((p) => p.name)
    .filter((name) => local.partitions.some((p) => p.name === name));
  if (signatureOf(remote, common) !== signatureOf(local, common)) {
    fail(`Table ${local.name} already exist but with different schema`);
  }
  for (const partition of remote.partitions) {
    const mine = local.partitions.find((p) => p.name === partition.name);
    if (mine !== undefined) planOverwrite({ remote, partition, local, mine }, planning);
    else planAddition({ remote, partition, local }, planning);
  }
}

interface Overwrite {
  readonly remote: Table;
  readonly partition: Partition;
  readonly local: Table;
  readonly mine: Partition;
}

function planOverwrite({ remote, partition, local, mine }: Overwrite, planning: Planning): void {
  const { source, draft } = planning;
  const where = `Partition ${partition.name} in table ${local.name}`;
  if (local.buckets === "random") {
    fail(`${where} is automatic bucket partition, can not be restored`);
  }
  if (mine.range !== partition.range) {
    fail(`${where} has different range with partition in repository`);
  }
  if (mine.replicationNum !== source.replicationNum) {
    fail(
      `${where} has different replication num '${mine.replicationNum}' with partition in repository, ` +
        `which is ${source.replicationNum}`,
    );
  }
  for (const [i, tablet] of mine.index.tablets.entries()) {
    const remoteTablet = partition.index.tablets[i];
    if (remoteTablet === undefined) continue;
    for (const backendId of tablet.backends) {
      draft.replicas.push({
        localTablet: tablet.id,
        backendId,
        schemaHash: mine.index.schemaHash,
        remote: placeOf(source, remote, partition, remoteTablet.id),
      });
    }
  }
  draft.versions.push({ partitionId: mine.id, version: partition.version });
}

function planAddition(
  { remote, partition, local }: Omit<Overwrite, "mine">,
  planning: Planning,
): void {
  if (partition.range === "") fail(`No partition exist in single partitioned table ${local.name}`);
  if (local.partitions.some((p) => p.range === partition.range)) {
    fail(
      `Partition ${partition.name} in table ${local.name} has conflict range with existing ranges`,
    );
  }
  planning.draft.newPartitions.push({
    table: local,
    partition: newPartition(remote, partition, local.name, planning),
  });
}

function placeOf(
  source: PlanSource,
  table: Table,
  partition: Partition,
  tablet: number,
): TabletPlace {
  return {
    db: source.remoteDatabaseId,
    table: table.id,
    partition: partition.id,
    index: partition.index.id,
    tablet,
  };
}
