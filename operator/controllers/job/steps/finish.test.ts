// COMMIT, once StarRocks is done.
import { awaitChange, done as isDone, poll } from "../../../runtime/result.ts";
import { restore, BACKUP_UID } from "../../testing/samples.ts";
import { itPlans } from "../../testing/plans.ts";
import {
  ATTEMPT,
  LABEL,
  MINUTE,
  TIMESTAMP,
  agent,
  ago,
  done,
  failed,
  mount,
  pod,
  slot,
  task,
  taskEnded,
  type Delta,
} from "../../testing/seen.ts";

const NO_TASKS = { seal: undefined, verify: undefined, prune: undefined };
const DRAIN = { "backup.starrocks.io/drain": "true" };
/** The mount is closed. */
const CLOSED = { brokers: [], repositories: [mount()] };
const gone = (delta: Delta = {}): Delta => done({ agents: [], frontend: CLOSED, ...delta });
const lent = slot({ lentTo: ATTEMPT });

describe("the timestamp", () => {
  const given = (delta: Delta): Delta =>
    done({ ...delta, status: { snapshot: { name: LABEL }, ...delta.status } });
  itPlans([
    {
      name: "is taken verbatim from SHOW SNAPSHOT",
      given: given({
        frontend: { snapshot: { label: LABEL, timestamps: ["a", TIMESTAMP], status: "OK" } },
      }),
      step: "timestampIsRead",
      reason: "Committing",
      result: poll(0, "the mount to close"),
      status: { snapshot: { name: LABEL, timestamp: TIMESTAMP } },
    },
    {
      name: "is waited for, with what StarRocks shows",
      given: given({
        frontend: { snapshot: { label: LABEL, timestamps: [], status: "ERROR: no snapshot" } },
      }),
      step: "timestampIsRead",
      reason: "Committing",
      result: poll(2_000, `StarRocks to show snapshot ${LABEL} (ERROR: no snapshot)`),
    },
    {
      name: "is waited for also after StarRocks was long in COMMIT",
      given: given({ status: { phaseStartTime: ago(14 * MINUTE), doneTime: ago(0) } }),
      step: "timestampIsRead",
      reason: "Committing",
      result: poll(2_000, `StarRocks to show snapshot ${LABEL} (not asked yet)`),
    },
    {
      name: "that does not come in 5 minutes ends the attempt",
      given: given({ status: { doneTime: ago(6 * MINUTE) } }),
      step: "timestampIsRead",
      end: ["RETRY", "SnapshotMissing"],
      message: /^the job is FINISHED, but waited 5 minutes for StarRocks to show snapshot/,
    },
  ]);
});

describe("COMMIT, once StarRocks is done", () => {
  itPlans([
    {
      name: "drops the broker",
      given: done(),
      step: "mountIsClosed",
      reason: "Unmounting",
      result: poll(0, "the broker to go"),
      actions: [{ kind: "dropBroker", slot: 0 }],
    },
    {
      name: "waits for StarRocks to drop it",
      given: done({ frontend: failed("FrontendUnreachable", true) }),
      step: "mountIsClosed",
      reason: "Unmounting",
      result: poll(2_000, "StarRocks, to drop the broker"),
    },
    {
      name: "tells every agent to drain",
      given: done({
        agents: [agent({ pods: [pod({ annotations: DRAIN })] }), agent({ name: "other" })],
        frontend: CLOSED,
      }),
      step: "agentsAreDrained",
      reason: "Draining",
      result: poll(0, "the agents to store what they answered"),
      actions: [{ kind: "annotateAgents", annotations: DRAIN }],
    },
    {
      name: "waits for agents that drain",
      given: done({ agents: [agent({ pods: [pod({ annotations: DRAIN })] })], frontend: CLOSED }),
      step: "agentsAreDrained",
      reason: "Draining",
      result: awaitChange("1 agents to store what they answered"),
    },
    {
      name: "waits no longer than 10 minutes for them",
      given: done({ status: { doneTime: ago(11 * MINUTE) }, frontend: CLOSED }),
      step: "agentsAreGone",
      reason: "Draining",
      result: poll(0, "the agents' pods to go"),
      actions: [{ kind: "deleteAgents" }],
    },
    {
      name: "deletes agents that are drained",
      given: done({ agents: [agent({ state: "complete", pods: [] })], frontend: CLOSED }),
      step: "agentsAreGone",
      reason: "Draining",
      result: poll(0, "the agents' pods to go"),
      actions: [{ kind: "deleteAgents" }],
    },
    {
      name: "waits for agents that go",
      given: done({ agents: [agent({ state: "complete", deleting: true })], frontend: CLOSED }),
      step: "agentsAreGone",
      reason: "Draining",
      result: awaitChange("the agents' pods to go"),
    },
    {
      name: "waits for the last pods in the slot",
      given: gone({ slots: [slot({ lentTo: ATTEMPT, busy: true })] }),
      step: "agentsAreGone",
      reason: "Draining",
      result: awaitChange("the last pods of the agents to go"),
    },
    {
      name: "says which node holds the last pods up, and what to do about it",
      given: gone({
        slots: [
          slot({
            lentTo: ATTEMPT,
            busy: true,
            pods: [
              { where: "p on node worker-1", disrupted: false, deletionTime: ago(2 * MINUTE) },
            ],
          }),
        ],
      }),
      step: "agentsAreGone",
      reason: "Draining",
      result: poll(
        15_000,
        "the last pods of the agents to go: p on node worker-1; only their node can say that they ended: if it will not come back, delete the Node",
      ),
    },
    {
      name: "then seals",
      given: gone(),
      step: "snapshotIsSealed",
      reason: "Sealing",
      result: poll(0, "the seal Job"),
      actions: [
        {
          kind: "runTask",
          task: "seal",
          id: ATTEMPT,
          flags: { label: LABEL, attempt: ATTEMPT, "backup-uid": BACKUP_UID, timestamp: TIMESTAMP },
        },
      ],
    },
    {
      name: "of a sealed snapshot gives the slot back",
      given: gone({ status: { sealed: {} } }),
      step: "slotIsReturned",
      reason: "Finishing",
      result: poll(0, "the slot to be free"),
      actions: [{ kind: "releaseSlot", slot: lent }],
    },
    {
      name: "then removes one-shot Jobs",
      given: gone({
        status: { sealed: {} },
        slots: [slot()],
        tasks: { ...NO_TASKS, seal: taskEnded(ATTEMPT, 0) },
      }),
      step: "tasksAreGone",
      reason: "Finishing",
      result: poll(0, "one-shot Jobs to go"),
      actions: [{ kind: "deleteTask", task: "seal", id: ATTEMPT }],
    },
    {
      name: "and waits for them to go",
      given: gone({
        status: { sealed: {} },
        slots: [slot()],
        tasks: { ...NO_TASKS, seal: task(ATTEMPT, { deleting: true }) },
      }),
      step: "tasksAreGone",
      reason: "Finishing",
      result: awaitChange("one-shot Jobs to go"),
    },
    {
      name: "is FINISHED",
      given: gone({ status: { sealed: {}, progress: { bytes: 7, percent: 99 } }, slots: [slot()] }),
      step: "finished",
      reason: "Finished",
      result: isDone("it can be restored"),
      actions: [
        { kind: "event", type: "Normal", reason: "Finished", message: "COMMIT → FINISHED" },
      ],
      status: {
        phase: "FINISHED",
        slot: undefined,
        completionTime: ago(0),
        progress: { bytes: 7, percent: 100, bytesPerSecond: 0 },
        message: "it can be restored",
      },
    },
    {
      name: "of a Restore is FINISHED without a seal",
      given: gone({ job: restore(), slots: [slot()] }),
      step: "finished",
      reason: "Finished",
      result: isDone("the data is there"),
      actions: [
        { kind: "event", type: "Normal", reason: "Finished", message: "COMMIT → FINISHED" },
      ],
    },
  ]);
});

describe("the seal Job", () => {
  const sealing = (seal: ReturnType<typeof task>): Delta => gone({ tasks: { ...NO_TASKS, seal } });
  itPlans([
    {
      name: "is waited for, with its trouble",
      given: sealing(task(ATTEMPT, { trouble: "ErrImagePull: no such image" })),
      step: "snapshotIsSealed",
      reason: "Sealing",
      result: awaitChange("Job nightly-bbbbbbbb-task (ErrImagePull: no such image)"),
    },
    {
      name: "of an earlier attempt is removed first",
      given: sealing(taskEnded("bbbbbbbb-0", 0)),
      step: "snapshotIsSealed",
      reason: "Sealing",
      result: poll(0, "the seal Job of an earlier attempt to go"),
      actions: [{ kind: "deleteTask", task: "seal", id: "bbbbbbbb-0" }],
    },
    {
      name: "that goes is waited for",
      given: sealing(task(ATTEMPT, { deleting: true })),
      step: "snapshotIsSealed",
      reason: "Sealing",
      result: awaitChange("the last seal Job to go"),
    },
    {
      name: "that ended well is written down with its counts",
      given: sealing(
        taskEnded(ATTEMPT, 0, { detail: { files: 4, bytes: 4096, tablets: 2, other: "x" } }),
      ),
      step: "snapshotIsSealed",
      reason: "Sealing",
      result: poll(0, "the slot to be given back"),
      status: { sealed: { files: 4, bytes: 4096, tablets: 2, time: ago(0) } },
    },
    {
      name: "that found a hole costs the attempt",
      given: sealing(taskEnded(ATTEMPT, 43)),
      step: "snapshotIsSealed",
      end: ["RETRY", "SnapshotDamaged"],
      message: /^the message$/,
    },
    {
      name: "that was refused fails the Backup",
      given: sealing(taskEnded(ATTEMPT, 44)),
      step: "snapshotIsSealed",
      end: ["FAILED", "TheReason"],
      message: /^the message$/,
    },
    {
      name: "that failed otherwise is made anew",
      given: sealing(taskEnded(ATTEMPT, 42)),
      step: "snapshotIsSealed",
      reason: "SealingFailed",
      result: poll(15_000, "seal, which failed and is tried again: the message"),
      actions: [{ kind: "deleteTask", task: "seal", id: ATTEMPT }],
    },
    {
      name: "that failed at once is left for a moment",
      given: sealing({ ...taskEnded(ATTEMPT, 1), createdAt: ago(5_000) }),
      step: "snapshotIsSealed",
      reason: "SealingFailed",
      result: poll(15_000, "seal, which failed and is tried again: the message"),
    },
    {
      name: "that ended without a word is made anew",
      given: sealing(task(ATTEMPT, { state: "complete" })),
      step: "snapshotIsSealed",
      reason: "SealingFailed",
      result: poll(15_000, "seal, which failed and is tried again: it failed"),
      actions: [{ kind: "deleteTask", task: "seal", id: ATTEMPT }],
    },
  ]);
});
