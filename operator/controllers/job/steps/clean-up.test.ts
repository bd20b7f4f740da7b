// The clean-up after an ending, and what comes after it.
import { done as isDone, poll } from "../../../runtime/result.ts";
import { backup, restore, BACKUP_UID } from "../../testing/samples.ts";
import { itPlans } from "../../testing/plans.ts";
import {
  ATTEMPT,
  LABEL,
  MINUTE,
  NOT_ASKED,
  ago,
  ending,
  failed,
  mount,
  readyRepository,
  row,
  seen,
  slot,
  submitted,
  taskEnded,
  type Delta,
} from "../../testing/seen.ts";
import type { JobStatus } from "../status.ts";

const NO_TASKS = { seal: undefined, verify: undefined, prune: undefined };
/** The mount is closed. */
const CLOSED = { brokers: [], repositories: [mount()] };
const lent = slot({ lentTo: ATTEMPT });

const DECIDED = { reason: "TheReason", message: "the message", time: ago(MINUTE) };
/** Of a Restore that StarRocks was seen to have ended. */
const SHOWN = { outcome: "FAILED", ...DECIDED, shown: true } as const;

const PLACE = readyRepository().spec.location;
const STAGING_ONLY = {
  label: LABEL,
  "backup-uid": "bbbbbbbb-2222-4222-8222-222222222222",
  "staging-only": "true",
};

describe("the clean-up", () => {
  const told = "the message; cleaning up: waits for";
  const sent: JobStatus["submission"] = { label: LABEL, attempt: 1, time: ago(MINUTE), before: "" };
  const over = { jobs: [row({ state: "CANCELLED" })], ...CLOSED };
  /** All but storage is clean. */
  const clean = (delta: Delta = {}): Delta =>
    ending("FAILED", { agents: [], frontend: over, ...delta });
  itPlans([
    {
      name: "cancels StarRocks' job",
      given: ending("FAILED"),
      step: "statementIsCancelled",
      reason: "CleaningUp",
      result: poll(0, "StarRocks to cancel"),
      actions: [{ kind: "cancelStatement", database: "shop" }],
      status: { phase: "UPLOADING", reason: "TheReason", message: `${told} StarRocks to cancel` },
    },
    {
      name: "ends the agents when StarRocks is away",
      given: ending("FAILED", { frontend: failed("FrontendUnreachable", true, "no FE answers") }),
      step: "statementIsCancelled",
      reason: "CleaningUp",
      result: poll(15_000, "StarRocks, to cancel the job there (no FE answers)"),
      actions: [{ kind: "deleteAgents" }],
    },
    {
      name: "notes that a Restore's job is over, and how far it came, before another one hides it",
      given: ending("FAILED", {
        job: restore(),
        status: { phase: "DOWNLOADING" },
        frontend: { jobs: [row({ kind: "restore", state: "CANCELLED", downloaded: true })] },
      }),
      step: "statementIsCancelled",
      reason: "TheReason",
      result: poll(0, "the broker to be dropped"),
      actions: [
        { kind: "event", type: "Normal", reason: "PhaseChanged", message: "DOWNLOADING → COMMIT" },
      ],
      status: { phase: "COMMIT", ending: SHOWN },
    },
    {
      name: "leaves another tool's job alone, and drops the broker",
      given: ending("FAILED", { frontend: { jobs: [row({ label: "theirs" })] } }),
      step: "brokerIsDropped",
      reason: "CleaningUp",
      result: poll(0, "the broker to go"),
      actions: [{ kind: "dropBroker", slot: 0 }],
    },
    {
      name: "of what was never sent begins with the broker",
      given: ending("CANCELLED", { status: { submission: undefined } }),
      step: "brokerIsDropped",
      reason: "CleaningUp",
      result: poll(0, "the broker to go"),
      actions: [{ kind: "dropBroker", slot: 0 }],
    },
    {
      name: "of what was never sent waits for StarRocks to drop the broker",
      given: ending("CANCELLED", {
        status: { submission: undefined },
        frontend: failed("FrontendUnreachable", true),
      }),
      step: "brokerIsDropped",
      reason: "CleaningUp",
      result: poll(15_000, "StarRocks, to drop the broker"),
    },
    {
      name: "deletes agents without draining them",
      given: ending("FAILED", { frontend: over }),
      step: "agentsAreGone",
      reason: "Draining",
      result: poll(0, "the agents' pods to go"),
      actions: [{ kind: "deleteAgents" }],
    },
    {
      name: "prunes what a Backup may have stored",
      given: clean(),
      step: "attemptIsPruned",
      reason: "Pruning",
      result: poll(0, "the prune Job"),
      actions: [
        {
          kind: "runTask",
          task: "prune",
          id: ATTEMPT,
          flags: { label: LABEL, "backup-uid": BACKUP_UID },
        },
      ],
    },
    {
      name: "notes that it is pruned",
      given: clean({ tasks: { ...NO_TASKS, prune: taskEnded(ATTEMPT, 0) } }),
      step: "attemptIsPruned",
      reason: "CleaningUp",
      result: poll(0, "the slot to be given back"),
      status: {
        ending: {
          outcome: "FAILED",
          reason: "TheReason",
          message: "the message",
          time: ago(MINUTE),
          pruned: true,
        },
        leftBehind: undefined,
      },
    },
    {
      name: "prunes only staging where nothing was sent: the label may be somebody's",
      given: clean({ status: { submission: undefined } }),
      step: "attemptIsPruned",
      reason: "Pruning",
      result: poll(0, "the prune Job"),
      actions: [{ kind: "runTask", task: "prune", id: ATTEMPT, flags: STAGING_ONLY }],
    },
    {
      name: "notes what is refused",
      given: clean({ tasks: { ...NO_TASKS, prune: taskEnded(ATTEMPT, 44) } }),
      step: "attemptIsPruned",
      reason: "CleaningUp",
      result: poll(0, "the slot to be given back"),
      status: { leftBehind: [`snapshot ${LABEL}: the message`] },
    },
    {
      name: "tries a prune that failed again",
      given: clean({ tasks: { ...NO_TASKS, prune: taskEnded(ATTEMPT, 1) } }),
      step: "attemptIsPruned",
      reason: "PruningFailed",
      result: poll(15_000, "prune, which failed and is tried again: the message"),
      actions: [{ kind: "deleteTask", task: "prune", id: ATTEMPT }],
    },
    {
      name: "gives a prune up after 10 minutes",
      given: clean({
        status: {
          ending: {
            outcome: "FAILED",
            reason: "TheReason",
            message: "the message",
            time: ago(11 * MINUTE),
          },
        },
      }),
      step: "attemptIsPruned",
      reason: "CleaningUp",
      result: poll(0, "the slot to be given back"),
      status: { leftBehind: [`snapshot ${LABEL}: the prune Job did not end in 10 minutes`] },
    },
    ...[
      {
        name: "of what never began",
        delta: { status: { submission: undefined, attemptStartTime: undefined } },
      },
      { name: "of a namespace that goes", delta: { vanishing: true } },
      {
        name: "of a Restore",
        delta: {
          job: restore(),
          status: { ending: SHOWN },
          frontend: { jobs: [row({ kind: "restore", state: "CANCELLED" })], ...CLOSED },
        },
      },
    ].map(({ name, delta }) => ({
      name: `${name} prunes nothing`,
      given: clean(delta as Delta),
      step: "slotIsReturned",
      reason: "Finishing",
      result: poll(0, "the slot to be free"),
      actions: [
        { kind: "releaseSlot", slot: seen(clean(delta as Delta)).slots[0] ?? lent } as const,
      ],
    })),
    ...[
      {
        name: "a readOnly Repository",
        delta: { repository: readyRepository({ readOnly: true }) },
        why: "Repository prod is readOnly, so nothing is removed there",
      },
      {
        name: "a Repository that was made again at another place",
        delta: { status: { location: "s3://old/place" } },
        why: `it lies in s3://old/place, and Repository prod is at ${readyRepository().spec.location}`,
      },
      {
        name: "a Repository that was made again with another name in the storage",
        delta: { status: { location: PLACE, repositoryName: "old_one" } },
        why: `it lies in ${PLACE}/__starrocks_repository_old_one, and Repository prod is at ${PLACE}/__starrocks_repository_prod`,
      },
    ].map(({ name, delta, why }) => ({
      name: `leaves what ${name} does not let it remove, and says so`,
      given: clean(delta as Delta),
      step: "attemptIsPruned",
      reason: "CleaningUp",
      result: poll(0, "the slot to be given back"),
      status: { leftBehind: [`snapshot ${LABEL}: ${why}`] },
    })),
    {
      name: "without the Repository concludes once the agents are gone",
      given: clean({ repository: undefined, slots: [], frontend: NOT_ASKED }),
      step: "attemptIsConcluded",
      reason: "TheReason",
      result: isDone("the message"),
      actions: [
        { kind: "event", type: "Warning", reason: "TheReason", message: "UPLOADING → FAILED" },
      ],
      status: {
        phase: "FAILED",
        slot: undefined,
        ending: undefined,
        completionTime: ago(0),
        submission: { ...sent, accepted: true },
        attempts: [
          {
            number: 1,
            snapshotName: LABEL,
            startTime: ago(MINUTE),
            endTime: ago(0),
            reason: "TheReason",
            message: "the message",
          },
        ],
      },
    },
  ]);
});

describe("an attempt that is concluded", () => {
  const pruned = (outcome: "RETRY" | "FAILED" | "CANCELLED", delta: Delta = {}): Delta => {
    const status = { ending: { outcome, ...DECIDED, pruned: true }, ...delta.status };
    const frontend = { jobs: [row({ state: "CANCELLED" })], ...CLOSED };
    return submitted({ agents: [], slots: [slot()], frontend, ...delta, status });
  };
  const retry = backup({ retry: { maxAttempts: 3, backoff: "10m" } });
  itPlans([
    {
      name: "leads to the next one, after a pause, with nothing of the old one",
      given: pruned("RETRY", {
        job: retry,
        status: { progress: { bytes: 1 }, sealed: {}, doneTime: ago(MINUTE), warnings: ["w"] },
      }),
      step: "attemptIsConcluded",
      reason: "WaitingToRetry",
      result: poll(600_000, `attempt 2 of 3 at ${ago(-10 * MINUTE)}, after TheReason: the message`),
      actions: [
        { kind: "event", type: "Normal", reason: "PhaseChanged", message: "UPLOADING → PENDING" },
      ],
      status: {
        phase: "PENDING",
        attempt: 2,
        retryAfter: ago(-10 * MINUTE),
        slot: undefined,
        ending: undefined,
        submission: undefined,
        snapshot: undefined,
        progress: undefined,
        attemptStartTime: undefined,
        sealed: undefined,
        doneTime: undefined,
        warnings: undefined,
      },
    },
    {
      name: "pauses twice as long each time",
      given: pruned("RETRY", { job: retry, status: { attempt: 2 } }),
      step: "attemptIsConcluded",
      reason: "WaitingToRetry",
      result: poll(
        1_200_000,
        `attempt 3 of 3 at ${ago(-20 * MINUTE)}, after TheReason: the message`,
      ),
      actions: [
        { kind: "event", type: "Normal", reason: "PhaseChanged", message: "UPLOADING → PENDING" },
      ],
    },
    {
      name: "is FAILED after the last one",
      given: pruned("RETRY", { job: retry, status: { attempt: 3 } }),
      step: "attemptIsConcluded",
      reason: "TheReason",
      result: isDone("the message"),
      actions: [
        { kind: "event", type: "Warning", reason: "TheReason", message: "UPLOADING → FAILED" },
      ],
      status: { phase: "FAILED" },
    },
    {
      name: "is CANCELLED",
      given: pruned("CANCELLED"),
      step: "attemptIsConcluded",
      reason: "TheReason",
      result: isDone("the message"),
      actions: [
        { kind: "event", type: "Normal", reason: "TheReason", message: "UPLOADING → CANCELLED" },
      ],
      status: { phase: "CANCELLED" },
    },
    ...(
      [
        [
          "that was not sent",
          { submission: undefined },
          "nothing was changed: RESTORE was not sent",
        ],
        [
          "before COMMIT",
          {
            ending: SHOWN,
            targets: [{ table: "orders", as: "orders", existed: true }],
          },
          "nothing was changed: StarRocks removes new tables of a restore that ends before COMMIT; orders still hold what they held",
        ],
        [
          "in COMMIT over old tables",
          { phase: "COMMIT", targets: [{ table: "orders", as: "orders", existed: true }] },
          "content of orders may be lost: it is replaced in COMMIT; restore them again",
        ],
        [
          "in COMMIT with new tables",
          { phase: "COMMIT", targets: [{ table: "orders", as: "new", existed: false }] },
          "new tables may be there in part: drop them, then restore again",
        ],
        [
          "whose end nobody saw, over old tables",
          { targets: [{ table: "orders", as: "orders", existed: true }] },
          "StarRocks does not show how the restore ended, so content of orders may be lost: look at it, and restore it again",
        ],
        [
          "whose end nobody saw, with new tables",
          { targets: [{ table: "orders", as: "new", existed: false }] },
          "StarRocks does not show how the restore ended, so new tables may be there in part or whole: look at them, and drop them before you restore again",
        ],
      ] as const
    ).map(([name, status, targetState]) => ({
      name: `of a Restore ${name} says what became of the tables`,
      given: pruned("FAILED", { job: restore(), status }),
      step: "attemptIsConcluded",
      reason: "TheReason",
      result: isDone("the message"),
      actions: [
        {
          kind: "event",
          type: "Warning",
          reason: "TheReason",
          message: `${"phase" in status ? status.phase : "DOWNLOADING"} → FAILED`,
        } as const,
      ],
      status: { targetState },
    })),
  ]);
});
