// The moments in a job's life at which something goes wrong. Looked for often and in this process, because some
// last for milliseconds; one that passed unseen is a failure of the row, not a row that went well.
import { setTimeout as sleep } from "node:timers/promises";
import { must } from "../../../operator/assert.ts";
import type { World } from "../../world.ts";
import type { JobKind } from "./table.ts";

export type Point =
  /** Another job has the slot. */
  | "queued"
  /** A Restore's snapshot is being checked. */
  | "verifying"
  | "starting"
  | "mounting"
  /** BACKUP or RESTORE is written down and on its way. */
  | "recorded"
  | "SNAPSHOTING"
  | "UPLOADING"
  | "DOWNLOADING"
  /** StarRocks' half of COMMIT; of a Backup's its first part. */
  | "committing"
  /** A Backup's metadata are on the FE's disk and on their way to the repository. */
  | "publishing"
  /** Ours: mount closed, agents drained. */
  | "draining"
  | "sealing";

interface Status {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly submission?: { readonly accepted?: boolean };
}

/** Told by our own status. */
const BY_STATUS: Readonly<Partial<Record<Point, (status: Status) => boolean>>> = {
  queued: (s) => s.reason === "Queued",
  verifying: (s) => s.reason === "Verifying",
  starting: (s) => s.reason === "StartingAgents",
  recorded: (s) => s.submission !== undefined,
  draining: (s) => s.reason === "Draining",
  sealing: (s) => s.reason === "Sealing",
};

/** Told by StarRocks' own state, which we hear of seconds later. */
const BY_STARROCKS: Readonly<Partial<Record<Point, readonly string[]>>> = {
  SNAPSHOTING: ["PENDING", "SNAPSHOTING"],
  UPLOADING: ["UPLOADING"],
  DOWNLOADING: ["DOWNLOADING"],
  committing: ["SAVE_META", "COMMIT", "COMMITTING"],
  publishing: ["UPLOAD_INFO"],
};

const OVER: readonly (string | undefined)[] = ["FINISHED", "FAILED", "CANCELLED"];

export function isOver(status: Status): boolean {
  return OVER.includes(status.phase);
}

export function statusOf(world: World, kind: JobKind, name: string): Status {
  return world.statusNow(kind === "Backup" ? "backups" : "restores", name);
}

/** Resolves at the point; rejects when the job ended without it. */
export async function reached(world: World, job: Job, point: Point): Promise<void> {
  const isThere = lookFor(world, job, point);
  for (const deadline = Date.now() + 150_000; !isThere();) {
    const status = statusOf(world, job.kind, job.name);
    if (isOver(status) || Date.now() > deadline) {
      throw new Error(`${job.kind} ${job.name} was never ${point}: ${JSON.stringify(status)}`);
    }
    await sleep(2);
  }
}

function lookFor(world: World, job: Job, point: Point): () => boolean {
  // The broker is there before the status can say so.
  if (point === "mounting") return () => (world.starrocks.leader()?.brokers.all.length ?? 0) > 0;
  const states = BY_STARROCKS[point];
  if (states === undefined) {
    const isTold = must(BY_STATUS[point]);
    return () => isTold(statusOf(world, job.kind, job.name));
  }
  return () => {
    const there = world.starrocks.jobState(job.database);
    return there?.kind === job.kind.toUpperCase() && states.includes(there.state);
  };
}

export interface Job {
  readonly kind: JobKind;
  readonly name: string;
  /** Which StarRocks locks for it. */
  readonly database: string;
}
