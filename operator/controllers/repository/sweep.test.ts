// What is removed because nobody else does, and what is only shown.
import { poll } from "../../runtime/result.ts";
import type { Action } from "./model.ts";
import { MINUTE, MOUNT, ago, broker, mount } from "../testing/seen.ts";
import { itPlans } from "../testing/repository-plans.ts";
import { repositorySlot } from "../testing/repository-seen.ts";

const NEXT = `the next check at ${ago(-58 * MINUTE)}`;

describe("the sweep", () => {
  const swept = (what: string): Action => ({
    kind: "event",
    type: "Normal",
    reason: "Swept",
    message: `removed what ended jobs left behind: ${what}`,
  });
  const orphan = repositorySlot({ lentTo: "dddddddd-1", orphaned: true });
  const step = "leftoversAreSwept";
  const result = poll(0, "leftovers to go");
  itPlans([
    {
      name: "removes Jobs of jobs that are gone",
      given: { orphanJobs: ["a", "b"] },
      step,
      result,
      actions: [
        { kind: "deleteJob", name: "a" },
        { kind: "deleteJob", name: "b" },
        swept("Job a, Job b"),
      ],
    },
    {
      name: "drops a broker of a slot that nobody has",
      given: { starrocks: { brokers: [broker(), broker({ name: "k8s_aaaaaaaa_9" })] } },
      step,
      result,
      actions: [
        { kind: "dropBroker", name: MOUNT },
        { kind: "dropBroker", name: "k8s_aaaaaaaa_9" },
        swept(`broker ${MOUNT}, broker k8s_aaaaaaaa_9`),
      ],
    },
    {
      name: "leaves the broker of a slot in use",
      given: {
        slots: [repositorySlot({ lentTo: "bbbbbbbb-1" })],
        starrocks: { brokers: [broker()] },
      },
      step: "isReady",
      result: poll(MINUTE, NEXT),
    },
    {
      name: "drops the broker of an orphaned slot before it gives the slot back",
      given: { slots: [orphan], starrocks: { brokers: [broker()] } },
      step,
      result,
      actions: [{ kind: "dropBroker", name: MOUNT }, swept(`broker ${MOUNT}`)],
    },
    {
      name: "gives an orphaned slot back once its pods are gone",
      given: { slots: [orphan] },
      step,
      result,
      actions: [{ kind: "releaseSlot", slot: orphan }, swept("slot sr-aaaaaaaa-0")],
    },
    {
      name: "keeps an orphaned slot while its pods are there",
      given: { slots: [{ ...orphan, busy: true }] },
      step: "isReady",
      result: poll(MINUTE, NEXT),
    },
    {
      name: "shows what others made, and never touches it",
      given: {
        starrocks: {
          mounts: [mount(), mount({ name: "k8s_ffffffff_0" }), mount({ name: "backups" })],
          brokers: [broker({ name: "k8s_ffffffff_0" }), broker({ name: "hdfs" })],
        },
      },
      step,
      result,
      status: { foreign: ["k8s_ffffffff_0"] },
    },
    {
      name: "knows the mounts of other Repositories here",
      given: {
        others: ["ffffffff-1111-2222-3333-444444444444"],
        starrocks: {
          mounts: [mount(), mount({ name: "k8s_ffffffff_0" }), mount({ name: "k8s_eeeeeeee_0" })],
        },
      },
      step,
      result,
      status: { foreign: ["k8s_eeeeeeee_0"] },
    },
    {
      name: "forgets what others took away",
      given: { status: { foreign: ["k8s_ffffffff_0"] } },
      step,
      result,
      status: { foreign: undefined },
    },
  ]);
});
