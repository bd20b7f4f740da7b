// The views of information_schema that the operator reads, with the columns of §1.11, and the little of
// SELECT that reading them needs.
import { tabletsOf, type Database, type Table } from "../catalog.ts";
import type { TabletStat } from "../messages.ts";
import { AnalysisError } from "../sql/errors.ts";
import { likePattern, type Cell, type ResultTable } from "../sql/result.ts";
import type { Condition, SelectItem, SelectStatement } from "../sql/statement.ts";
import { formatTime } from "../times.ts";
import { sizeText } from "./nodes.ts";

export interface ViewSource {
  readonly databases: readonly Database[];
  /** Per BE, as far as it answers. */
  readonly stats: ReadonlyMap<number, readonly TabletStat[]>;
  sees(table: string): boolean;
}

type Row = Readonly<Record<string, Cell>>;

const VIEWS: Readonly<Record<string, (source: ViewSource) => readonly Row[]>> = {
  tables: tableRows,
  tables_config: tableConfigRows,
  partitions_meta: partitionRows,
  be_tablets: tabletRows,
  materialized_views: materializedViewRows,
  schemata: ({ databases }) => databases.map((d) => ({ CATALOG_NAME: "def", SCHEMA_NAME: d.name })),
};

export function selectFromView(statement: SelectStatement, source: ViewSource): ResultTable {
  const view = VIEWS[statement.view];
  if (view === undefined)
    throw new AnalysisError(`Unknown table 'information_schema.${statement.view}'`);
  const all = view(source);
  const rows = all.filter((row) => statement.where.every((c) => holds(row, c)));
  const ordered = order(project(rows, statement), statement);
  const limited = ordered.slice(0, statement.limit);
  const columns = columnsOf(statement, all);
  return {
    columns,
    rows: limited.map((row) => columns.map((c) => row[c] ?? null)),
    numeric: columns.filter((c) => limited.some((row) => typeof row[c] === "number")),
  };
}

function columnsOf(statement: SelectStatement, rows: readonly Row[]): readonly string[] {
  return statement.items.flatMap((item) =>
    item.column === "*" && item.aggregate === undefined
      ? Object.keys(rows[0] ?? { TABLE_NAME: "" })
      : [item.as],
  );
}

/** The chosen columns of each row, or one row per group. */
function project(rows: readonly Row[], statement: SelectStatement): readonly Row[] {
  const { items, groupBy } = statement;
  if (!items.some((i) => i.aggregate !== undefined)) {
    return rows.map((row) => projectRow(row, items));
  }
  const groups = new Map<string, Row[]>();
  if (groupBy.length === 0) groups.set("", [...rows]);
  else {
    for (const row of rows) {
      const key = JSON.stringify(groupBy.map((c) => valueOf(row, c)));
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
  }
  return [...groups.values()].map((group) =>
    Object.fromEntries(items.map((item) => [item.as, aggregate(group, item)])),
  );
}

function projectRow(row: Row, items: readonly SelectItem[]): Row {
  return Object.assign(
    {},
    ...items.map((item) => (item.column === "*" ? row : { [item.as]: valueOf(row, item.column) })),
  ) as Row;
}

function aggregate(group: readonly Row[], item: SelectItem): Cell {
  const [first] = group;
  if (item.aggregate === "COUNT") return group.length;
  if (item.aggregate === undefined) {
    return first === undefined ? null : valueOf(first, item.column);
  }
  if (group.length === 0) return null;
  const numbers = group.map((row) => Number(valueOf(row, item.column)));
  if (item.aggregate === "SUM") return numbers.reduce((a, b) => a + b, 0);
  return item.aggregate === "MAX" ? Math.max(...numbers) : Math.min(...numbers);
}

function order(rows: readonly Row[], statement: SelectStatement): readonly Row[] {
  return [...rows].sort((a, b) => {
    for (const { column, descending } of statement.orderBy) {
      const compared = compare(valueOf(a, column), valueOf(b, column));
      if (compared !== 0) return descending ? -compared : compared;
    }
    return 0;
  });
}

/** Column names are matched without regard to case. */
function valueOf(row: Row, column: string): Cell {
  const key = Object.keys(row).find((k) => k.toLowerCase() === column.toLowerCase());
  if (key === undefined) throw new AnalysisError(`Column '${column}' cannot be resolved`);
  return row[key] ?? null;
}

function compare(a: Cell, b: Cell): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a) < String(b) ? -1 : Number(String(a) > String(b));
}

const OPERATORS: Readonly<Record<Condition["op"], (value: Cell, c: Condition) => boolean>> = {
  "=": (v, c) => equal(v, c.values[0]),
  "!=": (v, c) => !equal(v, c.values[0]),
  "<": (v, c) => Number(v) < Number(c.values[0]),
  ">": (v, c) => Number(v) > Number(c.values[0]),
  "<=": (v, c) => Number(v) <= Number(c.values[0]),
  ">=": (v, c) => Number(v) >= Number(c.values[0]),
  LIKE: (v, c) => likePattern(String(c.values[0])).test(String(v)),
  IN: (v, c) => c.values.some((x) => equal(v, x)),
};

function holds(row: Row, condition: Condition): boolean {
  return OPERATORS[condition.op](valueOf(row, condition.column), condition);
}

function equal(value: Cell, literal: string | number | undefined): boolean {
  return String(value) === String(literal);
}

interface Place {
  readonly database: Database;
  readonly table: Table;
}

function visible(source: ViewSource): readonly Place[] {
  return source.databases.flatMap((database) =>
    database.tables
      .filter((table) => source.sees(`${database.name}.${table.name}`))
      .map((table) => ({ database, table })),
  );
}

const TABLE_TYPES = {
  table: ["BASE TABLE", "StarRocks"],
  materializedView: ["BASE TABLE", "StarRocks"],
  view: ["VIEW", "VIEW"],
  external: ["BASE TABLE", "MYSQL"],
} as const;

function tableRows(source: ViewSource): readonly Row[] {
  return visible(source).map(({ database, table }) => ({
    TABLE_CATALOG: "def",
    TABLE_SCHEMA: database.name,
    TABLE_NAME: table.name,
    TABLE_TYPE: TABLE_TYPES[table.kind][0],
    ENGINE: TABLE_TYPES[table.kind][1],
    VERSION: null,
    ROW_FORMAT: "",
    TABLE_ROWS: 0,
    AVG_ROW_LENGTH: 0,
    DATA_LENGTH: logicalBytes(table, source),
    CREATE_TIME: null,
    UPDATE_TIME: null,
    TABLE_COMMENT: "",
  }));
}

function tableConfigRows(source: ViewSource): readonly Row[] {
  return visible(source)
    .filter(({ table }) => table.kind === "table" || table.kind === "materializedView")
    .map(({ database, table }) => {
      const key = `\`${table.columns[0] ?? ""}\``;
      const [first] = table.partitions;
      const isPartitioned = table.partitions.some((p) => p.range !== "");
      const replication = { replication_num: String(first?.replicationNum ?? 1) };
      return {
        TABLE_SCHEMA: database.name,
        TABLE_NAME: table.name,
        TABLE_ENGINE: table.kind === "table" ? "OLAP" : "MATERIALIZED_VIEW",
        TABLE_MODEL: table.model,
        PRIMARY_KEY: table.model === "PRI_KEYS" ? key : "",
        PARTITION_KEY: isPartitioned ? key : "",
        DISTRIBUTE_KEY: table.buckets === "random" ? "" : key,
        DISTRIBUTE_TYPE: table.buckets.toUpperCase(),
        DISTRIBUTE_BUCKET: first?.index.tablets.length ?? 0,
        SORT_KEY: key,
        PROPERTIES: JSON.stringify({ ...replication, ...table.properties }),
        TABLE_ID: table.id,
      };
    });
}

function partitionRows(source: ViewSource): readonly Row[] {
  return visible(source).flatMap(({ database, table }) =>
    table.partitions.map((p) => ({
      DB_NAME: database.name,
      TABLE_NAME: table.name,
      PARTITION_NAME: p.name,
      PARTITION_ID: p.id,
      VISIBLE_VERSION: p.version,
      VISIBLE_VERSION_TIME: formatTime(p.versionTime),
      PARTITION_KEY: p.range === "" ? "" : (table.columns[0] ?? ""),
      PARTITION_VALUE: p.range,
      DISTRIBUTION_KEY: table.buckets === "random" ? "" : (table.columns[0] ?? ""),
      BUCKETS: p.index.tablets.length,
      REPLICATION_NUM: p.replicationNum,
      STORAGE_MEDIUM: "HDD",
      IS_IN_MEMORY: 0,
      IS_TEMP: 0,
      DATA_SIZE: sizeText(
        bytesOf(
          p.index.tablets.map((t) => t.id),
          source,
        ),
      ).replace(" ", ""),
      ROW_COUNT: 0,
    })),
  );
}

function tabletRows(source: ViewSource): readonly Row[] {
  const rows: Row[] = [];
  for (const { table } of visible(source)) {
    for (const partition of table.partitions) {
      for (const tablet of partition.index.tablets) {
        rows.push(...replicaRows(source, table.id, partition.id, tablet.id));
      }
    }
  }
  return rows;
}

function replicaRows(
  source: ViewSource,
  tableId: number,
  partitionId: number,
  tabletId: number,
): readonly Row[] {
  const rows: Row[] = [];
  for (const [backendId, stats] of source.stats) {
    for (const stat of stats.filter((s) => s.tabletId === tabletId)) {
      rows.push({
        BE_ID: backendId,
        TABLE_ID: tableId,
        PARTITION_ID: partitionId,
        TABLET_ID: tabletId,
        NUM_VERSION: stat.rowsets,
        MAX_VERSION: stat.version,
        MIN_VERSION: 0,
        NUM_ROWSET: stat.rowsets,
        NUM_ROW: 0,
        DATA_SIZE: stat.dataBytes,
        STATE: "NORMAL",
        NUM_SEGMENT: stat.segments,
      });
    }
  }
  return rows;
}

function materializedViewRows(source: ViewSource): readonly Row[] {
  return visible(source)
    .filter(({ table }) => table.kind === "materializedView")
    .map(({ database, table }) => ({
      MATERIALIZED_VIEW_ID: table.id,
      TABLE_SCHEMA: database.name,
      TABLE_NAME: table.name,
      REFRESH_TYPE: "ASYNC",
      IS_ACTIVE: String(table.active),
      INACTIVE_REASON: table.inactiveReason,
      PARTITION_TYPE: "UNPARTITIONED",
      TABLE_ROWS: 0,
    }));
}

/** The logical size: one replica of each tablet. */
function logicalBytes(table: Table, source: ViewSource): number {
  return bytesOf(
    tabletsOf(table).map((t) => t.id),
    source,
  );
}

function bytesOf(tablets: readonly number[], source: ViewSource): number {
  const sizes = new Map<number, number>();
  for (const stats of source.stats.values()) {
    for (const stat of stats) sizes.set(stat.tabletId, stat.dataBytes);
  }
  return tablets.reduce((sum, id) => sum + (sizes.get(id) ?? 0), 0);
}
