// Questions about the observed world that several steps ask. Pure, one question each.
import { attemptId, mountName, snapshotLabel } from "../names.ts";
import { elapsedMs } from "../../jumps.ts";
import type { JobRow } from "../../starrocks/frontend.ts";
import type { FrontendSeen, Seen, SlotView } from "./model.ts";

/** Number of the attempt that runs, from 1. */
export function attemptOf(seen: Seen): number {
  return seen.status.attempt ?? 1;
}

export function attemptIdOf(seen: Seen): string {
  return attemptId(seen.job.metadata, attemptOf(seen));
}

/** The snapshot's label: of the source for a Restore, of this attempt for a Backup. */
export function labelOf(seen: Seen): string {
  const { job, status } = seen;
  if (job.kind === "Restore") return status.source?.snapshot ?? "";
  return snapshotLabel(job.metadata, job.spec.snapshotName, attemptOf(seen));
}

/** The slot that is lent to this attempt. */
export function mySlot(seen: Seen): SlotView | undefined {
  return seen.slots.find((slot) => slot.lentTo === attemptIdOf(seen));
}

export function frontendSeen(seen: Seen): FrontendSeen | undefined {
  return seen.frontend.kind === "seen" ? seen.frontend.seen : undefined;
}

/** Name of this attempt's mount in StarRocks; undefined: no slot is lent to it. */
export function mountOf(seen: Seen): string | undefined {
  const slot = mySlot(seen);
  return slot && seen.repository && mountName(seen.repository.metadata, slot.index);
}

/** This attempt's job in StarRocks. */
export function myRow(seen: Seen): JobRow | undefined {
  const rows = frontendSeen(seen)?.jobs ?? [];
  const { submission } = seen.status;
  return rows.find(
    (row) =>
      row.kind === seen.settings.verb &&
      row.label === labelOf(seen) &&
      submission !== undefined &&
      // A Restore's label is its snapshot's, so an earlier Restore has the same one.
      isNewSince(submission.before, row),
  );
}

/** Tells two jobs apart; StarRocks' own id changes while a job runs (starrocks.md §1.9). */
export function identityOf(row: JobRow): string {
  return `${row.kind} ${row.label} ${row.createdAt}`;
}

/** The database's last jobs as one text: the same text later means that nothing was accepted since. */
export function lastJobs(seen: Seen): string {
  const rows = frontendSeen(seen)?.jobs ?? [];
  return rows.map(identityOf).sort().join("\n");
}

/** Whether a row is not one of those that were there before. */
export function isNewSince(before: string | undefined, row: JobRow): boolean {
  return !(before ?? "").split("\n").includes(identityOf(row));
}

export function isOver(row: JobRow): boolean {
  return row.state === "FINISHED" || row.state === "CANCELLED";
}

/** Negative for a time to come. Jumps of our clock are taken out, so that no timeout fires early. */
export function sinceMs(seen: Seen, time: string | undefined): number {
  return time === undefined ? 0 : elapsedMs(Date.parse(time), seen.nowMs, seen.jumps);
}
