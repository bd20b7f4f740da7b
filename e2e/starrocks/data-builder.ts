// Makes databases: the catalogue's entries and, on the BEs, the real files behind them.
import type { Database, Partition, Table, TableKind, Tablet } from "./catalog.ts";
import type { MetaStore } from "./meta-store.ts";
import { DdlError } from "./sql/errors.ts";
import type { TabletStore } from "./tablets.ts";

export interface TableSpec {
  readonly name: string;
  /** Default one partition called like the table (a table without partitions). */
  readonly partitions?: readonly string[];
  /** Per partition; default 1. */
  readonly tablets?: number;
  /** Segments of each tablet, one rowset; default one of 64 KiB. */
  readonly segmentBytes?: readonly number[];
  readonly replicationNum?: number;
  readonly kind?: TableKind;
  readonly model?: Table["model"];
  readonly columns?: readonly string[];
  readonly buckets?: Table["buckets"];
  readonly properties?: Readonly<Record<string, string>>;
  readonly temporaryPartitions?: boolean;
  readonly listPartitioned?: boolean;
  readonly baseTables?: readonly string[];
}

export interface DatabaseSpec {
  readonly name: string;
  readonly tables: readonly TableSpec[];
  readonly functions?: readonly string[];
}

const DEFAULT_SEGMENT_BYTES = 64 * 1024;

const TABLE_DEFAULTS = {
  kind: "table",
  model: "DUP_KEYS",
  columns: ["k", "v"],
  buckets: "hash",
  properties: {},
  temporaryPartitions: false,
  baseTables: [],
} as const;

export interface Builder {
  readonly store: MetaStore;
  readonly stores: readonly TabletStore[];
  readonly backendIds: readonly number[];
  readonly seed: string;
  readonly now: number;
}

/** Tables × partitions × tablets × bytes, replicas spread over the BEs in turn. */
export async function buildDatabase(spec: DatabaseSpec, builder: Builder): Promise<Database> {
  const { store } = builder;
  const database: Database = {
    id: store.nextId(),
    name: spec.name,
    tables: [],
    functions: [...(spec.functions ?? [])],
  };
  for (const table of spec.tables) {
    database.tables.push(await buildTable(spec.name, table, builder));
  }
  store.databases.push(database);
  store.save();
  return database;
}

/** One more table in a database that is there. */
export async function addTable(
  database: Database,
  spec: TableSpec,
  builder: Builder,
): Promise<void> {
  database.tables.push(await buildTable(database.name, spec, builder));
  builder.store.save();
}

async function buildTable(db: string, spec: TableSpec, builder: Builder): Promise<Table> {
  const { kind, model, columns, buckets, properties, temporaryPartitions, baseTables } = {
    ...TABLE_DEFAULTS,
    ...spec,
  };
  const table: Table = {
    id: builder.store.nextId(),
    name: spec.name,
    kind,
    state: "NORMAL",
    model,
    columns,
    buckets,
    partitions: [],
    properties,
    temporaryPartitions,
    ...(spec.listPartitioned === true ? { listPartitioned: true } : {}),
    baseTables,
    active: true,
    inactiveReason: "",
  };
  if (kind === "view" || kind === "external") return table;
  for (const [i, name] of (spec.partitions ?? [spec.name]).entries()) {
    const range = spec.partitions === undefined ? "" : `[${i}, ${i + 1})`;
    table.partitions.push(
      await buildPartition(`${db}/${spec.name}/${name}`, { name, range }, spec, builder),
    );
  }
  return table;
}

async function buildPartition(
  path: string,
  { name, range }: { readonly name: string; readonly range: string },
  spec: TableSpec,
  builder: Builder,
): Promise<Partition> {
  const { store, stores } = builder;
  const replicationNum = spec.replicationNum ?? 1;
  if (replicationNum > stores.length) {
    const text = `failed to find ${replicationNum} different hosts to create table: ${spec.name}`;
    throw new DdlError(text);
  }
  const id = store.nextId();
  const indexId = store.nextId();
  const tablets: Tablet[] = [];
  for (let i = 0; i < (spec.tablets ?? 1); i += 1) {
    tablets.push(await buildTablet(`${path}/${i}`, spec, replicationNum, builder));
  }
  return {
    id,
    name,
    version: 2,
    versionTime: builder.now,
    replicationNum,
    range,
    index: { id: indexId, name: spec.name, schemaHash: 1_000_003 + (indexId % 977), tablets },
  };
}

async function buildTablet(
  path: string,
  spec: TableSpec,
  replicationNum: number,
  builder: Builder,
): Promise<Tablet> {
  const { stores, backendIds, seed, store } = builder;
  const id = store.nextId();
  const holders = Array.from({ length: replicationNum }, (_, i) => (id + i) % stores.length);
  const [first, ...others] = holders.map((i) => stores[i]);
  if (first === undefined) throw new Error("a table needs a BE");
  const segmentBytes = spec.segmentBytes ?? [DEFAULT_SEGMENT_BYTES];
  await first.create(id);
  // The seed does not name the tablet's id: equal specs give equal contents in any cluster.
  await first.load(id, `${seed}/${path}`, { segmentBytes });
  for (const other of others) await other?.cloneFrom(first, id);
  return { id, backends: holders.map((i) => backendIds[i] ?? 0) };
}
