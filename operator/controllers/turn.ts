// Whose turn it is: one job per database, as many at a time as the Repository has slots, oldest first.
// Pure; StarRocks and the slots' Services are the fences, this is the order.

/** A Backup or Restore of one Repository, as far as the order needs it. */
export interface QueuedJob {
  readonly kind: "Backup" | "Restore";
  readonly name: string;
  readonly uid: string;
  readonly createdAt: string;
  /** Undefined: not known yet; then nobody waits for it. */
  readonly database: string | undefined;
  /** Has a slot, or is past PENDING. */
  readonly running: boolean;
  /** Waits for something of its own (back-off, another tool in its database): lets others pass. */
  readonly standsAside: boolean;
}

export type Turn =
  | { readonly kind: "go" }
  | { readonly kind: "wait"; readonly position: number; readonly message: string };

/** The turn of `me` among all unfinished jobs of its Repository, `me` included. */
export function turnOf(me: QueuedJob, all: readonly QueuedJob[], slots: number): Turn {
  if (me.running) return { kind: "go" };
  const running = all.filter((j) => j.running);
  const waiting = all.filter((j) => !j.running && !j.standsAside).sort(byAge);
  const ahead = waiting.filter((j) => byAge(j, me) < 0);
  const position = ahead.length + 1;
  const rival = [...running, ...ahead].find((j) => sameDatabase(j, me));
  if (rival !== undefined) {
    const message = `${rival.kind} ${rival.name}, which is before it on database ${me.database}`;
    return { kind: "wait", position, message };
  }
  const eligible = firstOfEachDatabase(running, ahead);
  const free = slots - running.length;
  if (eligible.length < free) return { kind: "go" };
  const what = slots === 1 ? "the Repository's slot" : `one of the Repository's ${slots} slots`;
  const who = running.length > 0 ? `held by ${names(running)}` : `next for ${names(eligible)}`;
  const message = `${what} (concurrency), ${who}`;
  return { kind: "wait", position, message };
}

/** A job that waits: its number in the queue, from 1, and whether {@link turnOf} would let it go. */
export interface Place {
  readonly position: number;
  readonly goes: boolean;
}

/** By UID, the places of all that wait, as {@link turnOf} has them for each. One pass: queues may be long. */
export function placesOf(all: readonly QueuedJob[], slots: number): ReadonlyMap<string, Place> {
  const running = all.filter((j) => j.running);
  const waiting = all.filter((j) => !j.running && !j.standsAside).sort(byAge);
  const taken = new Set(running.map((j) => j.database));
  const places = new Map<string, Place>();
  let free = slots - running.length;
  for (const [at, { uid, database }] of waiting.entries()) {
    const isFirst = database === undefined || !taken.has(database);
    places.set(uid, { position: at + 1, goes: isFirst && free > 0 });
    if (isFirst) free -= 1;
    taken.add(database);
  }
  return places;
}

/** Those of `ahead`, oldest first, that nobody is before on their database. One pass: queues may be long. */
function firstOfEachDatabase(
  running: readonly QueuedJob[],
  ahead: readonly QueuedJob[],
): readonly QueuedJob[] {
  const taken = new Set(running.map((j) => j.database));
  return ahead.filter(({ database }) => {
    if (database === undefined) return true;
    const isFirst = !taken.has(database);
    taken.add(database);
    return isFirst;
  });
}

function sameDatabase(a: QueuedJob, b: QueuedJob): boolean {
  return a.uid !== b.uid && a.database !== undefined && a.database === b.database;
}

/** Oldest first; of one second by name, as people number them, and by UID, so that all see one order. */
function byAge(a: QueuedJob, b: QueuedJob): number {
  return compare(a.createdAt, b.createdAt) || compare(a.name, b.name) || compare(a.uid, b.uid);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const NAMES_MAX = 3;

function names(jobs: readonly QueuedJob[]): string {
  const shown = jobs.slice(0, NAMES_MAX).map((j) => `${j.kind} ${j.name}`);
  const more = jobs.length > NAMES_MAX ? ` and ${jobs.length - NAMES_MAX} more` : "";
  return shown.join(", ") + more;
}
