// A job that has ended and is being deleted: what becomes of its data, then the finalizer goes.
import { EXIT } from "../../../agent/outcome.ts";
import { must } from "../../../assert.ts";
import { done } from "../../../runtime/result.ts";
import type { Ended } from "../../pods.ts";
import type { Seen, Verdict } from "../model.ts";
import { act, waitFor } from "../verdict.ts";
import { pruneFlags, whyNotPruned } from "./clean-up.ts";
import { again, runTask } from "./finish.ts";

/** Delete was asked, or an attempt left something that we could not remove before. */
export function snapshotsArePruned(seen: Seen): Verdict | undefined {
  const [label] = labelsToPrune(seen);
  if (label === undefined || seen.vanishing) return undefined;
  if (seen.usedBy.length > 0) {
    return waitFor("SnapshotInUse", `${seen.usedBy.join(", ")} to end: it restores this snapshot`);
  }
  if (seen.repository === undefined) return withoutRepository(seen, label);
  const hindrance = whyNotPruned(seen);
  if (hindrance !== undefined) return hindered(seen, label, hindrance);
  const { verdict, ended } = runTask(seen, "prune", label, pruneFlags(seen, label));
  return verdict ?? pruned(seen, label, must(ended));
}

function pruned(seen: Seen, label: string, ended: Ended): Verdict {
  if (ended.exitCode === EXIT.ok) {
    const task = { kind: "deleteTask", task: "prune", id: label } as const;
    return act([task], "Pruning", "the next snapshot", forget(seen, label));
  }
  if (ended.exitCode === EXIT.refused) return leave(seen, label, "PruneRefused", ended.message);
  if (label === askedFor(seen)) return again(seen, "prune", label);
  return leave(seen, label, "LeftBehind", `snapshot ${label} stays: ${ended.message}`);
}

function withoutRepository(seen: Seen, label: string): Verdict {
  const name = `Repository ${seen.settings.repository}`;
  if (label === askedFor(seen)) {
    const on = `${name}, without which snapshot ${label} cannot be removed: make it again, or set deletionPolicy to Retain`;
    return waitFor("RepositoryMissing", on);
  }
  return leave(seen, label, "LeftBehind", `snapshot ${label} stays: ${name} is gone`);
}

function hindered(seen: Seen, label: string, why: string): Verdict {
  if (label !== askedFor(seen)) {
    return leave(seen, label, "LeftBehind", `snapshot ${label} stays: ${why}`);
  }
  const on = `a Repository from which snapshot ${label} can be removed (${why}), or deletionPolicy: Retain`;
  return waitFor("PruneHindered", on);
}

/** What nobody asked for by name holds a deletion up for one try, not for ever. */
function leave(seen: Seen, label: string, reason: string, message: string): Verdict {
  const event = { kind: "event", type: "Warning", reason, message } as const;
  return act([event], "Pruning", "the finalizer", forget(seen, label));
}

/** Removed, or left for good: not looked at again. */
function forget(
  seen: Seen,
  label: string,
): { readonly leftBehind: string[] | undefined; readonly pruned: string[] } {
  const left = (seen.status.leftBehind ?? []).filter((note) => labelOfNote(note) !== label);
  return {
    leftBehind: left.length > 0 ? left : undefined,
    pruned: [...(seen.status.pruned ?? []), label],
  };
}

function labelsToPrune(seen: Seen): readonly string[] {
  const { job, status } = seen;
  if (job.kind !== "Backup") return [];
  const failed = (status.leftBehind ?? []).map(labelOfNote);
  const own = askedFor(seen);
  const all = own === undefined ? failed : [own, ...failed];
  return all.filter((label) => label !== "" && !(status.pruned ?? []).includes(label));
}

/** The snapshot that `deletionPolicy: Delete` is about. */
function askedFor({ job, status }: Seen): string | undefined {
  const isAsked = job.kind === "Backup" && job.spec.deletionPolicy === "Delete";
  return isAsked && status.phase === "FINISHED" ? status.snapshot?.name : undefined;
}

function labelOfNote(note: string): string {
  return /^snapshot (\w+):/.exec(note)?.[1] ?? "";
}

export function finalizerIsGone(): Verdict {
  return { actions: [{ kind: "removeFinalizer" }], reason: "Deleting", result: done("deleted") };
}
