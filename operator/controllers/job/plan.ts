// From the observed world to what is done next: pure, no I/O, no clock. Two ordered tables decide: which
// part of a job's life it is in (chainOf), and that part's steps. The first step that does not pass wins.
import { done } from "../../runtime/result.ts";
import type { Result } from "../../runtime/result.ts";
import { BACKUP_PHASES } from "../backup/phases.ts";
import { RESTORE_PHASES } from "../restore/phases.ts";
import { CLEAN_UP, DELETION, GATES, UNFINALIZED } from "./chains.ts";
import { alongside } from "./alongside.ts";
import type { Action, Seen, Step, Verdict } from "./model.ts";
import { hasFinalizer } from "../../runtime/finalizer.ts";
import { FINALIZER } from "../../api/group.ts";
import { isFinal } from "./status.ts";
import type { JobPhase, JobStatus } from "./status.ts";
import { statusAfter } from "./compose.ts";

export interface PhaseRow<P extends string> {
  /** Phases it may go over to. A further attempt begins at PENDING. */
  readonly next: readonly P[];
  /** What ends it when nothing else does, for people; undefined: it is an end. */
  readonly limit: string | undefined;
  /** In order. The names are what a step has made sure of when it passes. */
  readonly steps: Steps;
}

export type PhaseTable<P extends string> = Readonly<Record<P, PhaseRow<P>>>;
export type Steps = Readonly<Record<string, Step>>;

export interface Plan {
  /** The step that decided; for logs and tests. */
  readonly step: string;
  readonly verdict: Verdict;
  readonly actions: readonly Action[];
  readonly status: JobStatus;
  readonly result: Result;
}

export function plan(seen: Seen): Plan {
  const { step, verdict } = decide(seen);
  return planOf(seen, step, verdict);
}

/** The plan that a verdict makes; also for what is decided while actions are carried out. */
export function planOf(seen: Seen, step: string, verdict: Verdict): Plan {
  const status = statusAfter(seen, verdict);
  const actions = [
    ...(verdict.actions ?? []),
    ...alongside(seen, verdict),
    ...events(seen, verdict),
  ];
  return { step, verdict, actions, status, result: verdict.result };
}

function decide(seen: Seen): { readonly step: string; readonly verdict: Verdict } {
  for (const [name, step] of Object.entries(chainOf(seen))) {
    const verdict = step(seen);
    if (verdict !== undefined) return { step: name, verdict };
  }
  // What was told last stays told: why a job failed is read long after it did.
  const { reason = "Done", message = "nothing is left to do" } = seen.status;
  return { step: "none", verdict: { reason, result: done(message) } };
}

/** Which steps are asked. */
function chainOf(seen: Seen): Steps {
  const { job, status } = seen;
  const deleting = job.metadata.deletionTimestamp !== undefined;
  const over = isFinal(status.phase) && status.ending === undefined;
  if (!hasFinalizer(job, FINALIZER)) return deleting || over ? {} : UNFINALIZED;
  if (over) return deleting ? DELETION : {};
  if (status.ending !== undefined) return CLEAN_UP;
  return { ...GATES, ...phaseRow(seen).steps };
}

function phaseRow(seen: Seen): PhaseRow<string> {
  const phase = seen.status.phase ?? "PENDING";
  const table: Readonly<Record<string, PhaseRow<string>>> =
    seen.job.kind === "Backup" ? BACKUP_PHASES : RESTORE_PHASES;
  const row = table[phase];
  if (row === undefined) throw new Error(`a ${seen.job.kind} has no phase ${phase}`);
  return row;
}

/** People hear of each phase and each ending once, when it is decided. */
function events(seen: Seen, verdict: Verdict): readonly Action[] {
  const { end, phase } = verdict;
  if (end !== undefined) {
    const { reason, message, outcome } = end;
    const type = outcome === "CANCELLED" || outcome === "WAIT" ? "Normal" : "Warning";
    return [{ kind: "event", type, reason, message }];
  }
  const from: JobPhase = seen.status.phase ?? "PENDING";
  if (phase === undefined || phase === from) return [];
  const type = phase === "FAILED" ? "Warning" : "Normal";
  const reason = isFinal(phase) ? verdict.reason : "PhaseChanged";
  return [{ kind: "event", type, reason, message: `${from} → ${phase}` }];
}
