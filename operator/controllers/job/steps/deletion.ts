// A job that has ended and is being deleted: what becomes of its data, then the finalizer goes.
import { EXIT } from "../../../agent/outcome.ts";
import { done } from "../../../runtime/result.ts";
import type { Seen, Verdict } from "../model.ts";
import { act, waitFor } from "../verdict.ts";
import { pruneFlags } from "./clean-up.ts";
import { again, runTask } from "./finish.ts";

/** Delete was asked, or an attempt left something that we could not remove before. */
export function snapshotsArePruned(seen: Seen): Verdict | undefined {
  const labels = labelsToPrune(seen);
  const [label] = labels;
  if (label === undefined || seen.vanishing) return undefined;
  if (seen.usedBy.length > 0) {
    return waitFor("SnapshotInUse", `${seen.usedBy.join(", ")} to end: it restores this snapshot`);
  }
  if (seen.repository === undefined) {
    const what = `snapshot ${label} cannot be removed without Repository ${seen.settings.repository}`;
    return waitFor("RepositoryMissing", `${what}: make it again, or set deletionPolicy to Retain`);
  }
  const task = runTask(seen, "prune", label, pruneFlags(seen, label));
  if (task.verdict !== undefined) return task.verdict;
  const { ended } = task;
  if (ended?.exitCode === EXIT.ok) {
    return act(
      [{ kind: "deleteTask", task: "prune", id: label }],
      "Pruning",
      "the next snapshot",
      forget(seen, label),
    );
  }
  if (ended?.exitCode !== EXIT.refused) return again(seen, "prune", label);
  const event = {
    kind: "event",
    type: "Warning",
    reason: "PruneRefused",
    message: ended.message,
  } as const;
  return act([event], "Pruning", "the finalizer", forget(seen, label));
}

/** Removed, or refused for good: not looked at again. */
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
  const own =
    job.spec.deletionPolicy === "Delete" && status.phase === "FINISHED"
      ? status.snapshot?.name
      : undefined;
  const all = own === undefined ? failed : [own, ...failed];
  return all.filter((label) => label !== "" && !(status.pruned ?? []).includes(label));
}

function labelOfNote(note: string): string {
  return /^snapshot (\w+):/.exec(note)?.[1] ?? "";
}

export function finalizerIsGone(): Verdict {
  return { actions: [{ kind: "removeFinalizer" }], reason: "Deleting", result: done("deleted") };
}
