// What a Repository has goes before it does.
import { awaitChange, done, poll } from "../../runtime/result.ts";
import { FrontendError } from "../../starrocks/frontend.ts";
import { MINUTE, MOUNT, ago, broker, mount } from "../testing/seen.ts";
import { CHECKING, itPlans } from "../testing/repository-plans.ts";

describe("the deletion of a Repository", () => {
  const meta = { deletionTimestamp: ago(MINUTE) };
  const long = { deletionTimestamp: ago(11 * MINUTE) };
  const away = {
    kind: "failed" as const,
    error: new FrontendError("FrontendUnreachable", true, "no FE answers"),
  };
  const gone = { phase: "CHECKING", states: CHECKING } as const;
  itPlans([
    {
      name: "waits for jobs that run on it",
      given: { meta, users: ["Backup nightly"] },
      step: "nobodyUsesIt",
      result: awaitChange("Backup nightly to end: they run on this Repository"),
      told: "InUse: waits for Backup nightly to end: they run on this Repository",
      ...gone,
    },
    {
      name: "removes its Jobs",
      given: { meta, allJobs: ["probe"] },
      step: "jobsAreGone",
      result: poll(1_000, "its Jobs to go"),
      actions: [{ kind: "deleteJob", name: "probe" }],
      ...gone,
    },
    {
      name: "drops mounts, then brokers",
      given: { meta, starrocks: { mounts: [mount()], brokers: [broker()] } },
      step: "mountsAreGone",
      result: poll(0, "its mounts in StarRocks to go"),
      actions: [
        { kind: "dropMount", name: MOUNT },
        { kind: "dropBroker", name: MOUNT },
      ],
      ...gone,
    },
    {
      name: "drops a mount whose Service is gone, and nobody else's",
      given: {
        meta,
        slots: [],
        starrocks: { mounts: [mount(), mount({ name: "k8s_ffffffff_0" })], brokers: [] },
      },
      step: "mountsAreGone",
      result: poll(0, "its mounts in StarRocks to go"),
      actions: [{ kind: "dropMount", name: MOUNT }],
      ...gone,
    },
    {
      name: "waits for StarRocks",
      given: { meta, starrocks: away },
      step: "mountsAreGone",
      result: poll(10_000, "StarRocks, to drop its mounts (no FE answers)"),
      ...gone,
    },
    {
      name: "waits for no StarRocks that never answered: nothing was made there",
      given: { meta, starrocks: away, status: { starrocks: undefined } },
      step: "slotsAreGone",
      result: poll(0, "its Services to go"),
      actions: [{ kind: "deleteSlot", service: "sr-aaaaaaaa-0" }],
      ...gone,
    },
    {
      name: "goes on without StarRocks after 10 minutes, and says what stays",
      given: { meta: long, starrocks: away },
      step: "slotsAreGone",
      result: poll(0, "its Services to go"),
      actions: [
        {
          kind: "event",
          type: "Warning",
          reason: "LetGo",
          message: `StarRocks did not answer for 10 minutes, so these stay there: run DROP REPOSITORY and ALTER SYSTEM DROP ALL BROKER for ${MOUNT}`,
        },
        { kind: "deleteSlot", service: "sr-aaaaaaaa-0" },
      ],
      ...gone,
    },
    {
      name: "removes its Services",
      given: { meta },
      step: "slotsAreGone",
      result: poll(0, "its Services to go"),
      actions: [{ kind: "deleteSlot", service: "sr-aaaaaaaa-0" }],
      ...gone,
    },
    {
      name: "lets go",
      given: { meta, slots: [] },
      step: "finalizerIsGone",
      result: done("deleted"),
      actions: [{ kind: "removeFinalizer" }],
      ...gone,
    },
  ]);
});
