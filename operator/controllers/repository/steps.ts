// What makes a Repository ready, in order. The first step that does not pass decides; findings of the steps
// become conditions.
import { findCondition } from "../../api/conditions.ts";
import { CONDITION } from "../../api/group.ts";
import { done, poll } from "../../runtime/result.ts";
import type { Version } from "../../starrocks/frontend.ts";
import { doubtOf } from "../../starrocks/versions.ts";
import { mountName } from "../names.ts";
import { catalogIsRead, isUsable, storageIsProbed, timeOf } from "./checks.ts";
import type { Action, Finding, Seen, Steps, Verdict } from "./model.ts";
import { leftoversAreSwept } from "./sweep.ts";
import { act, notReady } from "./verdict.ts";

/** While something is wrong it is looked at so often. */
const UNREADY_POLL_MS = 10_000;
/** Nobody tells us of a Secret that changed, of a StarRocks that is gone, or that a catalogue may be read again. */
const READY_POLL_MS = 60_000;
const SLOT_POLL_MS = 5_000;
/** StarRocks does not change its mode. */
const MODE_POLL_MS = 5 * 60_000;

export const STEPS: Steps = {
  specIsValid,
  slotsAreThere,
  surplusSlotsAreGone,
  slotsAreAsWished,
  starRocksAnswers,
  referencesAreThere,
  storageIsProbed,
  leftoversAreSwept,
  catalogIsRead,
  isReady,
};

function specIsValid(seen: Seen): Verdict | undefined {
  if (seen.invalid.length === 0) return undefined;
  const message = seen.invalid.join("; ");
  return {
    finding: { type: "StorageReady", ok: false, reason: "InvalidSpec", message, stalled: true },
    reason: "InvalidSpec",
    result: done(message),
  };
}

function referencesAreThere({ missing }: Seen): Verdict | undefined {
  if (missing === undefined) return undefined;
  const { reason, message } = missing;
  const finding = notReady("StorageReady", reason, message, true);
  return { finding, reason, result: poll(UNREADY_POLL_MS, message) };
}

function slotsAreThere(seen: Seen): Verdict | undefined {
  const { concurrency } = seen.repository.spec;
  const there = new Set(seen.slots.map((s) => s.index));
  const actions = range(concurrency)
    .filter((index) => !there.has(index))
    .map((index) => ({ kind: "createSlot", index }) as const);
  if (actions.length === 0) return undefined;
  // Their watch wakes us, but for a name that is still taken: an old Service stays for as long as its load balancer is
  // taken down, whatever the new one is.
  const result = poll(SLOT_POLL_MS, "the slots' Services");
  return { actions: [...actions, ...plainText(seen)], reason: "MakingSlots", result };
}

/** Said when Services are made that others than this Kubernetes' own can reach. */
function plainText({ repository }: Seen): readonly Action[] {
  const { type = "ClusterIP" } = repository.spec.agent.service ?? {};
  if (type === "ClusterIP") return [];
  const message = `StarRocks comes from outside by Services of type ${type}, and a broker's traffic is not encrypted: let nobody else reach them, and keep them within a network that you trust`;
  return [{ kind: "event", type: "Warning", reason: "PlainText", message }];
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** After `concurrency` was lowered; a slot in use goes when its job has ended. */
function surplusSlotsAreGone(seen: Seen): Verdict | undefined {
  const { repository, starrocks } = seen;
  const surplus = seen.slots.filter(
    (s) => s.index >= repository.spec.concurrency && s.lentTo === undefined && !s.busy,
  );
  if (surplus.length === 0 || starrocks.kind !== "seen") return undefined;
  const actions = surplus.flatMap((slot): Action[] => {
    const name = mountName(repository.metadata, slot.index);
    const isMounted = starrocks.mounts.some((m) => m.name === name);
    return isMounted
      ? [{ kind: "dropMount", name }]
      : [{ kind: "deleteSlot", service: slot.service, resourceVersion: slot.resourceVersion }];
  });
  return act(actions, "RemovingSlots", "surplus slots to go");
}

/** After `agent.service` was changed; a slot in use stays as it is until its job has ended. It is made again at the next look. */
function slotsAreAsWished({ slots, repository }: Seen): Verdict | undefined {
  const others = slots.filter((s) => !s.isAsWished && s.lentTo === undefined && !s.busy);
  if (others.length === 0) return undefined;
  const { type = "ClusterIP" } = repository.spec.agent.service ?? {};
  const actions = others.map(({ service, resourceVersion }): Action => ({
    kind: "deleteSlot",
    service,
    resourceVersion,
  }));
  return act(actions, "MakingSlots", `the slots' Services to be of type ${type}`);
}

function starRocksAnswers(seen: Seen): Verdict | undefined {
  const { starrocks } = seen;
  if (starrocks.kind === "notAsked") return undefined;
  if (starrocks.kind === "failed") {
    const { reason, message, heals } = starrocks.error;
    const finding = notReady("StarRocksReady", reason, message, !heals);
    return { finding, reason, result: poll(UNREADY_POLL_MS, `StarRocks: ${message}`) };
  }
  const { facts } = starrocks;
  if (facts.runMode === "shared_data") {
    const message =
      "this StarRocks runs in shared-data mode, whose tables it cannot back up: use its automated cluster snapshot";
    const finding = notReady("StarRocksReady", "SharedData", message, true);
    return { finding, reason: "SharedData", result: poll(MODE_POLL_MS, message) };
  }
  const status = starrocksStatus(seen);
  const finding = answersAs(facts.version);
  const known = findCondition(seen.status.conditions, CONDITION.starRocksReady);
  if (
    known?.status === "True" &&
    known.message === finding.message &&
    same(seen.status.starrocks, status)
  ) {
    return undefined;
  }
  return {
    actions: known?.message === finding.message ? [] : warnings(finding),
    finding,
    status: { starrocks: status },
    reason: "Checking",
    result: poll(0, "the storage"),
  };
}

/** A release that we do not know is used, with a warning. */
function answersAs(version: Version): Finding {
  const doubt = doubtOf(version);
  const answers = `StarRocks ${version.text} answers`;
  const found = { type: "StarRocksReady", ok: true } as const;
  return doubt === undefined
    ? { ...found, reason: "Answers", message: answers }
    : { ...found, reason: "VersionUnknown", message: `${answers}; ${doubt}` };
}

function warnings({ reason, message }: Finding): readonly Action[] {
  return reason === "VersionUnknown" ? [{ kind: "event", type: "Warning", reason, message }] : [];
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    : value;
}

function starrocksStatus(
  seen: Seen,
): Record<string, never> | NonNullable<Seen["status"]["starrocks"]> {
  if (seen.starrocks.kind !== "seen") return {};
  const { version, runMode, frontends, backends } = seen.starrocks.facts;
  const leader = frontends.find((f) => f.leads);
  return {
    version: version.text,
    runMode,
    ...(leader === undefined ? {} : { leader: `${leader.host}:${leader.queryPort}` }),
    frontends: frontends.length,
    backends: backends.length,
  };
}

function isReady(seen: Seen): Verdict {
  const { status, nowMs } = seen;
  const slots = seen.slots.map((slot) => ({
    name: slot.service,
    ...(slot.address === undefined ? {} : { address: slot.address }),
    ...(slot.lentTo === undefined ? {} : { lentTo: slot.lentTo }),
  }));
  const nextMs = Math.max(1_000, timeOf(status.nextCheckTime, nowMs) - nowMs);
  if (isUsable(seen)) {
    const on = `the next check at ${status.nextCheckTime ?? ""}`;
    const result = poll(Math.min(nextMs, READY_POLL_MS), on);
    return { status: { slots }, reason: "Ready", result };
  }
  const failed = PARTS.map((type) => findCondition(status.conditions, type)).find(
    (c) => c?.status !== "True",
  );
  const result = poll(Math.min(nextMs, UNREADY_POLL_MS), failed?.message ?? "the first check");
  return { status: { slots }, reason: failed?.reason ?? "Checking", result };
}

const PARTS = [CONDITION.starRocksReady, CONDITION.storageReady] as const;
