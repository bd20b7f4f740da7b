// After an ending was decided: nothing of the attempt may stay in StarRocks, Kubernetes or storage. The
// same for every phase and outcome, since each step looks whether its thing is there at all.
import { timestamp } from "../../../api/conditions.ts";
import { EXIT } from "../../../agent/outcome.ts";
import { must } from "../../../assert.ts";
import type { JobRow } from "../../../starrocks/frontend.ts";
import { nameInStorage, repositoryFolder } from "../../names.ts";
import { done, poll } from "../../../runtime/result.ts";
import {
  attemptIdOf,
  attemptOf,
  frontendSeen,
  isOver,
  labelOf,
  mountOf,
  mySlot,
  myRow,
  sinceMs,
} from "../look.ts";
import type { Action, Seen, StatusPatch, Verdict } from "../model.ts";
import type { Ending, JobStatus } from "../status.ts";
import { again, runTask } from "./finish.ts";
import { phaseOf } from "./follow.ts";
import { BACKOFF_MAX_MS } from "./prepare.ts";
import { act, lookAgain, SLOW_POLL_MS } from "../verdict.ts";

/** Storage that does not let us remove an attempt's folder holds its end up no longer than this. */
const PRUNE_MAX_MS = 10 * 60_000;
/** StarRocks looks at timeouts every 3 s, by a clock of its own. */
const TIMEOUT_MARGIN_MS = 10 * 60_000;

export function statementIsCancelled(seen: Seen): Verdict | undefined {
  // Without its Repository nobody knows the way to StarRocks; without agents the job cannot move.
  if (seen.status.submission === undefined || seen.repository === undefined) return undefined;
  const front = frontendSeen(seen);
  if (front === undefined) {
    const why = seen.frontend.kind === "failed" ? ` (${seen.frontend.error.message})` : "";
    // Its agents go at once: without them the job cannot move.
    const actions = seen.agents.some((a) => !a.deleting) ? [{ kind: "deleteAgents" } as const] : [];
    const on = `StarRocks, to cancel the job there${why}`;
    return { ...lookAgain("CleaningUp", on, SLOW_POLL_MS), actions };
  }
  if (front.database === undefined) return undefined;
  const cancel = { kind: "cancelStatement", database: front.database } as const;
  const row = myRow(seen);
  if (row === undefined) return hiddenIsCancelled(seen, cancel);
  if (isOver(row)) return endIsNoted(seen, row);
  return act([cancel], "CleaningUp", "StarRocks to cancel");
}

/**
 * Without EXPORT on its tables SHOW BACKUP is empty, and the job would block its database until its timeout. CANCEL
 * needs the same right, so it reaches nobody else's job: its refusal names the GRANT, and it is sent until StarRocks
 * takes it, or has ended the job by itself.
 */
function hiddenIsCancelled(
  seen: Seen,
  cancel: Extract<Action, { kind: "cancelStatement" }>,
): Verdict | undefined {
  const { job, status, settings } = seen;
  const ending = must(status.ending);
  const { accepted, time } = status.submission ?? {};
  const isHidden = frontendSeen(seen)?.jobs.length === 0 && accepted === true;
  const mayRun = isHidden && sinceMs(seen, time) <= settings.timeoutMs + TIMEOUT_MARGIN_MS;
  if (job.kind !== "Backup" || !mayRun || ending.cancelled === true) return undefined;
  // They go first: a refusal ends the round, and without them the job cannot move.
  const running = seen.agents.some((a) => !a.deleting);
  const actions = [...(running ? [{ kind: "deleteAgents" } as const] : []), cancel];
  const note = { ending: { ...ending, cancelled: true } };
  return act(actions, "CleaningUp", "the broker to be dropped", note);
}

/**
 * How far StarRocks came decides what is said of a Restore's tables, also when it was quicker than our looks. Noted,
 * because the next job in the database hides it.
 */
function endIsNoted(seen: Seen, row: JobRow): Verdict | undefined {
  const ending = must(seen.status.ending);
  if (seen.job.kind !== "Restore" || ending.shown === true) return undefined;
  const note = { ending: { ...ending, shown: true } };
  return {
    ...act([], ending.reason, "the broker to be dropped", note),
    phase: phaseOf(seen, row),
  };
}

export function brokerIsDropped(seen: Seen): Verdict | undefined {
  const slot = mySlot(seen);
  const name = mountOf(seen);
  if (slot === undefined || name === undefined) return undefined;
  const front = frontendSeen(seen);
  if (front === undefined)
    return lookAgain("CleaningUp", "StarRocks, to drop the broker", SLOW_POLL_MS);
  return front.brokers.some((b) => b.name === name)
    ? act([{ kind: "dropBroker", slot: slot.index }], "CleaningUp", "the broker to go")
    : undefined;
}

/** The folder of a failed attempt is ours to remove, also under Retain. */
export function attemptIsPruned(seen: Seen): Verdict | undefined {
  const ending = must(seen.status.ending);
  if (ending.pruned === true || !mayHaveStored(seen)) return undefined;
  const hindrance = whyNotPruned(seen);
  return hindrance === undefined ? pruneAttempt(seen, ending) : leaveBehind(seen, hindrance);
}

function pruneAttempt(seen: Seen, ending: Ending): Verdict {
  const id = attemptIdOf(seen);
  // A label that StarRocks never took from us may be somebody else's snapshot.
  const unsent = seen.status.submission === undefined ? { "staging-only": "true" } : {};
  const flags = { ...pruneFlags(seen, labelOf(seen)), ...unsent };
  const { ended, verdict } = runTask(seen, "prune", id, flags);
  if (ended?.exitCode === EXIT.ok) return noteGone(ending, {});
  if (ended?.exitCode === EXIT.refused || sinceMs(seen, ending.time) > PRUNE_MAX_MS) {
    return leaveBehind(seen, ended?.message ?? "the prune Job did not end in 10 minutes");
  }
  return verdict ?? again(seen, "prune", id);
}

function noteGone(ending: Ending, status: StatusPatch): Verdict {
  const note = { ...status, ending: { ...ending, pruned: true } };
  return act([], "CleaningUp", "the slot to be given back", note);
}

/** Told in the status, and tried once more when the Backup is deleted. */
function leaveBehind(seen: Seen, why: string): Verdict {
  const { submission } = seen.status;
  const what = submission === undefined ? "staging of snapshot" : "snapshot";
  const note = `${what} ${labelOf(seen)}: ${why}`;
  const leftBehind = [...(seen.status.leftBehind ?? []), note];
  return noteGone(must(seen.status.ending), { leftBehind });
}

/** Agents of a Backup write a note when they start; without a Repository nobody can look. */
function mayHaveStored({ job, status, vanishing, repository }: Seen): boolean {
  const hasBegun = status.submission !== undefined || status.attemptStartTime !== undefined;
  return job.kind === "Backup" && hasBegun && !vanishing && repository !== undefined;
}

/** Why nothing may be removed with the Repository as it is now; undefined: it may. */
export function whyNotPruned({ repository, status }: Seen): string | undefined {
  if (repository === undefined) return undefined;
  const { name } = repository.metadata;
  const { location, readOnly } = repository.spec;
  // Made again under its name: there it would find nothing, and call that removed.
  if (status.location !== undefined && status.location !== location) {
    return `it lies in ${status.location}, and Repository ${name} is at ${location}`;
  }
  if (status.repositoryName !== undefined && status.repositoryName !== nameInStorage(repository)) {
    const [old, now] = [status.repositoryName, nameInStorage(repository)].map(repositoryFolder);
    return `it lies in ${location}/${old}, and Repository ${name} is at ${location}/${now}`;
  }
  return readOnly ? `Repository ${name} is readOnly, so nothing is removed there` : undefined;
}

export function pruneFlags(seen: Seen, label: string): Record<string, string> {
  return { label, "backup-uid": must(seen.job.metadata.uid) };
}

/** The next attempt, or the end. */
export function attemptIsConcluded(seen: Seen): Verdict {
  const ending = must(seen.status.ending);
  if (ending.outcome === "WAIT") return stoodBack(seen, ending);
  const now = timestamp(seen.nowMs);
  const attempts = [...(seen.status.attempts ?? []), attemptNote(seen, ending, now)];
  const base: StatusPatch = { attempts, slot: undefined, ending: undefined, queue: undefined };
  const number = attemptOf(seen);
  if (ending.outcome === "RETRY" && number < seen.settings.attemptsMax) {
    const pauseMs = Math.min(seen.settings.backoffMs * 2 ** (number - 1), BACKOFF_MAX_MS);
    const retryAfter = timestamp(seen.nowMs + pauseMs);
    const on = `attempt ${number + 1} of ${seen.settings.attemptsMax} at ${retryAfter}, after ${ending.reason}: ${ending.message}`;
    return {
      phase: "PENDING",
      status: { ...base, ...FRESH, attempt: number + 1, retryAfter },
      reason: "WaitingToRetry",
      result: { kind: "poll", afterMs: pauseMs, on },
    };
  }
  const phase = ending.outcome === "CANCELLED" ? "CANCELLED" : "FAILED";
  return {
    phase,
    status: { ...base, ...targetState(seen), completionTime: now },
    reason: ending.reason,
    result: done(ending.message),
  };
}

/** A job of another tool that we may not see is met by trying; not more often than this. */
const BUSY_PAUSE_MS = 60_000;

/** Nothing was sent: it is the same attempt that begins again, with the same label. */
function stoodBack(seen: Seen, { message }: Ending): Verdict {
  const retryAfter = timestamp(seen.nowMs + BUSY_PAUSE_MS);
  const fresh = { slot: undefined, ending: undefined, queue: undefined };
  return {
    phase: "PENDING",
    status: { ...fresh, ...FRESH, retryAfter },
    reason: "DatabaseBusy",
    result: poll(BUSY_PAUSE_MS, `${retryAfter}, to look again: ${message}`),
  };
}

/** What belongs to one attempt. */
const FRESH = {
  submission: undefined,
  snapshot: undefined,
  progress: undefined,
  attemptStartTime: undefined,
  doneTime: undefined,
  sealed: undefined,
  warnings: undefined,
} as const satisfies StatusPatch;

type AttemptNote = NonNullable<JobStatus["attempts"]>[number];

function attemptNote(seen: Seen, ending: Ending, now: string): AttemptNote {
  const { status } = seen;
  const startTime = status.attemptStartTime;
  return {
    number: attemptOf(seen),
    ...(labelOf(seen) === "" ? {} : { snapshotName: labelOf(seen) }),
    ...(startTime === undefined ? {} : { startTime }),
    endTime: now,
    reason: ending.reason,
    message: ending.message.slice(0, 1000),
  };
}

/** After a failed Restore: in which state are the tables? */
function targetState(seen: Seen): StatusPatch {
  if (seen.job.kind !== "Restore") return {};
  return { targetState: targetStateText(seen) };
}

function targetStateText(seen: Seen): string {
  const { status } = seen;
  if (status.submission === undefined) return "nothing was changed: RESTORE was not sent";
  if (myRow(seen)?.state === "FINISHED") {
    return "StarRocks finished the restore all the same: the tables hold what the snapshot holds";
  }
  const overwritten = (status.targets ?? [])
    .filter((t) => t.existed === true)
    .map((t) => t.as ?? t.table);
  if (status.phase === "COMMIT") return changed(overwritten);
  return status.ending?.shown === true ? unchanged(overwritten) : untold(overwritten);
}

function changed(overwritten: readonly string[]): string {
  return overwritten.length > 0
    ? `content of ${list(overwritten)} may be lost: it is replaced in COMMIT; restore them again`
    : "new tables may be there in part: drop them, then restore again";
}

function unchanged(overwritten: readonly string[]): string {
  const old = overwritten.length > 0 ? `; ${list(overwritten)} still hold what they held` : "";
  return `nothing was changed: StarRocks removes new tables of a restore that ends before COMMIT${old}`;
}

/** Nobody saw how it ended: no promise can be made. */
function untold(overwritten: readonly string[]): string {
  const why = "StarRocks does not show how the restore ended";
  return overwritten.length > 0
    ? `${why}, so content of ${list(overwritten)} may be lost: look at it, and restore it again`
    : `${why}, so new tables may be there in part or whole: look at them, and drop them before you restore again`;
}

const LIST_MAX = 10;

function list(names: readonly string[]): string {
  const more = names.length > LIST_MAX ? ` and ${names.length - LIST_MAX} more` : "";
  return names.slice(0, LIST_MAX).join(", ") + more;
}
