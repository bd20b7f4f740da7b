// What crashes and deletions by force leave behind: slots of jobs that are gone, their Jobs, brokers of slots
// that nobody has. Only what carries this Repository's UID; what others made is shown, never touched.
import { poll } from "../../runtime/result.ts";
import { mountName, mountPrefix } from "../names.ts";
import type { Action, Seen, Verdict } from "./model.ts";

const FOREIGN_MAX = 20;

export function leftoversAreSwept(seen: Seen): Verdict | undefined {
  const actions = [...orphanedJobs(seen), ...idleBrokers(seen), ...orphanedSlots(seen)];
  const foreign = foreignNames(seen);
  const isNew = JSON.stringify(foreign) !== JSON.stringify(seen.status.foreign ?? []);
  if (actions.length === 0 && !isNew) return undefined;
  const message = `removed what ended jobs left behind: ${actions.map(describe).join(", ")}`;
  const event = { kind: "event", type: "Normal", reason: "Swept", message } as const;
  return {
    actions: actions.length === 0 ? [] : [...actions, event],
    status: { foreign: foreign.length > 0 ? foreign : undefined },
    reason: "Sweeping",
    result: poll(0, "leftovers to go"),
  };
}

/** Agents whose Backup or Restore is gone: nobody else ends them. */
function orphanedJobs(seen: Seen): readonly Action[] {
  return seen.orphanJobs.map((name) => ({ kind: "deleteJob", name }));
}

/** A broker without a job: its agents are gone, or are of nobody. */
function idleBrokers(seen: Seen): readonly Action[] {
  if (seen.starrocks.kind !== "seen") return [];
  const prefix = mountPrefix(seen.repository.metadata);
  const lent = new Set(
    seen.slots
      .filter((s) => s.lentTo !== undefined && !s.orphaned)
      .map((s) => mountName(seen.repository.metadata, s.index)),
  );
  const names = new Set(seen.starrocks.brokers.map((b) => b.name));
  return [...names]
    .filter((name) => name.startsWith(prefix) && !lent.has(name))
    .map((name) => ({ kind: "dropBroker", name }));
}

/** Given back once its broker and pods are gone. */
function orphanedSlots(seen: Seen): readonly Action[] {
  if (seen.starrocks.kind !== "seen" || idleBrokers(seen).length > 0) return [];
  return seen.slots
    .filter((slot) => slot.orphaned && !slot.busy)
    .map((slot) => ({ kind: "releaseSlot", slot }));
}

/** Mounts that look like ours and are of no Repository here. */
function foreignNames(seen: Seen): readonly string[] {
  const { starrocks, repository } = seen;
  if (starrocks.kind !== "seen") return seen.status.foreign ?? [];
  const known = [repository.metadata.uid ?? "", ...seen.others].map((uid) =>
    mountPrefix({ name: "", uid }),
  );
  const shape = /^k8s_[0-9a-f]{8}_\d+$/;
  return starrocks.mounts
    .map((m) => m.name)
    .filter((name) => shape.test(name) && !known.some((prefix) => name.startsWith(prefix)))
    .sort()
    .slice(0, FOREIGN_MAX);
}

function describe(action: Action): string {
  if (action.kind === "deleteJob") return `Job ${action.name}`;
  if (action.kind === "dropBroker") return `broker ${action.name}`;
  return action.kind === "releaseSlot" ? `slot ${action.slot.service}` : action.kind;
}
