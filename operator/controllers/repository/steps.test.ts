// A Repository's steps, and the conditions they lead to.
import { done, poll } from "../../runtime/result.ts";
import { FrontendError } from "../../starrocks/frontend.ts";
import type { Action } from "./model.ts";
import { MINUTE, ago, facts, mount, version } from "../testing/seen.ts";
import { CHECKING, STALLED, itPlans } from "../testing/repository-plans.ts";
import { repository } from "../testing/samples.ts";
import { newStatus, repositorySlot } from "../testing/repository-seen.ts";

const notReady = (reason: string, message: string): Action => {
  return { kind: "event", type: "Warning", reason, message };
};
const OUTSIDE = {
  agent: { ...repository().spec.agent, service: { type: "NodePort" } },
} as const;
const PLAIN_TEXT: Action = {
  kind: "event",
  type: "Warning",
  reason: "PlainText",
  message:
    "StarRocks comes from outside by Services of type NodePort, and a broker's traffic is not encrypted: let nobody else reach them, and keep them within a network that you trust",
};
const NEXT = `the next check at ${ago(-58 * MINUTE)}`;

describe("a Repository", () => {
  itPlans([
    {
      name: "gets the finalizer first",
      given: { meta: { finalizers: [] }, status: newStatus() },
      step: "finalizerIsThere",
      result: poll(0, "the finalizer"),
      actions: [{ kind: "addFinalizer" }],
      phase: "CHECKING",
      states: CHECKING,
    },
    {
      name: "that was let go is left alone",
      given: { meta: { finalizers: [], deletionTimestamp: ago(MINUTE) } },
      step: "none",
      result: done("nothing is left to do"),
      states: "False True False",
      phase: "CHECKING",
    },
    {
      name: "with a wrong spec waits for a person",
      given: { invalid: ["spec.location is wrong"], starrocks: { kind: "notAsked" } },
      step: "specIsValid",
      result: done("spec.location is wrong"),
      actions: [notReady("InvalidSpec", "spec.location is wrong")],
      phase: "NOT_READY",
      states: STALLED,
      told: "InvalidSpec: spec.location is wrong",
    },
    {
      name: "makes the slots that are missing",
      given: { spec: { concurrency: 3 } },
      step: "slotsAreThere",
      result: poll(5_000, "the slots' Services"),
      actions: [
        { kind: "createSlot", index: 1 },
        { kind: "createSlot", index: 2 },
      ],
    },
    {
      name: "makes slots for StarRocks outside, with a warning that nothing is encrypted",
      given: { spec: OUTSIDE, slots: [] },
      step: "slotsAreThere",
      result: poll(5_000, "the slots' Services"),
      actions: [{ kind: "createSlot", index: 0 }, PLAIN_TEXT],
    },
    {
      name: "takes slots away that are other than wished, but none that a job has or had a moment ago",
      given: {
        spec: { ...OUTSIDE, concurrency: 3 },
        slots: [
          repositorySlot({ isAsWished: false }),
          repositorySlot({ index: 1, isAsWished: false, lentTo: "bbbbbbbb-1" }),
          repositorySlot({ index: 2, isAsWished: false, busy: true }),
        ],
      },
      step: "slotsAreAsWished",
      result: poll(0, "the slots' Services to be of type NodePort"),
      actions: [{ kind: "deleteSlot", service: "sr-aaaaaaaa-0", resourceVersion: "5" }],
    },
    {
      name: "tells that its storage Secret is missing: a pod would wait for it without a word",
      given: {
        missing: {
          reason: "CredentialsMissing",
          message: "Secret s3 does not exist in this namespace",
        },
      },
      step: "referencesAreThere",
      result: poll(10_000, "Secret s3 does not exist in this namespace"),
      actions: [notReady("CredentialsMissing", "Secret s3 does not exist in this namespace")],
      phase: "NOT_READY",
      states: STALLED,
      told: "CredentialsMissing: Secret s3 does not exist in this namespace",
    },
    {
      name: "unmounts a slot too many, then removes it",
      given: {
        slots: [repositorySlot(), repositorySlot({ index: 1 }), repositorySlot({ index: 2 })],
        starrocks: { mounts: [mount({ name: "k8s_aaaaaaaa_1" })] },
      },
      step: "surplusSlotsAreGone",
      result: poll(0, "surplus slots to go"),
      actions: [
        { kind: "dropMount", name: "k8s_aaaaaaaa_1" },
        { kind: "deleteSlot", service: "sr-aaaaaaaa-2", resourceVersion: "5" },
      ],
    },
    {
      name: "keeps a slot too many while it is in use",
      given: { slots: [repositorySlot(), repositorySlot({ index: 1, lentTo: "bbbbbbbb-1" })] },
      step: "isReady",
      result: poll(MINUTE, NEXT),
      status: {
        slots: [
          { name: "sr-aaaaaaaa-0", address: "sr-aaaaaaaa-0.ops.svc:8000" },
          {
            name: "sr-aaaaaaaa-1",
            address: "sr-aaaaaaaa-1.ops.svc:8000",
            lentTo: "bbbbbbbb-1",
          },
        ],
      },
    },
    {
      name: "looks again within a minute when all is well: a Secret may change and nobody tells",
      given: {},
      step: "isReady",
      result: poll(MINUTE, NEXT),
    },
    {
      name: "looks sooner when the next check is sooner",
      given: { status: { nextCheckTime: ago(-MINUTE / 2) } },
      step: "isReady",
      result: poll(MINUTE / 2, `the next check at ${ago(-MINUTE / 2)}`),
    },
  ]);
});

describe("StarRocks of a Repository", () => {
  const refused = (heals: boolean) => ({
    kind: "failed" as const,
    error: new FrontendError(heals ? "FrontendUnreachable" : "AccessDenied", heals, "it says no"),
  });
  itPlans([
    {
      name: "that answers for the first time is noted",
      given: { status: newStatus() },
      step: "starRocksAnswers",
      result: poll(0, "the storage"),
      phase: "CHECKING",
      states: CHECKING,
      status: {
        starrocks: {
          version: "3.5.3",
          runMode: "shared_nothing",
          leader: "fe-0:9030",
          frontends: 1,
          backends: 1,
        },
      },
    },
    {
      name: "of a new version is noted",
      given: { starrocks: { facts: facts({ version: version(3, 5, 4) }) } },
      step: "starRocksAnswers",
      result: poll(0, "the storage"),
    },
    {
      name: "of a version that is newer than we know is used, with a warning",
      given: { starrocks: { facts: facts({ version: version(9, 1, 0) }) } },
      step: "starRocksAnswers",
      result: poll(0, "the storage"),
      actions: [
        {
          kind: "event",
          type: "Warning",
          reason: "VersionUnknown",
          message:
            "StarRocks 9.1.0 answers; it is newer than 4.2, the newest that this operator knows, and is used like that one: look for a newer operator, and try a restore",
        },
      ],
    },
    {
      name: "that is away is waited for",
      given: { starrocks: refused(true) },
      step: "starRocksAnswers",
      result: poll(10_000, "StarRocks: it says no"),
      actions: [notReady("FrontendUnreachable", "it says no")],
      phase: "NOT_READY",
      states: CHECKING,
      told: "FrontendUnreachable: it says no",
    },
    {
      name: "that knows no such user needs a person",
      given: { starrocks: refused(false) },
      step: "starRocksAnswers",
      result: poll(10_000, "StarRocks: it says no"),
      actions: [notReady("AccessDenied", "it says no")],
      phase: "NOT_READY",
      states: STALLED,
    },
    {
      name: "that shares its data needs a person",
      given: { starrocks: { facts: facts({ runMode: "shared_data" }) } },
      step: "starRocksAnswers",
      result: poll(
        5 * MINUTE,
        "this StarRocks runs in shared-data mode, whose tables it cannot back up: use its automated cluster snapshot",
      ),
      actions: [
        notReady(
          "SharedData",
          "this StarRocks runs in shared-data mode, whose tables it cannot back up: use its automated cluster snapshot",
        ),
      ],
      phase: "NOT_READY",
      states: STALLED,
    },
  ]);
});
