// How often jobs are looked at: as often as their steps ask while few run, and so that all looks together stay few when
// many do. Each look is a GET, a statement and some logs: at its own pace each of a hundred jobs would keep the others
// from moving at all.
import type { Result } from "../../runtime/result.ts";
import type { Seen } from "./model.ts";

const LOOKS_PER_SECOND_MAX = 10;
/** What is asked for sooner goes on with something, and does not only look how far it is. */
const LOOK_MS_MIN = 1_000;

/** The result with a pause that fits the number of jobs that run now. */
export function paced(seen: Seen, result: Result, running: number): Result {
  if (isUrgent(seen) || result.kind !== "poll" || result.afterMs < LOOK_MS_MIN) return result;
  const afterMs = Math.max(result.afterMs, (running * 1_000) / LOOKS_PER_SECOND_MAX);
  return { ...result, afterMs };
}

/**
 * From the statement to the download StarRocks has made its tables and replaced none. That takes some ten seconds, and
 * only then a Restore can still be kept from a table that somebody made just before (restore/targets.ts).
 */
function isUrgent({ job, status }: Seen): boolean {
  const { phase, submission } = status;
  const isEarly = phase === "PENDING" || phase === "SNAPSHOTING";
  return job.kind === "Restore" && submission !== undefined && isEarly;
}
