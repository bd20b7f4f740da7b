// PENDING, before anything is made: may this job run, and is it its turn?
import type { JobRow } from "../../../starrocks/frontend.ts";
import type { Seen, Step, Verdict } from "../model.ts";
import { frontendSeen, isNewSince, isOver, labelOf, myRow, mySlot, sinceMs } from "../look.ts";
import { end, lookAgain, POLL_MS, SLOW_POLL_MS, waitFor } from "../verdict.ts";
import { findCondition } from "../../../api/conditions.ts";
import { poll } from "../../../runtime/result.ts";

/** Only before the slot: a Repository that is not ready for a moment must not stop a job that runs. */
export function repositoryIsReady(seen: Seen): Verdict | undefined {
  if (mySlot(seen) !== undefined) return undefined;
  const { repository, settings } = seen;
  const name = settings.repository;
  if (repository === undefined) {
    return waitFor("RepositoryMissing", `Repository ${name} to exist in this namespace`);
  }
  if (repository.metadata.deletionTimestamp !== undefined) {
    return waitFor(
      "RepositoryDeleting",
      `Repository ${name}, which is being deleted, to be made again`,
    );
  }
  const ready = findCondition(repository.status?.conditions ?? [], "Ready");
  if (ready?.status === "True") return undefined;
  const why = ready === undefined ? "it was not checked yet" : `${ready.reason}: ${ready.message}`;
  return waitFor("RepositoryNotReady", `Repository ${name} to be ready (${why})`);
}

export function repositoryAllowsIt(seen: Seen): Verdict | undefined {
  const { repository, job } = seen;
  const database = databaseOf(seen);
  const allowed = repository?.spec.allowedDatabases;
  if (job.kind === "Backup" && repository?.spec.readOnly === true) {
    const message = `Repository ${repository.metadata.name} is readOnly: back up into another one, or set readOnly to false`;
    return end("FAILED", "RepositoryReadOnly", message);
  }
  if (allowed === undefined || database === undefined || allowed.includes(database))
    return undefined;
  const message = `database ${database} is not among the allowedDatabases of Repository ${seen.settings.repository}: add it there, or use another Repository`;
  return end("FAILED", "DatabaseNotAllowed", message);
}

/** The pause between two attempts; what was told when it began says why, and stays. */
export function backoffIsOver(seen: Seen): Verdict | undefined {
  const { retryAfter, reason = "", message = "" } = seen.status;
  const leftMs = retryAfter === undefined ? 0 : -sinceMs(seen, retryAfter);
  // Longer than any pause: it was written before our clock was set back.
  if (leftMs <= 0 || leftMs > BACKOFF_MAX_MS) return undefined;
  const told = PAUSES.has(reason) ? /^waits for (.*)$/s.exec(message)?.[1] : undefined;
  if (told !== undefined) return { reason, result: poll(leftMs, told) };
  return { reason: "WaitingToRetry", result: poll(leftMs, `the next attempt at ${retryAfter}`) };
}

/** The longest pause between two attempts. */
export const BACKOFF_MAX_MS = 3_600_000;

const PAUSES: ReadonlySet<string> = new Set(["WaitingToRetry", "DatabaseBusy"]);

export function itsTurn(seen: Seen): Verdict | undefined {
  const { turn } = seen;
  if (turn.kind === "go" || mySlot(seen) !== undefined) return undefined;
  const { position, message } = turn;
  return waitFor("Queued", message, { queue: { position, message } });
}

/** Nothing below is decided without StarRocks' answer. */
export function starRocksAnswers(seen: Seen): Verdict | undefined {
  const { frontend } = seen;
  if (frontend.kind === "seen") return undefined;
  if (frontend.kind === "notAsked") return lookAgain("AskingStarRocks", "StarRocks to be asked");
  const { error } = frontend;
  const unsubmitted = seen.status.submission === undefined;
  if (unsubmitted && error.reason === "RightMissing") {
    return end("FAILED", error.reason, error.message);
  }
  return lookAgain(error.reason, `StarRocks: ${error.message}`, SLOW_POLL_MS);
}

export function sharesNothing(seen: Seen): Verdict | undefined {
  if (frontendSeen(seen)?.facts.runMode !== "shared_data") return undefined;
  const message =
    "this StarRocks runs in shared-data mode, whose tables it cannot back up: use its automated cluster snapshot (ADMIN SET AUTOMATED CLUSTER SNAPSHOT ON)";
  return end("FAILED", "SharedData", message);
}

/** StarRocks runs one backup or restore per database, of whoever asks, and remembers the last one. */
export function databaseIsFree(seen: Seen): Verdict | undefined {
  const rows = frontendSeen(seen)?.jobs ?? [];
  const { submission } = seen.status;
  const rival = rows.find(
    (row) =>
      !isOver(row) &&
      // Ours, once it is submitted.
      !(
        row.label === labelOf(seen) &&
        submission !== undefined &&
        isNewSince(submission.before, row)
      ),
  );
  if (rival === undefined) return lastIsRead(seen, rows);
  const theirs = `${rival.kind} ${rival.label} in database ${rival.database}, which this job did not start`;
  if (mayStandBack(seen)) return standBack(`${theirs}, runs there`);
  return lookAgain("DatabaseBusy", `${theirs} (${rival.state}), to end`, SLOW_POLL_MS);
}

/** A job that is sent now would hide how the last one ended from whoever still has to read it. */
function lastIsRead(seen: Seen, rows: readonly JobRow[]): Verdict | undefined {
  for (const { who, verb, label, before } of seen.unread) {
    const isThere = rows.some(
      (row) => row.kind === verb && row.label === label && isNewSince(before, row),
    );
    if (isThere) {
      return lookAgain("DatabaseBusy", `${who}, to read how its ${verb} ${label} ended`, POLL_MS);
    }
  }
  return undefined;
}

/** It holds a slot that others could use, and has sent nothing. */
export function mayStandBack(seen: Seen): boolean {
  return mySlot(seen) !== undefined && seen.status.submission === undefined;
}

/** Slot and agents go back while another tool has the database, which may be for days. */
export function standBack(why: string): Verdict {
  return end(
    "WAIT",
    "DatabaseBusy",
    `${why}, so the slot is given back until the database is free`,
  );
}

/** The database that StarRocks locks: the Backup's, or the Restore's target. */
export function databaseOf(seen: Seen): string | undefined {
  const { job, status } = seen;
  if (job.kind === "Backup") return job.spec.database;
  return job.spec.database ?? status.source?.database;
}

/**
 * Steps that only matter until StarRocks has taken the statement: from then on tables may go and targets are
 * there, and it is StarRocks' job that is followed.
 */
export function untilAccepted(steps: Steps): Steps {
  const guarded = Object.entries(steps).map(([name, step]): [string, Step] => [
    name,
    (seen) => (isAccepted(seen) ? undefined : step(seen)),
  ]);
  return Object.fromEntries(guarded);
}

function isAccepted(seen: Seen): boolean {
  return seen.status.submission?.accepted === true || myRow(seen) !== undefined;
}

type Steps = Readonly<Record<string, Step>>;
