// What can be known to be wrong before anything starts: refused with what to write instead.
import { must } from "../../assert.ts";
import type { TableInfo, TableSelection, Version } from "../../starrocks/frontend.ts";
import type { Backup } from "../../api/backup.generated.ts";
import { frontendSeen, labelOf, mountOf } from "../job/look.ts";
import type { Seen, SubmitRequest, Verdict } from "../job/model.ts";
import { shortList } from "../job/short-list.ts";
import { act, end } from "../job/verdict.ts";

/** Before 3.4 a BACKUP without ON fails over a view or an external table (starrocks.md §1.4). */
const OBJECT_LISTS_SINCE = [3, 4] as const;

export function objectsExist(seen: Seen): Verdict | undefined {
  const { spec } = asBackup(seen);
  const { tables, partitions } = must(frontendSeen(seen));
  if (tables === undefined) {
    const message = `database ${spec.database} does not exist in StarRocks, or its user may not see it: look at SHOW DATABASES; names are case-sensitive`;
    return end("FAILED", "DatabaseMissing", message);
  }
  for (const wanted of spec.tables ?? []) {
    const verdict = tableFits(spec.database, wanted, tables, partitions);
    if (verdict !== undefined) return verdict;
  }
  if (spec.tables !== undefined || tables.some(isBackedUp)) return undefined;
  const message = `database ${spec.database} has no table that StarRocks can back up`;
  return end("FAILED", "DatabaseEmpty", message);
}

function tableFits(
  database: string,
  wanted: { readonly name: string; readonly partitions?: readonly string[] },
  tables: readonly TableInfo[],
  partitions: ReadonlyMap<string, readonly string[]>,
): Verdict | undefined {
  const table = tables.find((t) => t.name === wanted.name);
  const name = `${database}.${wanted.name}`;
  if (table === undefined) {
    const like = tables.find((t) => t.name.toLowerCase() === wanted.name.toLowerCase());
    const hint =
      like === undefined ? `its user sees ${namesOf(tables)}` : `did you mean ${like.name}?`;
    return end("FAILED", "TableMissing", `table ${name} does not exist: ${hint}`);
  }
  if (!isBackedUp(table)) {
    const message = `${name} is a ${KIND_NAMES[table.kind]} (${table.engine}), which this operator does not back up: take it out of tables`;
    return end("FAILED", "ObjectUnsupported", message);
  }
  const known = partitions.get(wanted.name);
  const missing = known && wanted.partitions?.find((p) => !known.includes(p));
  if (missing === undefined) return undefined;
  return end(
    "FAILED",
    "PartitionMissing",
    `table ${name} has no partition ${missing}: it has ${shortList(known ?? [])}`,
  );
}

function namesOf(tables: readonly TableInfo[]): string {
  return shortList(tables.map(({ name }) => name));
}

const KIND_NAMES = {
  table: "table",
  materializedView: "materialized view",
  view: "view",
  other: "table of another engine",
} as const satisfies Record<TableInfo["kind"], string>;

function isBackedUp(table: TableInfo): boolean {
  return table.kind === "table";
}

/** A name that somebody else's snapshot has, as far as the catalogue knows; StarRocks checks it again. */
export function nameIsFree(seen: Seen): Verdict | undefined {
  const { spec, metadata } = asBackup(seen);
  const label = labelOf(seen);
  if (spec.snapshotName === undefined || seen.status.submission !== undefined) return undefined;
  const taken = seen.repository?.status?.snapshots?.catalog?.find((s) => s.name === label);
  if (taken === undefined || taken.backupUid === metadata.uid) return undefined;
  const message = `snapshot ${label} is in the repository already: choose another snapshotName, or none`;
  return end("FAILED", "SnapshotNameInUse", message);
}

/** What "the whole database" silently leaves out, listed once. */
export function leftOutIsListed(seen: Seen): Verdict | undefined {
  const { spec } = asBackup(seen);
  if (spec.tables !== undefined || seen.status.leftOut !== undefined) return undefined;
  const { tables, facts, takesMaterializedViews } = must(frontendSeen(seen));
  const all = (tables ?? []).flatMap((t) => {
    const why = whyLeftOut(t, facts.version, takesMaterializedViews);
    return why === undefined ? [] : [{ name: t.name, kind: KIND_NAMES[t.kind], why }];
  });
  return act([], "Starting", "the slot", { leftOut: all.slice(0, LEFT_OUT_MAX) });
}

const LEFT_OUT_MAX = 100;

function whyLeftOut(
  table: TableInfo,
  version: Version,
  takesMaterializedViews: boolean | undefined,
): string | undefined {
  if (table.kind === "table") return undefined;
  if (table.kind === "other") return `StarRocks does not back up tables of engine ${table.engine}`;
  if (version.numbers === undefined) {
    return `this StarRocks does not tell its version (${version.text}), and before 3.4 a backup with such objects fails`;
  }
  if (!takesObjectLists(version))
    return "this StarRocks version backs up tables only; views need 3.4";
  return table.kind === "materializedView" && takesMaterializedViews !== true
    ? "StarRocks leaves materialized views out unless enable_backup_materialized_view is true: make them again after a restore"
    : undefined;
}

export function backupRequest(seen: Seen): SubmitRequest {
  const { spec } = asBackup(seen);
  const front = must(frontendSeen(seen));
  const tables =
    spec.tables?.map(selection) ?? wholeDatabase(front.tables ?? [], front.facts.version);
  return {
    kind: "backup",
    database: spec.database,
    label: labelOf(seen),
    repository: must(mountOf(seen)),
    timeoutSeconds: Math.max(TIMEOUT_MIN_SECONDS, Math.ceil(seen.settings.timeoutMs / 1000)),
    ...(tables === undefined ? {} : { tables }),
  };
}

/** BackupRestoreAnalyzer: `timeout must be at least 10 min`. */
export const TIMEOUT_MIN_SECONDS = 600;

function selection(table: {
  readonly name: string;
  readonly partitions?: readonly string[];
}): TableSelection {
  return { name: table.name, partitions: table.partitions ?? [] };
}

function wholeDatabase(
  tables: readonly TableInfo[],
  version: Version,
): readonly TableSelection[] | undefined {
  // Of a version that we cannot read only what every version takes is asked.
  const isRisky = version.numbers === undefined && !tables.every(isBackedUp);
  if (takesObjectLists(version) && !isRisky) return undefined;
  return tables.filter(isBackedUp).map((t) => ({ name: t.name, partitions: [] }));
}

/** A version that we cannot read is taken for the newest. */
export function takesObjectLists({ numbers }: Version): boolean {
  if (numbers === undefined) return true;
  const [major, minor] = numbers;
  return (
    major > OBJECT_LISTS_SINCE[0] ||
    (major === OBJECT_LISTS_SINCE[0] && minor >= OBJECT_LISTS_SINCE[1])
  );
}

function asBackup(seen: Seen): Backup {
  if (seen.job.kind !== "Backup") throw new Error("a step of Backups met a Restore");
  return seen.job;
}
