// From result tables to typed rows. Columns are found by name: releases add, move and drop them (§1.8). A
// column we cannot do without throws and says so; a null is SQL NULL or the two characters `\N` (§1.9, §11).
import {
  FrontendError,
  type BackendNode,
  type BrokerRow,
  type FrontendNode,
  type JobRow,
  type RepositoryRow,
  type SnapshotDetails,
  type SnapshotRow,
  type TableSelection,
  type Version,
} from "./frontend.ts";
import { isTimestamp } from "./quoting.ts";

export type SqlRow = Readonly<Record<string, string | null>>;

export interface SqlTable {
  readonly columns: readonly string[];
  readonly rows: readonly SqlRow[];
}

const NULL_TEXT = "\\N";
const TASK_ERRORS_MAX = 5;
const TASK_ERROR_LENGTH_MAX = 500;
const STATUS_TEXT_LENGTH_MAX = 4096;

/** The cell's text, empty for null; undefined when there is no such column. Case does not matter. */
export function optionalCell(row: SqlRow, column: string): string | undefined {
  const key = Object.keys(row).find((k) => k.toLowerCase() === column.toLowerCase());
  if (key === undefined) return undefined;
  const value = row[key] ?? "";
  return value === NULL_TEXT ? "" : value;
}

export function cell(row: SqlRow, column: string): string {
  const value = optionalCell(row, column);
  if (value !== undefined) return value;
  const known = Object.keys(row).join(", ");
  throw new FrontendError(
    "StatementFailed",
    false,
    `StarRocks' answer has no column ${column}, only ${known}: this release is not known, please report it`,
  );
}

function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === "true";
}

/** Role LEADER; before 2.5 the column IsMaster. */
export function frontendNode(row: SqlRow): FrontendNode {
  const role = cell(row, "Role").toUpperCase();
  return {
    name: cell(row, "Name"),
    host: cell(row, "IP"),
    queryPort: Number(cell(row, "QueryPort")),
    leads: role === "LEADER" || role === "MASTER" || isTrue(optionalCell(row, "IsMaster")),
    alive: isTrue(cell(row, "Alive")),
  };
}

export function backendNode(row: SqlRow): BackendNode {
  return {
    id: cell(row, "BackendId"),
    host: cell(row, "IP"),
    alive: isTrue(cell(row, "Alive")),
    decommissioned:
      isTrue(optionalCell(row, "SystemDecommissioned")) ||
      isTrue(optionalCell(row, "ClusterDecommissioned")),
  };
}

export function brokerRow(row: SqlRow): BrokerRow {
  return {
    name: cell(row, "Name"),
    host: cell(row, "IP"),
    port: Number(cell(row, "Port")),
    alive: isTrue(cell(row, "Alive")),
    error: cell(row, "ErrMsg"),
  };
}

export function repositoryRow(row: SqlRow): RepositoryRow {
  return {
    name: cell(row, "RepoName"),
    readOnly: isTrue(cell(row, "IsReadOnly")),
    location: cell(row, "Location"),
    broker: cell(row, "Broker"),
    error: cell(row, "ErrMsg"),
  };
}

export function jobRow(kind: JobRow["kind"], row: SqlRow): JobRow {
  const { ok, statusCode, statusText } = jobStatus(cell(row, "Status"));
  const timestamp = kind === "restore" ? cell(row, "Timestamp") : "";
  return {
    kind,
    database: cell(row, "DbName"),
    label: cell(row, kind === "backup" ? "SnapshotName" : "Label"),
    timestamp: timestamp === "" ? undefined : timestamp,
    state: cell(row, "State"),
    jobId: idOf(optionalCell(row, "JobId")),
    createdAt: cell(row, "CreateTime"),
    downloaded: (optionalCell(row, "DownloadFinishedTime") ?? "") !== "",
    unfinishedTasks: countEntries(cell(row, "UnfinishedTasks")),
    taskErrors: taskErrors(cell(row, "TaskErrMsg")),
    ok,
    statusCode,
    statusText,
  };
}

/** -1 until the job runs first. */
function idOf(text: string | undefined): number | undefined {
  const id = Number(text ?? "");
  return Number.isSafeInteger(id) && id > 0 ? id : undefined;
}

/** `[OK]`, or `[<CODE>, msg: <text>]`, where the text may have any characters, or none. */
export function jobStatus(status: string): Pick<JobRow, "ok" | "statusCode" | "statusText"> {
  const [, code, text = ""] = /^\[(\w+)(?:, msg: ?([\s\S]*))?\]$/.exec(status.trim()) ?? [];
  if (code === undefined) {
    return { ok: false, statusCode: "", statusText: status.slice(0, STATUS_TEXT_LENGTH_MAX) };
  }
  const statusText = text.trim().slice(0, STATUS_TEXT_LENGTH_MAX);
  return { ok: code === "OK", statusCode: code, statusText };
}

/** `10274=10006, 10275=10006` */
function countEntries(text: string): number {
  return text === "" ? 0 : text.split(",").length;
}

/** `[10274: text], [10276: text]`; many tasks mostly say the same. */
function taskErrors(text: string): readonly string[] {
  if (text === "") return [];
  const entries = text.replace(/^\[|\]$/g, "").split(/\], \[(?=-?\d+: )/);
  const texts = new Set<string>();
  for (const entry of entries) {
    if (texts.size >= TASK_ERRORS_MAX) break;
    texts.add(entry.replace(/^-?\d+: /, "").slice(0, TASK_ERROR_LENGTH_MAX));
  }
  return [...texts];
}

/** Timestamps are joined by newlines; a broken entry reads `Invalid: <file name>` and counts as OK there. */
export function snapshotRow(row: SqlRow): SnapshotRow {
  const entries = cell(row, "Timestamp").split("\n").filter(Boolean);
  const broken = entries.filter((e) => !isTimestamp(e));
  const status = cell(row, "Status");
  return {
    label: cell(row, "Snapshot"),
    timestamps: entries.filter(isTimestamp),
    status: status === "OK" && broken.length > 0 ? broken.join(", ") : status,
  };
}

/** Reads the Details column. Throws a SyntaxError or TypeError when it is not what §5.3 says. */
export function snapshotDetails(row: SqlRow): SnapshotDetails {
  const details = JSON.parse(cell(row, "Details")) as {
    readonly database?: string;
    readonly backup_objects?: Readonly<Record<string, { readonly partitions?: object }>>;
  };
  const objects = details.backup_objects ?? {};
  const tables = Object.entries(objects).map(([name, object]): TableSelection => ({
    name,
    partitions: Object.keys(object.partitions ?? {}),
  }));
  return { database: details.database ?? cell(row, "Database"), tables };
}

/** `3.5.3 6a7b8c9`; own builds may say `UNKNOWN <hash>`. */
export function parseVersion(text: string): Version {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text.trim()) ?? [];
  if (major === undefined || minor === undefined) return { text, numbers: undefined };
  return { text, numbers: [Number(major), Number(minor), Number(patch ?? 0)] };
}
