// Asked before every step: is the job still wanted, and still the one that was begun?
import { done } from "../../../runtime/result.ts";
import { myRow, sinceMs } from "../look.ts";
import type { Seen, Verdict } from "../model.ts";
import { act, end } from "../verdict.ts";
import { phaseOf } from "./follow.ts";

/** A deletion is not held up longer than this by what will not come back. */
const LET_GO_MS = 10 * 60_000;

export function finalizerIsThere(seen: Seen): Verdict | undefined {
  if (seen.vanishing)
    return { reason: "Vanishing", result: done("its namespace is being deleted") };
  return act([{ kind: "addFinalizer" }], "Starting", "the finalizer");
}

/** StarRocks that is gone for good, or a namespace that goes, must not hold an object for ever. */
export function isLetGo(seen: Seen): Verdict | undefined {
  if (!isOverdue(seen)) return undefined;
  if (seen.frontend.kind === "failed") return letGo(seen.frontend.error.message);
  return seen.vanishing ? letGo("its namespace is being deleted") : undefined;
}

/** Its deletion has been held up for as long as may be. */
export function isOverdue(seen: Seen): boolean {
  return sinceMs(seen, seen.job.metadata.deletionTimestamp) >= LET_GO_MS;
}

export function letGo(why: string): Verdict {
  const message = `deleted without a complete clean-up after 10 minutes (${why}); the Repository removes what is left`;
  return {
    actions: [
      { kind: "event", type: "Warning", reason: "LetGo", message },
      { kind: "removeFinalizer" },
    ],
    reason: "LetGo",
    result: done(message),
  };
}

/** A Restore that replaces data is let finish: half replaced is worse than done. */
export function isNotDeleted(seen: Seen): Verdict | undefined {
  if (seen.job.metadata.deletionTimestamp === undefined || isReplacing(seen)) return undefined;
  return end("CANCELLED", "Deleted", "it was deleted before it was done");
}

export function isNotCancelled(seen: Seen): Verdict | undefined {
  if (!seen.settings.cancel || isReplacing(seen)) return undefined;
  return end("CANCELLED", "Cancelled", "spec.cancel is true");
}

/** StarRocks may be further than our phase, which was written when we looked last. */
function isReplacing(seen: Seen): boolean {
  if (seen.job.kind !== "Restore") return false;
  return seen.status.phase === "COMMIT" || phaseOf(seen, myRow(seen)) === "COMMIT";
}

export function specIsValid(seen: Seen): Verdict | undefined {
  if (seen.invalid.length === 0) return undefined;
  return end("FAILED", "InvalidSpec", seen.invalid.join("; "));
}

/** Once it has a slot it belongs to that very Repository. */
export function repositoryIsTheSame(seen: Seen): Verdict | undefined {
  const { repository, status, settings } = seen;
  if (status.slot === undefined) return undefined;
  if (repository?.metadata.uid === status.repositoryUID) return undefined;
  const what = repository === undefined ? "was deleted" : "was deleted and made again";
  const message = `Repository ${settings.repository} ${what} while this ${seen.job.kind} ran`;
  return end("FAILED", "RepositoryGone", message);
}
