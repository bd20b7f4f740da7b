// COMMIT, once StarRocks said FINISHED: take everything down in the order that loses nothing, and check.
import { timestamp } from "../../../api/conditions.ts";
import { EXIT } from "../../../agent/outcome.ts";
import { ANNOTATIONS } from "../../../api/group.ts";
import { must } from "../../../assert.ts";
import { done, poll } from "../../../runtime/result.ts";
import type { Ended } from "../../pods.ts";
import { attemptIdOf, frontendSeen, labelOf, mountOf, mySlot, sinceMs } from "../look.ts";
import { untilPodsGo } from "../lost.ts";
import { finalProgress } from "../progress.ts";
import type { Action, Flags, Seen, Step, TaskName, Verdict } from "../model.ts";
import { act, end, lookAgain, SLOW_POLL_MS, waitFor } from "../verdict.ts";

/** SHOW SNAPSHOT shows a finished backup at once; longer than this it never will. */
const TIMESTAMP_MAX_MS = 5 * 60_000;
/** An agent that does not drain leaves intents, which sealing finishes. */
const DRAIN_MAX_MS = 10 * 60_000;
const TASK_AGAIN_MS = 30_000;

/** Needs the mount: SHOW SNAPSHOT goes through the agents. */
export function timestampIsRead(seen: Seen): Verdict | undefined {
  const { snapshot } = seen.status;
  if (snapshot?.timestamp !== undefined) return undefined;
  const shown = frontendSeen(seen)?.snapshot;
  const timestamp = shown?.timestamps.at(-1);
  if (timestamp !== undefined) {
    const status = { snapshot: { name: labelOf(seen), timestamp } };
    return act([], "Committing", "the mount to close", status);
  }
  const on = `StarRocks to show snapshot ${labelOf(seen)} (${shown?.status ?? "not asked yet"})`;
  if (sinceMs(seen, seen.status.doneTime) <= TIMESTAMP_MAX_MS) {
    return lookAgain("Committing", on);
  }
  return end("RETRY", "SnapshotMissing", `the job is FINISHED, but waited 5 minutes for ${on}`);
}

/** The broker goes, the repository entry stays for the slot's next attempt (starrocks.md §12.C). */
export function mountIsClosed(seen: Seen): Verdict | undefined {
  const slot = mySlot(seen);
  const name = mountOf(seen);
  if (slot === undefined || name === undefined) return undefined;
  const front = frontendSeen(seen);
  if (front === undefined) return lookAgain("Unmounting", "StarRocks, to drop the broker");
  return front.brokers.some((b) => b.name === name)
    ? act([{ kind: "dropBroker", slot: slot.index }], "Unmounting", "the broker to go")
    : undefined;
}

/** Only after FINISHED: the FE renames its last files seconds after the BEs are done. */
export function agentsAreDrained(seen: Seen): Verdict | undefined {
  const running = seen.agents.filter((a) => a.state === "running" && !a.deleting);
  if (running.length === 0) return undefined;
  if (sinceMs(seen, seen.status.doneTime) > DRAIN_MAX_MS) return undefined;
  const untold = running.some((a) =>
    a.pods.some((p) => p.annotations[ANNOTATIONS.drain] !== "true"),
  );
  if (untold) {
    const order: Action = { kind: "annotateAgents", annotations: { [ANNOTATIONS.drain]: "true" } };
    return act([order], "Draining", "the agents to store what they answered");
  }
  return waitFor("Draining", `${running.length} agents to store what they answered`);
}

/** No agent is left when a snapshot is sealed or removed, so nothing is written behind its back. */
export function agentsAreGone(seen: Seen): Verdict | undefined {
  const slot = mySlot(seen);
  const left = slot?.pods ?? [];
  if (seen.agents.length === 0) {
    const what = "the last pods of the agents to go";
    return slot?.busy === true ? untilPodsGo(seen, "Draining", what, left) : undefined;
  }
  const what = "the agents' pods to go";
  return seen.agents.some((a) => !a.deleting)
    ? act([{ kind: "deleteAgents" }], "Draining", what, { progress: finalProgress(seen) })
    : untilPodsGo(seen, "Draining", what, left);
}

/** Checks every file against the snapshot's `__info` and writes the manifest; a hole fails the attempt. */
export function snapshotIsSealed(seen: Seen): Verdict | undefined {
  if (seen.status.sealed !== undefined) return undefined;
  const attempt = attemptIdOf(seen);
  const task = runTask(seen, "seal", attempt, {
    label: labelOf(seen),
    attempt,
    "backup-uid": must(seen.job.metadata.uid),
    timestamp: seen.status.snapshot?.timestamp ?? "",
  });
  return task.verdict ?? sealed(seen, must(task.ended));
}

function sealed(seen: Seen, ended: Ended): Verdict {
  switch (ended.exitCode) {
    case EXIT.damaged:
      return end("RETRY", "SnapshotDamaged", ended.message);
    case EXIT.refused:
      return end("FAILED", ended.reason, ended.message);
    case EXIT.ok: {
      const { files, bytes, tablets } = ended.detail;
      const time = timestamp(seen.nowMs);
      const counted = { ...numbers({ files, bytes, tablets }), time };
      return act([], "Sealing", "the slot to be given back", { sealed: counted });
    }
    default:
      return again(seen, "seal", attemptIdOf(seen));
  }
}

function numbers<K extends string>(values: Record<K, unknown>): Partial<Record<K, number>> {
  return Object.fromEntries(
    Object.entries(values).filter(([, v]) => typeof v === "number"),
  ) as Partial<Record<K, number>>;
}

export function slotIsReturned(seen: Seen): Verdict | undefined {
  const slot = mySlot(seen);
  return slot && act([{ kind: "releaseSlot", slot }], "Finishing", "the slot to be free");
}

export function tasksAreGone(seen: Seen): Verdict | undefined {
  const names: readonly TaskName[] = ["seal", "verify", "prune"];
  const left = names.flatMap((task) => {
    const view = seen.tasks[task];
    return view === undefined ? [] : [{ task, view }];
  });
  if (left.length === 0) return undefined;
  const actions = left
    .filter(({ view }) => !view.deleting)
    .map(({ task, view }) => ({ kind: "deleteTask", task, id: view.id }) as const);
  return actions.length > 0
    ? act(actions, "Finishing", "one-shot Jobs to go")
    : waitFor("Finishing", "one-shot Jobs to go");
}

/** The end: nothing of the job is left but what it was for. */
export const finished: Step = (seen) => ({
  phase: "FINISHED",
  reason: "Finished",
  result: done(seen.job.kind === "Backup" ? "it can be restored" : "the data is there"),
  status: {
    slot: undefined,
    completionTime: timestamp(seen.nowMs),
    ...(seen.status.progress === undefined
      ? {}
      : { progress: { ...seen.status.progress, percent: 100, bytesPerSecond: 0 } }),
  },
});

export interface TaskEnd {
  /** What to do or wait for; undefined: it ended. */
  readonly verdict?: Verdict;
  readonly ended?: Ended;
}

/** Makes a one-shot Job, waits for it, and says how it ended. `id` tells one of a kind from another. */
export function runTask(seen: Seen, task: TaskName, id: string, flags: Flags): TaskEnd {
  const view = seen.tasks[task];
  const reason = REASONS[task];
  if (view === undefined) {
    return { verdict: act([{ kind: "runTask", task, flags, id }], reason, `the ${task} Job`) };
  }
  if (view.deleting) return { verdict: waitFor(reason, `the last ${task} Job to go`) };
  if (view.id !== id) {
    const old = { kind: "deleteTask", task, id: view.id } as const;
    return { verdict: act([old], reason, `the ${task} Job of an earlier attempt to go`) };
  }
  if (view.state === "running") {
    const why = view.trouble ?? view.ended?.message;
    const on = `Job ${view.name}${why === undefined ? "" : ` (${why})`}`;
    return { verdict: waitFor(reason, on) };
  }
  // A Job that is over without a word has had its pod taken away: it is run again.
  const message = view.trouble ?? "no end was seen";
  return { ended: view.ended ?? { exitCode: EXIT.failed, reason: "Error", message, detail: {} } };
}

const REASONS: Readonly<Record<TaskName, string>> = {
  seal: "Sealing",
  verify: "Verifying",
  prune: "Pruning",
};

/** The Job failed in a way that a person or time mends: it is made anew, again and again. */
export function again(seen: Seen, task: TaskName, id: string): Verdict {
  const view = must(seen.tasks[task]);
  const why = view.ended?.message ?? view.trouble ?? "it failed";
  const reason = `${REASONS[task]}Failed`;
  const on = `${task}, which failed and is tried again: ${why}`;
  const result = poll(SLOW_POLL_MS, on);
  if (sinceMs(seen, view.createdAt) < TASK_AGAIN_MS) return { reason, result };
  return { reason, result, actions: [{ kind: "deleteTask", task, id }] };
}

/**
 * StarRocks' steps of COMMIT, until its job is known to be done: from then on the agents go, and whether
 * StarRocks still remembers the job or answers at all no longer matters.
 */
export function unlessKnown(...steps: readonly Step[]): Step {
  return (seen) => {
    if (seen.status.doneTime !== undefined) return undefined;
    for (const step of steps) {
      const verdict = step(seen);
      if (verdict !== undefined) return verdict;
    }
    return act([], "Committing", "the mount to close", {
      doneTime: timestamp(seen.nowMs),
    });
  };
}
