// What the cluster holds, as plain data (it is kept as JSON and goes into `__meta`): databases, tables,
// partitions, tablets and where their replicas are. Lookups are case-sensitive, as in StarRocks.

export interface Tablet {
  readonly id: number;
  /** Ids of the BEs that hold a replica. */
  backends: number[];
}

export interface MaterializedIndex {
  readonly id: number;
  readonly name: string;
  readonly schemaHash: number;
  readonly tablets: Tablet[];
}

export interface Partition {
  readonly id: number;
  readonly name: string;
  version: number;
  versionTime: number;
  readonly replicationNum: number;
  /** As text, e.g. `[1, 2)`; empty for a table that is not partitioned. */
  readonly range: string;
  readonly index: MaterializedIndex;
  /** Added by a restore that is not finished. */
  pendingRestore?: boolean;
}

export type TableKind = "table" | "materializedView" | "view" | "external";

export interface Table {
  readonly id: number;
  name: string;
  readonly kind: TableKind;
  state: "NORMAL" | "RESTORE" | "SCHEMA_CHANGE";
  readonly model: "DUP_KEYS" | "AGG_KEYS" | "UNQ_KEYS" | "PRI_KEYS";
  readonly columns: readonly string[];
  readonly buckets: "hash" | "random";
  readonly partitions: Partition[];
  readonly properties: Readonly<Record<string, string>>;
  readonly temporaryPartitions: boolean;
  readonly listPartitioned?: boolean;
  /** Views and materialized views: the tables they read. */
  readonly baseTables: readonly string[];
  active: boolean;
  inactiveReason: string;
  /** Created by a restore that is not finished. */
  pendingRestore?: boolean;
}

export interface Database {
  readonly id: number;
  readonly name: string;
  readonly tables: Table[];
  readonly functions: string[];
}

export function findTable(database: Database, name: string): Table | undefined {
  return database.tables.find((t) => t.name === name);
}

export function isOlap(table: Table): boolean {
  return table.kind === "table" || table.kind === "materializedView";
}

export function tabletsOf(table: Table): readonly Tablet[] {
  return table.partitions.flatMap((p) => p.index.tablets);
}

/**
 * What RESTORE compares between a table and one in a snapshot (RestoreJob/OlapTable.getSignature). The
 * name is part of it, so `t AS t2` never fits an existing `t2`.
 */
export function signatureOf(table: Table, commonPartitions: readonly string[]): string {
  const buckets = table.partitions
    .filter((p) => commonPartitions.includes(p.name))
    .map((p) => `${p.name}:${p.index.tablets.length}`)
    .sort();
  const range = table.partitions.some((p) => p.range !== "");
  return JSON.stringify([table.name, table.kind, range, table.buckets, buckets, table.columns]);
}
