// What must be true, as the soak's own books have it: what each table held and when, what each Backup may therefore
// hold, what each Restore may change. It learns of statuses from watches and of tables from who changed them; it
// never asks the operator.
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { must } from "../../operator/assert.ts";

export type JobKind = "Backup" | "Restore";
export const FINAL: readonly string[] = ["FINISHED", "FAILED", "CANCELLED"];

/** Among digests: it may hold anything. */
export const ANYTHING = "anything";

/** A time in which a table was there for sure. */
interface Presence {
  readonly fromMs: number;
  untilMs: number;
}

/** A content of a table, and when a snapshot could have met it. */
interface Version {
  readonly digest: string;
  readonly fromMs: number;
  untilMs: number;
}

export interface Job {
  readonly kind: JobKind;
  readonly namespace: string;
  readonly name: string;
  readonly repository: string;
  readonly database: string;
  uid: string;
  /** As seen last. */
  status: Backup["status"] | Restore["status"];
  deletion: "none" | "asked" | "gone";
  deletionPolicy: "Retain" | "Delete";
  /** What people asked that keeps it from FINISHED. */
  wasStopped: boolean;
  readonly createdMs: number;
  endedMs: number | undefined;
  /** Restores: table in the snapshot → table in the target. */
  readonly targets: ReadonlyMap<string, string>;
  /** Restores: the tables that may lose their content. */
  readonly overwrites: ReadonlySet<string>;
  /** Backups: its one table; undefined: the whole database. */
  readonly table: string | undefined;
  /** Restores: what is read. */
  readonly source: Snapshot | undefined;
  /** Restores: what was compared or given up. */
  isSettled: boolean;
}

/** A whole snapshot in the storage. */
export interface Snapshot {
  readonly repository: string;
  readonly namespace: string;
  readonly backup: string;
  readonly label: string;
  readonly timestamp: string;
  readonly database: string;
  /** Table → the digests that it may have, of which one is its. */
  readonly tables: ReadonlyMap<string, ReadonlySet<string>>;
  /** Tables that were there all the time while it was made. */
  readonly certain: ReadonlySet<string>;
  state: "kept" | "beingDeleted" | "deleted";
}

export class Ledger {
  /** `db.table` → versions, oldest first; the last one holds now. */
  readonly #tables = new Map<string, Version[]>();
  /** `db.table` → when it was there, oldest first. */
  readonly #presences = new Map<string, Presence[]>();
  readonly jobs = new Map<string, Job>();
  readonly snapshots: Snapshot[] = [];

  // Tables.

  wrote(table: string, digest: string, fromMs: number, nowMs: number): void {
    const versions = this.#tables.get(table) ?? [];
    const last = versions.at(-1);
    if (last !== undefined) last.untilMs = Math.min(last.untilMs, nowMs);
    versions.push({ digest, fromMs, untilMs: Infinity });
    this.#tables.set(table, versions);
    const presences = this.#presences.get(table) ?? [];
    this.#presences.set(table, presences);
    if (presences.at(-1)?.untilMs !== Infinity)
      presences.push({ fromMs: nowMs, untilMs: Infinity });
  }

  /** Somewhere between the two times. */
  dropped(table: string, fromMs: number, nowMs: number): void {
    const last = this.#tables.get(table)?.at(-1);
    if (last !== undefined) last.untilMs = Math.min(last.untilMs, nowMs);
    const presence = this.#presences.get(table)?.at(-1);
    if (presence !== undefined) presence.untilMs = Math.min(presence.untilMs, fromMs);
  }

  /** A Restore may have left anything there, and then somebody dropped it. */
  forgot(table: string, fromMs: number, nowMs: number): void {
    this.wrote(table, ANYTHING, fromMs, nowMs);
    this.dropped(table, fromMs, nowMs);
  }

  /** The digest that it must have now; undefined: it is not there. */
  digestOf(table: string): string | undefined {
    const last = this.#tables.get(table)?.at(-1);
    return last?.untilMs === Infinity ? last.digest : undefined;
  }

  /** Names of the tables of a database that are there, as far as is known. */
  tablesOf(database: string): readonly string[] {
    return [...this.#tables.keys()]
      .filter((t) => t.startsWith(`${database}.`) && this.digestOf(t) !== undefined)
      .map((t) => t.slice(database.length + 1));
  }

  /** What a table may have held at some moment between the two. */
  #heldBetween(table: string, fromMs: number, untilMs: number): ReadonlySet<string> {
    const versions = this.#tables.get(table) ?? [];
    const met = versions.filter((v) => v.fromMs <= untilMs && v.untilMs >= fromMs);
    return new Set(met.map((v) => v.digest));
  }

  #wasThere(table: string, fromMs: number, untilMs: number): boolean {
    const presences = this.#presences.get(table) ?? [];
    return presences.some((p) => p.fromMs <= fromMs && p.untilMs >= untilMs);
  }

  // Jobs.

  static keyOf(kind: JobKind, namespace: string, name: string): string {
    return `${kind} ${namespace}/${name}`;
  }

  /** Restores that may change a table of this database any time. */
  restoresInto(database: string): readonly Job[] {
    return [...this.jobs.values()].filter(
      (j) => j.kind === "Restore" && j.database === database && !j.isSettled,
    );
  }

  isTarget(table: string): boolean {
    const [database = "", name = ""] = table.split(".");
    return this.restoresInto(database).some((j) => [...j.targets.values()].includes(name));
  }

  living(): readonly Job[] {
    return [...this.jobs.values()].filter(
      (j) => j.deletion !== "gone" && !FINAL.includes(j.status?.phase ?? "PENDING"),
    );
  }

  /** A Backup is FINISHED: its snapshot is what the tables held while StarRocks made it. */
  finished(job: Job, status: NonNullable<Backup["status"]>, snapshotUntilMs: number): void {
    const { name: label, timestamp } = must(status.snapshot, "the snapshot of a FINISHED Backup");
    // Times in a status are whole seconds.
    const fromMs = Date.parse(must(status.submission, "its submission").time) - 1_000;
    const tables = new Map<string, ReadonlySet<string>>();
    const certain = new Set<string>();
    for (const key of this.#tables.keys()) {
      const [database, name = ""] = key.split(".");
      if (database !== job.database || (job.table ?? name) !== name) continue;
      const digests = this.#heldBetween(key, fromMs, snapshotUntilMs);
      if (digests.size > 0) tables.set(name, digests);
      if (this.#wasThere(key, fromMs, snapshotUntilMs)) certain.add(name);
    }
    this.snapshots.push({
      repository: job.repository,
      namespace: job.namespace,
      backup: job.name,
      label,
      timestamp: must(timestamp, "the timestamp of a FINISHED Backup"),
      database: job.database,
      tables,
      certain,
      state: job.deletion === "none" ? "kept" : "beingDeleted",
    });
  }

  snapshotOf(job: Job): Snapshot | undefined {
    return this.snapshots.find((s) => s.namespace === job.namespace && s.backup === job.name);
  }
}
