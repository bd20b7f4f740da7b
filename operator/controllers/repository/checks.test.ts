// The two looks into the storage: when they run, and what their ends mean.
import { expect } from "chai";
import { awaitChange, poll } from "../../runtime/result.ts";
import type { Action } from "./model.ts";
import { NOW_MS } from "../testing/samples.ts";
import { MINUTE, ago, task, taskEnded } from "../testing/seen.ts";
import { CHECKING, READY, STALLED, itPlans } from "../testing/repository-plans.ts";
import {
  CHECKED_WITH,
  condition,
  shown,
  type RepositoryDelta,
} from "../testing/repository-seen.ts";

const NONE = { probe: undefined, catalog: undefined };
const notReady = (reason: string, message: string): Action => {
  return { kind: "event", type: "Warning", reason, message };
};
const BECAME_READY: Action = {
  kind: "event",
  type: "Normal",
  reason: "Ready",
  message: "it can be used",
};

describe("the probe", () => {
  const due = { nextCheckTime: ago(0) };
  const probing = (
    probe: ReturnType<typeof task>,
    delta: RepositoryDelta = {},
  ): RepositoryDelta => ({
    ...delta,
    tasks: { ...NONE, probe },
  });
  const remove: Action = { kind: "deleteJob", name: "nightly-bbbbbbbb-task" };
  itPlans([
    {
      name: "runs when it is due",
      given: { status: due },
      step: "storageIsProbed",
      result: poll(0, "the probe Job"),
      actions: [{ kind: "runTask", task: "probe", id: CHECKED_WITH }],
    },
    {
      name: "runs when its time is as far off as only a clock that was set back makes it",
      given: { status: { nextCheckTime: ago(-24 * 60 * MINUTE) } },
      step: "storageIsProbed",
      result: poll(0, "the probe Job"),
      actions: [{ kind: "runTask", task: "probe", id: CHECKED_WITH }],
    },
    {
      name: "runs at once after a change of spec or Secret",
      given: { checkedWith: "2-abc" },
      step: "storageIsProbed",
      result: poll(0, "the probe Job"),
      actions: [{ kind: "runTask", task: "probe", id: "2-abc" }],
    },
    {
      name: "tells nothing of a spec before it was probed with it: what was good says nothing of it",
      given: { checkedWith: "2-abc", meta: { generation: 2 } },
      step: "storageIsProbed",
      result: poll(0, "the probe Job"),
      actions: [{ kind: "runTask", task: "probe", id: "2-abc" }],
      phase: "CHECKING",
      states: CHECKING,
      told: "Probing: waits for the probe Job",
    },
    {
      name: "tells nothing of a spec before it was probed with it: what was wrong may be corrected",
      given: {
        checkedWith: "2-abc",
        meta: { generation: 2 },
        status: {
          conditions: [
            condition("StarRocksReady", "True", "Answers", "StarRocks 3.5.3 answers"),
            condition("StorageReady", "False", "WrongRegion", "another"),
            condition("Stalled", "True", "WrongRegion", "another"),
          ],
        },
      },
      step: "storageIsProbed",
      result: poll(0, "the probe Job"),
      actions: [{ kind: "runTask", task: "probe", id: "2-abc" }],
      phase: "CHECKING",
      states: CHECKING,
      told: "Probing: waits for the probe Job",
    },
    {
      name: "is waited for",
      given: probing(task(CHECKED_WITH)),
      step: "storageIsProbed",
      result: awaitChange("Job nightly-bbbbbbbb-task"),
    },
    {
      name: "that goes is waited for",
      given: probing(task(CHECKED_WITH, { deleting: true })),
      step: "storageIsProbed",
      result: awaitChange("the last probe Job to go"),
    },
    {
      name: "of older settings is removed",
      given: probing(taskEnded("0-old", 0)),
      step: "storageIsProbed",
      result: poll(0, "an old probe Job to go"),
      actions: [remove],
    },
    {
      name: "that cannot start yet is waited for: what was ready stays so",
      given: probing(
        task(CHECKED_WITH, { trouble: "Unschedulable: none fits", createdAt: ago(20_000) }),
      ),
      step: "storageIsProbed",
      result: poll(40_000, "Job nightly-bbbbbbbb-task (Unschedulable: none fits)"),
    },
    {
      name: "that cannot start for a minute needs a person",
      given: probing(task(CHECKED_WITH, { trouble: "ErrImagePull: no such image" })),
      step: "storageIsProbed",
      result: awaitChange("Job nightly-bbbbbbbb-task (ErrImagePull: no such image)"),
      actions: [
        notReady("ProbeNotRunning", "Job nightly-bbbbbbbb-task (ErrImagePull: no such image)"),
      ],
      phase: "NOT_READY",
      states: STALLED,
    },
    {
      name: "that went well makes it ready",
      given: probing(taskEnded(CHECKED_WITH, 0), {
        status: {
          phase: "CHECKING",
          probeFailures: 3,
          conditions: [condition("StarRocksReady", "True", "Answers", "StarRocks 3.5.3 answers")],
        },
      }),
      step: "storageIsProbed",
      result: poll(0, "the message"),
      actions: [remove, BECAME_READY],
      status: {
        checkedWith: CHECKED_WITH,
        probeFailures: 0,
        lastCheckTime: ago(0),
        nextCheckTime: ago(-60 * MINUTE),
      },
    },
    {
      name: "that found a wrong setting needs a person, and is repeated",
      given: probing(taskEnded(CHECKED_WITH, 42)),
      step: "storageIsProbed",
      result: poll(0, "the message"),
      actions: [remove, notReady("TheReason", "the message")],
      phase: "NOT_READY",
      states: STALLED,
      told: "TheReason: the message",
      status: { probeFailures: 1, nextCheckTime: ago(-30_000) },
    },
    {
      name: "that failed otherwise is repeated, less and less often",
      given: probing(taskEnded(CHECKED_WITH, 1), { status: { probeFailures: 2 } }),
      step: "storageIsProbed",
      result: poll(0, "the message"),
      actions: [remove, notReady("TheReason", "the message")],
      phase: "NOT_READY",
      states: CHECKING,
      status: { probeFailures: 3, nextCheckTime: ago(-120_000) },
    },
    {
      name: "is repeated every 5 minutes in the end",
      given: probing(taskEnded(CHECKED_WITH, 1), { status: { probeFailures: 50 } }),
      step: "storageIsProbed",
      result: poll(0, "the message"),
      actions: [remove, notReady("TheReason", "the message")],
      phase: "NOT_READY",
      states: CHECKING,
      status: { nextCheckTime: ago(-5 * MINUTE) },
    },
    {
      name: "that ended without a word has failed",
      given: probing(task(CHECKED_WITH, { state: "failed" })),
      step: "storageIsProbed",
      result: poll(0, "the Job failed without a word"),
      actions: [remove, notReady("ProbeFailed", "the Job failed without a word")],
      phase: "NOT_READY",
      states: CHECKING,
    },
  ]);

  it("needs a person until another finding, whatever else is looked at", () => {
    const stalled = shown(probing(taskEnded(CHECKED_WITH, 42))).status;
    const later = shown({ status: stalled });
    expect([later.step, later.states]).to.deep.equal(["isReady", STALLED]);
    const healed = shown({ ...probing(taskEnded(CHECKED_WITH, 0)), status: stalled });
    expect([healed.step, healed.states]).to.deep.equal(["storageIsProbed", READY]);
  });
});

describe("the catalogue", () => {
  const listing = (
    catalog: ReturnType<typeof task>,
    delta: RepositoryDelta = {},
  ): RepositoryDelta => ({
    ...delta,
    tasks: { ...NONE, catalog },
  });
  const run: Action = { kind: "runTask", task: "catalog", id: "catalog" };
  const remove: Action = { kind: "deleteJob", name: "nightly-bbbbbbbb-task" };
  const snapshots = { total: 1, complete: 1, sealed: 1, bytes: 7, catalog: [] };
  itPlans([
    ...(
      [
        ["when it never was", { status: { catalogTime: undefined } }],
        ["when our clock was set back", { status: { catalogTime: ago(-60 * MINUTE) } }],
        ["after each probe", { status: { catalogTime: ago(3 * MINUTE) } }],
        [
          "a minute after a Backup ended",
          { status: { catalogTime: ago(61_000) }, lastEndedMs: NOW_MS - 1_000 },
        ],
      ] as const
    ).map(([name, given]) => ({
      name: `is read ${name}`,
      given,
      step: "catalogIsRead",
      result: poll(0, "the catalogue Job"),
      actions: [run],
    })),
    {
      name: "is not read while the storage is not ready",
      given: {
        status: {
          phase: "NOT_READY",
          catalogTime: undefined,
          conditions: [
            condition("StarRocksReady", "True", "Answers", "StarRocks 3.5.3 answers"),
            condition("StorageReady", "False", "AccessDenied", "no right"),
          ],
        },
      },
      step: "isReady",
      result: poll(10_000, "no right"),
      phase: "NOT_READY",
      states: CHECKING,
    },
    {
      name: "is waited for, with its trouble",
      given: listing(task("catalog", { trouble: "Unschedulable: no node" })),
      step: "catalogIsRead",
      result: awaitChange("Job nightly-bbbbbbbb-task (Unschedulable: no node)"),
    },
    {
      name: "is waited for when it goes",
      given: listing(task("catalog", { deleting: true })),
      step: "catalogIsRead",
      result: awaitChange("the last catalogue Job to go"),
    },
    {
      name: "is kept in the status",
      given: listing(taskEnded("catalog", 0), { catalog: snapshots }),
      step: "catalogIsRead",
      result: poll(0, "the catalogue"),
      actions: [remove],
      status: { snapshots, catalogTime: ago(0) },
    },
    {
      name: "that failed is told, and nothing waits for it",
      given: listing(taskEnded("catalog", 1), { status: { snapshots } }),
      step: "catalogIsRead",
      result: poll(0, "the catalogue"),
      actions: [remove],
      status: { snapshots, catalogTime: ago(0) },
    },
  ]);
});
