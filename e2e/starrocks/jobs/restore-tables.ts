// What a restore does to the catalogue at its beginning and its end.
import type { Database, Table } from "../catalog.ts";
import { isOlap, tabletsOf } from "../catalog.ts";
import type { RestoreRecord } from "./restore-job.ts";
import type { ChosenTable } from "./restore-plan.ts";

/** Target tables that exist are not usable while the job runs. */
export function markRestoring(database: Database, chosen: readonly ChosenTable[]): void {
  for (const { localName } of chosen) {
    const table = database.tables.find((t) => t.name === localName);
    if (
      table !== undefined &&
      isOlap(table) &&
      !(table.kind === "materializedView" && table.active)
    ) {
      table.state = "RESTORE";
    }
  }
}

/** Undoes an unfinished restore; answers the tablets that are to be dropped on the BEs. */
export function dropPending(database: Database): readonly number[] {
  const gone = database.tables.filter((t) => t.pendingRestore === true);
  const dropped = gone.flatMap((t) => tabletsOf(t).map((tablet) => tablet.id));
  for (const table of gone) database.tables.splice(database.tables.indexOf(table), 1);
  for (const table of database.tables) {
    for (const partition of table.partitions.filter((p) => p.pendingRestore === true)) {
      dropped.push(...partition.index.tablets.map((t) => t.id));
      table.partitions.splice(table.partitions.indexOf(partition), 1);
    }
    if (table.state === "RESTORE") table.state = "NORMAL";
  }
  return dropped;
}

export function finishTables(database: Database, record: RestoreRecord, nowMs: number): void {
  const versions = new Map(record.versions.map((v) => [v.partitionId, v.version]));
  for (const { localName } of record.chosen) {
    const table = database.tables.find((t) => t.name === localName);
    if (table === undefined) continue;
    delete table.pendingRestore;
    table.state = "NORMAL";
    for (const partition of table.partitions) {
      delete partition.pendingRestore;
      const version = versions.get(partition.id);
      if (version === undefined) continue;
      partition.version = version;
      partition.versionTime = nowMs;
    }
    activate(database, table);
  }
  for (const name of record.functions) {
    if (!database.functions.includes(name)) database.functions.push(name);
  }
}

/** A restored materialized view becomes active when the tables it reads are there. */
function activate(database: Database, table: Table): void {
  if (table.kind !== "materializedView" || table.active) return;
  if (!table.baseTables.every((name) => database.tables.some((t) => t.name === name))) return;
  table.active = true;
  table.inactiveReason = "";
}
