// While StarRocks works: its state becomes our phase, its silence becomes a reason.
import type { BackupState, JobRow, RestoreState } from "../../../starrocks/frontend.ts";
import { must } from "../../../assert.ts";
import { classifyJobEnd, explainTaskErrors } from "../../../starrocks/errors.ts";
import { frontendSeen, labelOf, lastJobs, myRow, sinceMs } from "../look.ts";
import { whatIsLost } from "../lost.ts";
import type { Seen, StatusPatch, Verdict } from "../model.ts";
import { progressOf } from "../progress.ts";
import type { JobPhase } from "../status.ts";
import { foreignTargets } from "../../restore/targets.ts";
import { agentFailed } from "./open.ts";
import { act, end, lookAgain, POLL_MS } from "../verdict.ts";
import { poll } from "../../../runtime/result.ts";

/** BackupJob.java and RestoreJob.java, all releases read (starrocks.md §2.3, §2.7). */
export const STARROCKS_PHASES = {
  PENDING: "PENDING",
  SNAPSHOTING: "SNAPSHOTING",
  UPLOAD_SNAPSHOT: "UPLOADING",
  UPLOADING: "UPLOADING",
  SAVE_META: "COMMIT",
  UPLOAD_INFO: "COMMIT",
  DOWNLOAD: "DOWNLOADING",
  DOWNLOADING: "DOWNLOADING",
  COMMIT: "COMMIT",
  COMMITTING: "COMMIT",
  FINISHED: "COMMIT",
} as const satisfies Record<Exclude<BackupState | RestoreState, "CANCELLED">, JobPhase>;

/** The order of the phases; a job that StarRocks starts over keeps the phase it had reached. */
const ORDER: readonly JobPhase[] = [
  "PENDING",
  "SNAPSHOTING",
  "UPLOADING",
  "DOWNLOADING",
  "COMMIT",
  "FINISHED",
];

/** SAVE_META and UPLOAD_INFO take seconds; after a change of leader UPLOAD_INFO never ends (§2.5). */
const COMMIT_MAX_MS = 15 * 60_000;
/** What UPLOAD_INFO is to send lies on the old leader's disk; asked for again every 3 s, for ever (§2.5). */
const FILES_LOST = /\bfile is invalid: /;

/** Waits until StarRocks says FINISHED. */
export function starRocksIsDone(seen: Seen): Verdict | undefined {
  const row = myRow(seen);
  if (row === undefined) return unseen(seen);
  if (row.state === "CANCELLED") return cancelledThere(seen, row);
  const phase = phaseOf(seen, row);
  if (row.state === "FINISHED")
    return seen.status.phase === "COMMIT" ? undefined : goTo(phase, seen, row);
  const over =
    takenTarget(seen, row) ??
    tooLate(seen, row) ??
    brokenAgent(seen, row) ??
    damagedSource(seen, row);
  if (over !== undefined) return over;
  const on = waitsFor(seen, row);
  return {
    reason: on.reason,
    result: poll(POLL_MS, on.text),
    ...(phase === seen.status.phase ? {} : { phase }),
    status: figures(seen, row),
  };
}

function goTo(phase: JobPhase, seen: Seen, row: JobRow | undefined): Verdict {
  const verdict = act([], "Committing", "the job's end", figures(seen, row));
  return { ...verdict, phase };
}

function figures(seen: Seen, row: JobRow | undefined): StatusPatch {
  const progress = progressOf(seen, row);
  const { submission } = seen.status;
  const accepted =
    submission === undefined ? {} : { submission: { ...submission, accepted: true } };
  return { ...accepted, progress };
}

/** The phase that StarRocks' state means; never one before the phase that was reached. */
export function phaseOf(seen: Seen, row: JobRow | undefined): JobPhase {
  const now = seen.status.phase ?? "PENDING";
  const said = phaseSaid(row) ?? now;
  return ORDER.indexOf(said) > ORDER.indexOf(now) ? said : now;
}

function phaseSaid(row: JobRow | undefined): JobPhase | undefined {
  // A Restore's COMMIT may begin and end between two looks.
  if (row?.state === "CANCELLED") return row.downloaded ? "COMMIT" : undefined;
  return row !== undefined && row.state in STARROCKS_PHASES
    ? STARROCKS_PHASES[row.state as keyof typeof STARROCKS_PHASES]
    : undefined;
}

function waitsFor(seen: Seen, row: JobRow): { readonly reason: string; readonly text: string } {
  const idleMs = idleFor(seen, row);
  // Agents say what the storage said, and what to do; StarRocks repeats long paths.
  const said = [...agentErrors(seen), ...explainTaskErrors(row.taskErrors)];
  const errors = [...new Set(said)].slice(0, 3);
  const what = `StarRocks (${row.state})`;
  const refused = row.ok ? "" : `; StarRocks says: ${row.statusText}`;
  if (idleMs < STALL_TOLD_MS) return { reason: "Working", text: what + refused };
  const lost = whatIsLost(seen).map((text) => `; ${text}`);
  const why = errors.length > 0 ? `; last errors: ${errors.join("; ")}` : "";
  const text = `${what}; nothing has moved for ${roughly(idleMs)}${refused}${lost.join("")}${why}`;
  return { reason: "NoProgress", text };
}

/** A BE repeats a failed task every 10 s; a stall is told after two of them. */
const STALL_TOLD_MS = 25_000;

/** Coarse, so that the status is not written anew each time somebody looks. */
function roughly(ms: number): string {
  return ms < 60_000 ? "half a minute" : `${Math.floor(ms / 60_000)} min`;
}

function agentErrors(seen: Seen): readonly string[] {
  return seen.agents.flatMap((a) =>
    a.figures?.lastError === undefined ? [] : [a.figures.lastError],
  );
}

function idleFor(seen: Seen, row: JobRow): number {
  return sinceMs(seen, progressOf(seen, row)?.lastChangeTime);
}

function tooLate(seen: Seen, row: JobRow): Verdict | undefined {
  const { settings, status } = seen;
  const where = `in ${row.state}`;
  if (isReplacing(row)) return undefined;
  if (sinceMs(seen, status.submission?.time) > settings.timeoutMs) {
    // As StarRocks' own end of it: `timeout` is that of one attempt.
    const message = `not done within timeout, ${where}: ${waitsFor(seen, row).text}`;
    return end("RETRY", "TimedOut", message);
  }
  const idleMs = idleFor(seen, row);
  if (idleMs > settings.noProgressMs) {
    const message = `nothing moved for noProgressTimeout, ${where}: ${waitsFor(seen, row).text}`;
    return end("RETRY", "NoProgress", message);
  }
  const uploadsInfo = row.state === "UPLOAD_INFO" || row.state === "SAVE_META";
  if (row.state === "UPLOAD_INFO" && FILES_LOST.test(row.statusText)) {
    const message = `the files of SAVE_META went with the FE that led before, so UPLOAD_INFO never ends: ${row.statusText}`;
    return end("RETRY", "CommitStuck", message);
  }
  if (!uploadsInfo || sinceMs(seen, status.phaseStartTime) <= COMMIT_MAX_MS) return undefined;
  const message = `StarRocks is in ${row.state} for 15 minutes; after a change of its leader that never ends: ${row.statusText}`;
  return end("RETRY", "CommitStuck", message);
}

/**
 * A Restore that replaces data: cancelled now, the tables that it overwrites would be lost. It ends by itself, or by
 * StarRocks' own timeout.
 */
function isReplacing(row: JobRow): boolean {
  return row.state === "COMMIT" || row.state === "COMMITTING";
}

function takenTarget(seen: Seen, row: JobRow): Verdict | undefined {
  const taken = foreignTargets(seen, row);
  if (taken.length === 0 || isReplacing(row)) return undefined;
  const names = taken.slice(0, 10).join(", ");
  const message = `somebody made ${names} in the moment before StarRocks began, and nobody said that it may be overwritten: cancelled before anything was replaced; restore under another name (\`as\`), or drop it first`;
  return end("FAILED", "TargetExists", message);
}

/** Wrong configuration found while it runs (exit 42); others are replaced by their Jobs. */
function brokenAgent(seen: Seen, row: JobRow): Verdict | undefined {
  // It needs no agents any more.
  if (isReplacing(row)) return undefined;
  const failed = seen.agents.find((a) => a.state === "failed");
  return failed && agentFailed(failed);
}

/** StarRocks repeats a download of damaged content until the timeout (§11, rule 3): end it before COMMIT. */
export const DAMAGE =
  /invalid md5 of downloaded file|get nothing from remote path|invalid tablet file name|unexpected file list size|has changed since it was sealed/;

function damagedSource(seen: Seen, row: JobRow): Verdict | undefined {
  if (seen.job.kind !== "Restore" || !row.state.startsWith("DOWNLOAD")) return undefined;
  const found = row.taskErrors.find((text) => DAMAGE.test(text));
  if (found === undefined) return undefined;
  const message = `the snapshot is damaged: ${found}; restore another snapshot, or leave that table out`;
  return end("FAILED", "SnapshotDamaged", message);
}

function cancelledThere(seen: Seen, row: JobRow): Verdict {
  if (/user cancelled/.test(row.statusText)) {
    const message = `somebody cancelled it in StarRocks: ${row.statusText}`;
    return end("FAILED", "CancelledInStarRocks", message);
  }
  const { reason, heals, message } = classifyJobEnd(row);
  const again = heals && seen.job.kind === "Backup";
  return end(again ? "RETRY" : "FAILED", reason, message);
}

/** No row of ours, though it was accepted: forgotten, hidden by a missing right, or replaced. */
function unseen(seen: Seen): Verdict | undefined {
  const front = frontendSeen(seen);
  const { submission } = seen.status;
  if (front === undefined || submission === undefined) {
    return lookAgain("Submitting", "the statement to be sent");
  }
  if (isInRepository(seen)) {
    return seen.status.phase === "COMMIT" ? undefined : goTo("COMMIT", seen, undefined);
  }
  const what = `StarRocks shows no ${shownAs(seen)}`;
  const replaced = lastJobs(seen) !== (submission.before ?? "") && front.jobs.length > 0;
  if (replaced) return lost(seen, `${what}, and another job has run there since`);
  return hidden(seen, submission.time) ?? lost(seen, what);
}

/** Agents tell of a job that goes on unseen. Undefined: nothing has moved for too long. */
function hidden(seen: Seen, sentAt: string): Verdict | undefined {
  const progress = progressOf(seen, undefined);
  const lastMove = seen.status.progress === undefined ? sentAt : progress?.lastChangeTime;
  if (sinceMs(seen, lastMove) > seen.settings.noProgressMs) return undefined;
  const on = `StarRocks to show ${shownAs(seen)}; ${HIDDEN_HINT}`;
  return { ...lookAgain("JobNotVisible", on, POLL_MS * 2), status: { progress } };
}

const HIDDEN_HINT =
  "a missing right hides it: GRANT EXPORT on all its tables (2.5: LOAD_PRIV on the database) to the user of StarRocks";

function shownAs(seen: Seen): string {
  return `${seen.settings.verb} ${labelOf(seen)} in database ${frontendSeen(seen)?.database}`;
}

/** SHOW SNAPSHOT decides whether a Backup that cannot be seen is done. */
function isInRepository(seen: Seen): boolean {
  const { snapshot } = must(frontendSeen(seen));
  return seen.job.kind === "Backup" && snapshot !== undefined && snapshot.timestamps.length > 0;
}

/** A Backup is made again under another name; a Restore is never sent a second time. */
function lost(seen: Seen, what: string): Verdict {
  if (seen.job.kind === "Backup") return end("RETRY", "JobLost", what);
  const message = `${what}, so nobody can tell whether it was carried out: look at the target tables, then make a new Restore`;
  return end("FAILED", "OutcomeUnknown", message);
}
