// Who is looked at when a Repository's queue moves. A queue may be a thousand long, and moves some five times for
// each job in it: who cannot go yet is left alone, but for the first few, whose position people watch.
//
// What would surprise: those further behind learn their new position at the safety poll (controller.ts).
import type { JobResource } from "./job/model.ts";
import { queuedJob } from "./job/observe-queue.ts";
import { isFinal } from "./job/status.ts";
import { placesOf } from "./turn.ts";
import type { Place } from "./turn.ts";

/** Positions that are kept up to date with each move. */
export const TOLD_AT_ONCE = 10;

/** Of `jobs`, those for which a move of the queue that `all` are in may mean something. */
export function wokenByMove<T extends JobResource>(
  jobs: readonly T[],
  all: readonly JobResource[],
  slots: number,
): readonly T[] {
  const unfinished = all.filter(({ status }) => !isFinal(status?.phase));
  const places = placesOf(unfinished.map(queuedJob), slots);
  return jobs.filter((job) => isConcerned(job, places.get(job.metadata.uid ?? "")));
}

function isConcerned(job: JobResource, place: Place | undefined): boolean {
  const { status, metadata } = job;
  // It may wait for another job to let go of its snapshot.
  if (metadata.deletionTimestamp !== undefined) return true;
  const { phase = "PENDING", slot, reason, queue } = status ?? {};
  if (phase !== "PENDING" || slot !== undefined) return false;
  if (reason !== "Queued" || place === undefined) return true;
  return place.goes || isNews(place, queue?.position);
}

function isNews({ position }: Place, told: number | undefined): boolean {
  return position <= TOLD_AT_ONCE && position !== told;
}
