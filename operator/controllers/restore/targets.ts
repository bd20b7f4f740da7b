// Which tables a Restore makes or replaces: never one that nobody said it may. Pure.
import { must } from "../../assert.ts";
import type { JobRow, TableInfo, TableSelection } from "../../starrocks/frontend.ts";
import { frontendSeen, labelOf } from "../job/look.ts";
import type { Seen, Verdict } from "../job/model.ts";
import { shortList } from "../job/short-list.ts";
import { databaseOf } from "../job/steps/prepare.ts";
import { end } from "../job/verdict.ts";

export interface Target extends TableSelection {
  readonly as: string | undefined;
  /** Is there already and will be overwritten. */
  readonly existed: boolean;
}

export interface Targets {
  readonly targets: readonly Target[];
  readonly replicationNum: number;
}

/** StarRocks' own default (RunMode.defaultReplicationNum, shared-nothing). */
const REPLICATION_DEFAULT = 3;

/** The tables of a Restore out of `content`, or why it may not run. */
export function targetsOf(seen: Seen, content: readonly TableSelection[]): Targets | Verdict {
  const chosen = choose(seen, content);
  if ("result" in chosen) return chosen;
  const { tables } = must(frontendSeen(seen));
  const targets = chosen.map((t) => ({ ...t, existed: exists(tables, t.as ?? t.name) }));
  return refuseExisting(seen, targets) ?? withReplication(seen, targets);
}

type Chosen = Omit<Target, "existed">;

function choose(seen: Seen, content: readonly TableSelection[]): readonly Chosen[] | Verdict {
  if (seen.job.kind !== "Restore") throw new Error("a Backup has no targets");
  const wanted = seen.job.spec.tables;
  // No partitions named: all of the table that the snapshot has.
  if (wanted === undefined)
    return content.map((t) => ({ name: t.name, partitions: [], as: undefined }));
  for (const { name, partitions } of wanted) {
    const has = content.find((t) => t.name === name);
    const holds = `snapshot ${labelOf(seen)} holds`;
    if (has === undefined) {
      const message = `${holds} no table ${name}: it has ${shortList(content.map((t) => t.name))}`;
      return end("FAILED", "TableNotInSnapshot", message);
    }
    const missing =
      has.partitions.length > 0 && partitions?.find((p) => !has.partitions.includes(p));
    if (typeof missing === "string") {
      const message = `${holds} no partition ${missing} of table ${name}: it has ${shortList(has.partitions)}`;
      return end("FAILED", "PartitionNotInSnapshot", message);
    }
  }
  return wanted.map((t) => ({ name: t.name, partitions: t.partitions ?? [], as: t.as }));
}

function exists(tables: readonly TableInfo[] | undefined, name: string): boolean {
  return tables?.some((t) => t.name === name) === true;
}

function refuseExisting(seen: Seen, targets: readonly Target[]): Verdict | undefined {
  if (seen.job.kind !== "Restore") return undefined;
  const { existing, overwriteTables } = seen.job.spec;
  const database = databaseOf(seen) ?? "";
  for (const { name, as, existed } of targets) {
    if (!existed) continue;
    const target = `${database}.${as ?? name}`;
    if (as !== undefined) {
      const message = `table ${target} exists, and StarRocks restores under another name only to a free one: choose another \`as\`, or drop it`;
      return end("FAILED", "TargetExists", message);
    }
    if (existing === "Overwrite" && overwriteTables?.includes(name) === true) continue;
    const how =
      "restore it under another name (`as`), into another database, or set existing: Overwrite and name it in overwriteTables";
    return end("FAILED", "TargetExists", `table ${target} exists: ${how}`);
  }
  return undefined;
}

function withReplication(seen: Seen, targets: readonly Target[]): Targets | Verdict {
  if (seen.job.kind !== "Restore") throw new Error("a Backup has no targets");
  const front = must(frontendSeen(seen));
  const alive = front.facts.backends.filter((b) => b.alive && !b.decommissioned).length;
  const given = seen.job.spec.replicationNum;
  const kept = new Map(
    targets
      .filter((t) => t.existed)
      .flatMap((t) => {
        const number = front.replication.get(t.name);
        return number === undefined ? [] : [[t.name, number] as const];
      }),
  );
  const numbers = new Set(kept.values());
  if (numbers.size > 1) {
    const message = `tables to overwrite have different numbers of replicas (${[...kept].map(([t, n]) => `${t}: ${n}`).join(", ")}): make one Restore for each number`;
    return end("FAILED", "ReplicationConflict", message);
  }
  const [existing] = numbers;
  if (given !== undefined && existing !== undefined && given !== existing) {
    const message = `replicationNum is ${given}, and the tables to overwrite have ${existing} replicas: set replicationNum to ${existing}, or leave it out`;
    return end("FAILED", "ReplicationConflict", message);
  }
  const replicationNum = given ?? existing ?? Math.min(REPLICATION_DEFAULT, Math.max(1, alive));
  if (replicationNum > alive) {
    const message = `replicationNum ${replicationNum} needs as many BEs, and ${alive} are alive: set replicationNum to ${Math.max(1, alive)} or less, or start BEs`;
    return end("FAILED", "TooFewBackends", message);
  }
  return { targets, replicationNum };
}

/**
 * Targets of a running RESTORE that were to be new and are somebody's: made between our last look and StarRocks'
 * first run of the job. Ids grow, and the job takes its own before it looks for tables and makes those that are
 * missing (RestoreJob.checkAndPrepareMeta, getNextId): an older table is none of its making, and keeps its content
 * until COMMIT.
 */
export function foreignTargets(seen: Seen, { jobId }: JobRow): readonly string[] {
  const ids = frontendSeen(seen)?.tableIds;
  if (seen.job.kind !== "Restore" || jobId === undefined || ids === undefined) return [];
  return (seen.status.targets ?? [])
    .filter(({ existed }) => existed !== true)
    .map((target) => target.as)
    .filter((name) => (ids.get(name) ?? jobId) < jobId);
}
