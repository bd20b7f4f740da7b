// Which of a snapshot's objects a RESTORE takes (BackupHandler.checkAndFilterRestoreObjsExistInSnapshot).
import type { Table } from "../catalog.ts";
import { DdlError } from "../sql/errors.ts";
import type { ObjectList, ObjectRef } from "../sql/statement.ts";
import type { ChosenTable } from "./restore-plan.ts";
import type { SnapshotInfo, SnapshotMeta } from "./snapshot-files.ts";

/** Refuses what `__info` does not have; it is asked before `__meta` is read. */
export function requireInSnapshot(info: SnapshotInfo, on: ObjectList | undefined): void {
  for (const ref of on?.refs ?? []) {
    if (ref.kind !== "table") continue;
    const table = ownOf(info.backup_objects, ref.name);
    if (table === undefined) {
      throw new DdlError(`Table ${ref.name} does not exist in snapshot ${info.name}`);
    }
    for (const partition of ref.partitions) {
      if (ownOf(table.partitions, partition) === undefined) {
        throw new DdlError(
          `Partition ${partition} of table ${ref.name} does not exist in snapshot ${info.name}`,
        );
      }
    }
  }
}

/** Names are anybody's: `constructor` is none unless somebody made it. */
function ownOf<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

/** The chosen tables out of `__meta`, with only the chosen partitions. */
export function chooseFromMeta(
  meta: SnapshotMeta,
  on: ObjectList | undefined,
): readonly ChosenTable[] {
  if (on === undefined) return meta.tables.map((table) => ({ table, localName: table.name }));
  const chosen: ChosenTable[] = [];
  for (const table of meta.tables) {
    const ref = on.refs.find((r) => r.name === table.name && r.kind !== "function");
    if (ref !== undefined) chosen.push(chosenTable(table, ref));
    else if (on.all.some((kind) => kind === table.kind)) {
      chosen.push({ table, localName: table.name });
    }
  }
  return chosen;
}

function chosenTable(table: Table, ref: ObjectRef): ChosenTable {
  const partitions =
    ref.partitions.length === 0
      ? table.partitions
      : table.partitions.filter((p) => ref.partitions.includes(p.name));
  return { table: { ...table, partitions }, localName: ref.alias ?? table.name };
}
