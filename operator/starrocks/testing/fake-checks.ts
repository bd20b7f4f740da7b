// What the analyzers say of the objects in a BACKUP or RESTORE before anything starts, per release
// (BackupRestoreAnalyzer; BackupHandler.checkAndFilterRestoreObjsExistInSnapshot).
import type { RestoreTable, TableSelection } from "../frontend.ts";
import type { FrontendError } from "../frontend.ts";
import type { FakeSnapshot, FakeTable } from "./fake-world.ts";

export interface FakeRelease {
  isAtLeast(major: number, minor: number): boolean;
  refuse(text: string): FrontendError;
}

/** What is backed up: the chosen tables, or what a whole database means. */
export function checkBackup(
  release: FakeRelease,
  database: string,
  tables: ReadonlyMap<string, FakeTable>,
  chosen: readonly TableSelection[] | undefined,
): readonly TableSelection[] {
  if (chosen === undefined) return wholeDatabase(release, database, [...tables.values()]);
  checkDuplicates(release, chosen);
  for (const one of chosen) checkSource(release, one, tables.get(one.name));
  return chosen;
}

export function checkDuplicates(release: FakeRelease, chosen: readonly RestoreTable[]): void {
  // Before #51068 names that differ in case alone were one (§1.1).
  const key = (name: string) => (release.isAtLeast(3, 4) ? name : name.toLowerCase());
  const names = chosen.map((t) => key(t.name));
  const twice = chosen.find((_, i) => names.indexOf(names[i] ?? "") !== i);
  if (twice !== undefined) throw release.refuse(`Duplicated table: ${twice.name}`);
  const aliases = chosen.flatMap((t) => t.as ?? []);
  const alias = aliases.find((a, i) => aliases.indexOf(a) !== i);
  if (alias !== undefined) throw release.refuse(`Duplicated alias name: ${alias}`);
}

export function checkInSnapshot(
  release: FakeRelease,
  label: string,
  { name, partitions }: TableSelection,
  snapshot: FakeSnapshot,
): void {
  const source = snapshot.tables.find((t) => t.name === name);
  if (source === undefined) {
    throw release.refuse(`Table ${name} does not exist in snapshot ${label}`);
  }
  const missing = partitions.find((p) => !source.partitions.has(p));
  if (missing === undefined) return;
  throw release.refuse(`Partition ${missing} of table ${name} does not exist in snapshot ${label}`);
}

/** Views break it before 3.4, and from 3.5 on materialized views are left out silently (§1.4, §3.5). */
function wholeDatabase(
  release: FakeRelease,
  database: string,
  tables: readonly FakeTable[],
): readonly TableSelection[] {
  const strange = tables.find((t) => t.kind === "view" || t.kind === "other");
  if (strange !== undefined && !release.isAtLeast(3, 4)) {
    throw release.refuse(`Table '${strange.name}' is not a OLAP table`);
  }
  const chosen = tables.filter(({ kind }) => {
    if (kind === "materializedView") return release.isAtLeast(3, 2) && !release.isAtLeast(3, 5);
    return kind !== "other";
  });
  if (chosen.length > 0) return chosen.map(({ name }) => ({ name, partitions: [] }));
  throw release.refuse(
    release.isAtLeast(3, 0) ? `Database: ${database} is empty` : "Table not found.",
  );
}

function checkSource(
  release: FakeRelease,
  chosen: TableSelection,
  table: FakeTable | undefined,
): void {
  if (table === undefined) throw release.refuse(`Incorrect table name '${chosen.name}'`);
  if (table.kind === "view" || table.kind === "other") {
    throw release.refuse(unsupported(release, table));
  }
  const missing = chosen.partitions.find((p) => !table.partitions.has(p));
  if (missing === undefined) return;
  throw release.refuse(`partition[${missing}] does not exist  in table${chosen.name}`);
}

function unsupported(release: FakeRelease, { name, kind }: FakeTable): string {
  if (!release.isAtLeast(3, 4)) return `Table '${name}' is not a OLAP table`;
  // Without the keyword VIEW a name in the list is a table's.
  if (kind === "view") return `Incorrect table name '${name}'`;
  return `Table: ${name} can not support backup restore, type: EXTERNAL`;
}
