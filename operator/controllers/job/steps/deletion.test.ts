// The deletion of a job that has ended.
import { awaitChange, done as isDone, poll } from "../../../runtime/result.ts";
import { backup, BACKUP_UID } from "../../testing/samples.ts";
import { itPlans } from "../../testing/plans.ts";
import {
  LABEL,
  MINUTE,
  TIMESTAMP,
  ago,
  readyRepository,
  taskEnded,
  type Delta,
} from "../../testing/seen.ts";

const NO_TASKS = { seal: undefined, verify: undefined, prune: undefined };
/** The mount is closed. */

describe("the deletion of what has ended", () => {
  const over = (delta: Delta = {}, policy: "Retain" | "Delete" = "Delete"): Delta => ({
    job: backup({ deletionPolicy: policy }, { meta: { deletionTimestamp: ago(MINUTE) } }),
    frontend: { kind: "notAsked" },
    ...delta,
    status: {
      phase: "FINISHED",
      snapshot: { name: LABEL, timestamp: TIMESTAMP },
      ...delta.status,
    },
  });
  const prune = { kind: "deleteTask", task: "prune", id: LABEL } as const;
  const left = { leftBehind: [`snapshot ${LABEL}: storage is away`], phase: "FAILED" } as const;
  itPlans([
    {
      name: "keeps the snapshot under Retain",
      given: over({}, "Retain"),
      step: "finalizerIsGone",
      reason: "Deleting",
      result: isDone("deleted"),
      actions: [{ kind: "removeFinalizer" }],
    },
    {
      name: "keeps it in a namespace that goes",
      given: over({ vanishing: true }),
      step: "finalizerIsGone",
      reason: "Deleting",
      result: isDone("deleted"),
      actions: [{ kind: "removeFinalizer" }],
    },
    {
      name: "prunes it under Delete",
      given: over(),
      step: "snapshotsArePruned",
      reason: "Pruning",
      result: poll(0, "the prune Job"),
      actions: [
        {
          kind: "runTask",
          task: "prune",
          id: LABEL,
          flags: { label: LABEL, "backup-uid": BACKUP_UID },
        },
      ],
    },
    {
      name: "waits while the Repository is readOnly",
      given: over({ repository: readyRepository({ readOnly: true }) }),
      step: "snapshotsArePruned",
      reason: "PruneHindered",
      result: awaitChange(
        `a Repository from which snapshot ${LABEL} can be removed (Repository prod is readOnly, so nothing is removed there), or deletionPolicy: Retain`,
      ),
    },
    {
      name: "waits while the Repository of that name is at another place",
      given: over({ status: { location: "s3://old/place" } }),
      step: "snapshotsArePruned",
      reason: "PruneHindered",
      result: awaitChange(
        `a Repository from which snapshot ${LABEL} can be removed (it lies in s3://old/place, and Repository prod is at ${readyRepository().spec.location}), or deletionPolicy: Retain`,
      ),
    },
    {
      name: "does not wait for a failed attempt's snapshot",
      given: over({ status: left, repository: readyRepository({ readOnly: true }) }, "Retain"),
      step: "snapshotsArePruned",
      reason: "Pruning",
      result: poll(0, "the finalizer"),
      actions: [
        {
          kind: "event",
          type: "Warning",
          reason: "LeftBehind",
          message: `snapshot ${LABEL} stays: Repository prod is readOnly, so nothing is removed there`,
        },
      ],
      status: { leftBehind: undefined, pruned: [LABEL] },
    },
    {
      name: "waits for Restores that read it",
      given: over({ usedBy: ["Restore again"] }),
      step: "snapshotsArePruned",
      reason: "SnapshotInUse",
      result: awaitChange("Restore again to end: it restores this snapshot"),
    },
    {
      name: "waits for the Repository that is needed to prune it",
      given: over({ repository: undefined, slots: [] }),
      step: "snapshotsArePruned",
      reason: "RepositoryMissing",
      result: awaitChange(
        `Repository prod, without which snapshot ${LABEL} cannot be removed: make it again, or set deletionPolicy to Retain`,
      ),
    },
    {
      name: "tries a prune that failed again",
      given: over({ tasks: { ...NO_TASKS, prune: taskEnded(LABEL, 1) } }),
      step: "snapshotsArePruned",
      reason: "PruningFailed",
      result: poll(15_000, "prune, which failed and is tried again: the message"),
      actions: [prune],
    },
    {
      name: "notes what is pruned",
      given: over({ tasks: { ...NO_TASKS, prune: taskEnded(LABEL, 0) } }),
      step: "snapshotsArePruned",
      reason: "Pruning",
      result: poll(0, "the next snapshot"),
      actions: [prune],
      status: { pruned: [LABEL] },
    },
    {
      name: "says what is refused, and goes on",
      given: over({ tasks: { ...NO_TASKS, prune: taskEnded(LABEL, 44) } }),
      step: "snapshotsArePruned",
      reason: "Pruning",
      result: poll(0, "the finalizer"),
      actions: [{ kind: "event", type: "Warning", reason: "PruneRefused", message: "the message" }],
      status: { pruned: [LABEL] },
    },
    {
      name: "tries leftovers of failed attempts once, also under Retain",
      given: over({ status: left, tasks: { ...NO_TASKS, prune: taskEnded(LABEL, 1) } }, "Retain"),
      step: "snapshotsArePruned",
      reason: "Pruning",
      result: poll(0, "the finalizer"),
      actions: [
        {
          kind: "event",
          type: "Warning",
          reason: "LeftBehind",
          message: `snapshot ${LABEL} stays: the message`,
        },
      ],
      status: { leftBehind: undefined, pruned: [LABEL] },
    },
    {
      name: "is not held up by leftovers in a Repository that is gone",
      given: over({ status: left, repository: undefined, slots: [] }),
      step: "snapshotsArePruned",
      reason: "Pruning",
      result: poll(0, "the finalizer"),
      actions: [
        {
          kind: "event",
          type: "Warning",
          reason: "LeftBehind",
          message: `snapshot ${LABEL} stays: Repository prod is gone`,
        },
      ],
    },
    {
      name: "removes the last one-shot Job before it lets go",
      given: over({
        status: { pruned: [LABEL] },
        tasks: { ...NO_TASKS, prune: taskEnded(LABEL, 0) },
      }),
      step: "tasksAreGone",
      reason: "Finishing",
      result: poll(0, "one-shot Jobs to go"),
      actions: [prune],
    },
  ]);
});
