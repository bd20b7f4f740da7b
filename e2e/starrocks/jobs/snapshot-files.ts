// `__info_<ts>` and `__meta` of a snapshot (BackupJobInfo, BackupMeta): written at SAVE_META, read at
// RESTORE. Key names and shapes as §5.3 and §5.4 have them.
import type { Partition, Table } from "../catalog.ts";
import type { FrontendProfile } from "../profile.ts";

export interface InfoIndex {
  readonly id: number;
  readonly schema_hash: number;
  readonly tablets: Readonly<Record<string, readonly string[]>>;
  readonly tablets_order: readonly string[];
}

export interface InfoPartition {
  readonly id: number;
  readonly version: number;
  readonly version_hash: number;
  readonly indexes: Readonly<Record<string, InfoIndex>>;
  /** By id; with the tablets where releases list them here. */
  readonly subPartitions?: Readonly<Record<string, InfoPartition>>;
}

export interface InfoTable {
  readonly id: number;
  readonly partitions: Readonly<Record<string, InfoPartition>>;
}

export interface SnapshotInfo {
  readonly name: string;
  readonly database: string;
  readonly id: number;
  readonly backup_time: number;
  readonly meta_version: number;
  readonly starrocks_meta_version: number;
  readonly backup_result: "succeed";
  readonly backup_objects: Readonly<Record<string, InfoTable>>;
  /** 4.2+; what the keys are called is not known. */
  readonly cluster_id?: number;
  readonly finish_time?: number;
  readonly ttl?: string;
  readonly expire_time?: number;
}

export interface SnapshotMeta {
  readonly tables: readonly Table[];
  readonly functions: readonly string[];
}

export interface InfoSource {
  readonly label: string;
  readonly database: string;
  readonly databaseId: number;
  readonly createTime: number;
  readonly tables: readonly Table[];
  /** Tablet id → names of its files, without md5. */
  readonly files: ReadonlyMap<number, readonly string[]>;
  readonly ttl: string;
  readonly finishTime: number;
}

const CLUSTER_ID = 1_738_213_044;

export function buildInfo(source: InfoSource, profile: FrontendProfile): SnapshotInfo {
  // Not by assignment: a table may be called `__proto__`.
  const objects = new Map<string, InfoTable>();
  for (const table of source.tables) {
    if (table.partitions.length === 0) continue;
    const partitions = table.partitions.map(
      (p) => [p.name, infoPartition(p, source, profile)] as const,
    );
    objects.set(table.name, { id: table.id, partitions: Object.fromEntries(partitions) });
  }
  return {
    name: source.label,
    database: source.database,
    id: source.databaseId,
    backup_time: source.createTime,
    meta_version: profile.metaVersion,
    starrocks_meta_version: profile.starrocksMetaVersion,
    backup_result: "succeed",
    backup_objects: Object.fromEntries(objects),
    ...(profile.infoHasExpiry
      ? {
          cluster_id: CLUSTER_ID,
          finish_time: source.finishTime,
          ttl: source.ttl,
          expire_time: -1,
        }
      : {}),
  };
}

function infoPartition(
  partition: Partition,
  source: InfoSource,
  profile: FrontendProfile,
): InfoPartition {
  const { index } = partition;
  const tablets: Record<string, readonly string[]> = {};
  for (const { id } of index.tablets) {
    // Since #47200 the lists stay empty.
    tablets[String(id)] = profile.infoListsFiles ? (source.files.get(id) ?? []) : [];
  }
  const indexes = {
    [index.name]: {
      id: index.id,
      schema_hash: index.schemaHash,
      tablets,
      tablets_order: index.tablets.map((t) => String(t.id)),
    },
  };
  const own = { id: partition.id, version: partition.version, version_hash: 0 };
  if (profile.infoTablets === "partition") return { ...own, indexes };
  if (profile.infoTablets === "beside subPartitions") return { ...own, indexes, subPartitions: {} };
  const physical = { ...own, indexes };
  return { ...own, indexes: {}, subPartitions: { [String(partition.id)]: physical } };
}

/** SHOW SNAPSHOT's Details: no ids, versions or indexes, indented by one. */
export function detailsOf(info: SnapshotInfo): string {
  const objects = Object.entries(info.backup_objects).map(([name, table]) => [
    name,
    { partitions: Object.fromEntries(Object.keys(table.partitions).map((p) => [p, {}])) },
  ]);
  const { database, meta_version, backup_time, name, starrocks_meta_version, backup_result } = info;
  return JSON.stringify(
    {
      database,
      meta_version,
      backup_time,
      name,
      starrocks_meta_version,
      backup_result,
      backup_objects: Object.fromEntries(objects) as object,
    },
    undefined,
    1,
  );
}

/** ≤ 3.0: a count, then each table; 3.1+: one JSON text. Both with big-endian lengths. */
export function encodeMeta(meta: SnapshotMeta, profile: FrontendProfile): Buffer {
  if (!profile.metaIsJson) {
    const tables = meta.tables.map((t) => withLength(JSON.stringify(t)));
    return Buffer.concat([int32(tables.length), ...tables]);
  }
  const tblNameMap = Object.fromEntries(meta.tables.map((t) => [t.name, t]));
  return withLength(JSON.stringify({ tblNameMap, functions: meta.functions, catalogs: [] }));
}

export function decodeMeta(bytes: Buffer, profile: FrontendProfile): SnapshotMeta {
  if (!profile.metaIsJson) {
    const tables: Table[] = [];
    for (let at = 4; tables.length < bytes.readInt32BE(0);) {
      const length = bytes.readInt32BE(at);
      tables.push(JSON.parse(bytes.toString("utf8", at + 4, at + 4 + length)) as Table);
      at += 4 + length;
    }
    return { tables, functions: [] };
  }
  const json = JSON.parse(bytes.toString("utf8", 4)) as {
    tblNameMap: Record<string, Table>;
    functions?: readonly string[];
  };
  return { tables: Object.values(json.tblNameMap), functions: json.functions ?? [] };
}

function withLength(text: string): Buffer {
  const body = Buffer.from(text);
  return Buffer.concat([int32(body.length), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
