// A Repository that is being deleted: what it has in StarRocks and Kubernetes goes, its snapshots stay.
import { awaitChange, done, poll } from "../../runtime/result.ts";
import { mountName, mountPrefix } from "../names.ts";
import type { FrontendError } from "../../starrocks/frontend.ts";
import type { Action, Seen, Steps, Verdict } from "./model.ts";
import { act } from "./verdict.ts";

/** StarRocks that is gone for good must not hold it for ever. */
const LET_GO_MS = 10 * 60_000;
const POLL_MS = 10_000;

export const DELETION: Steps = {
  nobodyUsesIt,
  jobsAreGone,
  mountsAreGone,
  slotsAreGone,
  finalizerIsGone,
};

function nobodyUsesIt(seen: Seen): Verdict | undefined {
  if (seen.users.length === 0) return undefined;
  const on = `${seen.users.slice(0, 5).join(", ")} to end: they run on this Repository`;
  return { reason: "InUse", result: awaitChange(on) };
}

function jobsAreGone(seen: Seen): Verdict | undefined {
  if (seen.allJobs.length === 0) return undefined;
  const actions = seen.allJobs.map((name) => ({ kind: "deleteJob", name }) as const);
  return { ...act(actions, "Deleting", "its Jobs to go"), result: poll(1_000, "its Jobs to go") };
}

function mountsAreGone(seen: Seen): Verdict | undefined {
  const { starrocks, repository } = seen;
  if (starrocks.kind !== "seen") return unreachable(seen);
  // By name, not by slot: a Service may have been deleted by hand.
  const own = mountPrefix(repository.metadata);
  const ownNames = (rows: readonly { readonly name: string }[]): readonly string[] =>
    [...new Set(rows.map((row) => row.name))].filter((name) => name.startsWith(own));
  const actions: readonly Action[] = [
    ...ownNames(starrocks.mounts).map((name) => ({ kind: "dropMount", name }) as const),
    ...ownNames(starrocks.brokers).map((name) => ({ kind: "dropBroker", name }) as const),
  ];
  return actions.length === 0
    ? undefined
    : act(actions, "Unmounting", "its mounts in StarRocks to go");
}

function unreachable(seen: Seen): Verdict | undefined {
  if (neverAnswered(seen)) return undefined;
  if (isOverdue(seen)) return undefined;
  const why = seen.starrocks.kind === "failed" ? seen.starrocks.error.message : "not asked yet";
  return {
    reason: "Unmounting",
    result: poll(POLL_MS, `StarRocks, to drop its mounts (${why})`),
  };
}

/** Its deletion has been held up for as long as may be. */
export function isOverdue({ repository, nowMs }: Seen): boolean {
  const { deletionTimestamp } = repository.metadata;
  return deletionTimestamp !== undefined && nowMs - Date.parse(deletionTimestamp) >= LET_GO_MS;
}

/** Then no mount was ever made: jobs begin on a Repository that is ready. */
function neverAnswered({ status }: Seen): boolean {
  return status.starrocks === undefined;
}

function slotsAreGone(seen: Seen): Verdict | undefined {
  if (seen.slots.length === 0) return undefined;
  const actions = seen.slots.map(({ service }) => ({ kind: "deleteSlot", service }) as const);
  return act([...unmounted(seen), ...actions], "Deleting", "its Services to go");
}

function unmounted(seen: Seen): readonly Action[] {
  if (seen.starrocks.kind === "seen" || neverAnswered(seen)) return [];
  return [mountsStay(seen, "StarRocks did not answer for 10 minutes")];
}

function mountsStay({ slots, repository }: Seen, why: string): Action {
  const names = slots.map((s) => mountName(repository.metadata, s.index)).join(", ");
  const message = `${why}, so these stay there: run DROP REPOSITORY and ALTER SYSTEM DROP ALL BROKER for ${names}`;
  return { kind: "event", type: "Warning", reason: "LetGo", message };
}

/** StarRocks answers, and refuses to drop a mount. */
export function letGo(seen: Seen, { message }: FrontendError): Verdict {
  const services = seen.slots.map(({ service }) => ({ kind: "deleteSlot", service }) as const);
  return {
    actions: [
      mountsStay(seen, `StarRocks refused for 10 minutes (${message})`),
      ...services,
      { kind: "removeFinalizer" },
    ],
    reason: "Deleting",
    result: done("deleted"),
  };
}

function finalizerIsGone(): Verdict {
  return { actions: [{ kind: "removeFinalizer" }], reason: "Deleting", result: done("deleted") };
}
