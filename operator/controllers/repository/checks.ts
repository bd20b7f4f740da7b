// The two looks into the storage, each a Job with the Repository's own identity: the probe tries every right
// that backups need, the catalogue lists what is there.
import { EXIT } from "../../agent/outcome.ts";
import { findCondition, timestamp } from "../../api/conditions.ts";
import { parseDuration } from "../../api/duration.ts";
import { CONDITION } from "../../api/group.ts";
import { poll } from "../../runtime/result.ts";
import type { TaskView } from "../pods.ts";
import type { Action, Finding, Seen, Verdict } from "./model.ts";
import { act, notReady, waitFor } from "./verdict.ts";

/** A node that is full for a moment, or an image that comes at the second try, is no reason to stop jobs. */
const START_MAX_MS = 60_000;
const RETRY_FIRST_MS = 30_000;
const RETRY_MAX_MS = 5 * 60_000;
/** A catalogue is read again after a Backup ended, but not more often. */
const CATALOG_PAUSE_MS = 60_000;

/** Due by the clock, and at once after a change of the spec or of what it refers to. */
export function storageIsProbed(seen: Seen): Verdict | undefined {
  const { checkedWith, tasks } = seen;
  const task = tasks.probe;
  if (task === undefined) {
    return isProbeDue(seen)
      ? act([{ kind: "runTask", task: "probe", id: checkedWith }], "Probing", "the probe Job")
      : undefined;
  }
  if (task.deleting) return waitFor("Probing", "the last probe Job to go");
  const cleanUp: Action = { kind: "deleteJob", name: task.name };
  if (task.id !== checkedWith) return act([cleanUp], "Probing", "an old probe Job to go");
  if (task.state === "running") return stillProbing(seen, task);
  return { ...probed(seen, task), actions: [cleanUp] };
}

function isProbeDue(seen: Seen): boolean {
  const { status, checkedWith, nowMs } = seen;
  const leftMs = timeOf(status.nextCheckTime, nowMs) - nowMs;
  // Far longer than the pause that was meant: it was written before our clock was set back.
  const isLost = leftMs > 2 * pauseMs(seen, status.probeFailures ?? 0);
  return status.checkedWith !== checkedWith || leftMs <= 0 || isLost;
}

/** A pod that cannot start (an image that is not there, no node that fits) needs a person if that lasts. */
function stillProbing({ nowMs }: Seen, { name, trouble, ended, createdAt }: TaskView): Verdict {
  const why = trouble ?? ended?.message;
  const on = `Job ${name}${why === undefined ? "" : ` (${why})`}`;
  if (trouble === undefined) return waitFor("Probing", on);
  const leftMs = Date.parse(createdAt) + START_MAX_MS - nowMs;
  if (leftMs > 0) return { reason: "Probing", result: poll(leftMs, on) };
  const finding = notReady("StorageReady", "ProbeNotRunning", on, true);
  return { ...waitFor("Probing", on), finding };
}

function probed(seen: Seen, task: TaskView): Verdict {
  const { exitCode, reason, message } = endOf(task, "ProbeFailed");
  const ok = exitCode === EXIT.ok;
  const failures = ok ? 0 : (seen.status.probeFailures ?? 0) + 1;
  const stalled = exitCode === EXIT.misconfigured;
  const finding: Finding = ok
    ? { type: "StorageReady", ok, reason: "Probed", message }
    : notReady("StorageReady", reason, message, stalled);
  const status = {
    checkedWith: seen.checkedWith,
    probeFailures: failures,
    lastCheckTime: timestamp(seen.nowMs),
    nextCheckTime: timestamp(seen.nowMs + pauseMs(seen, failures)),
  };
  return { finding, status, reason: ok ? "Checking" : reason, result: poll(0, message) };
}

function pauseMs({ repository }: Seen, failures: number): number {
  if (failures === 0) return parseDuration(repository.spec.checkInterval);
  return Math.min(RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 8), RETRY_MAX_MS);
}

/** Nothing depends on it but what people see, so its failure is told and no more. */
export function catalogIsRead(seen: Seen): Verdict | undefined {
  if (!isUsable(seen)) return undefined;
  const task = seen.tasks.catalog;
  if (task === undefined) {
    return isCatalogDue(seen)
      ? act([{ kind: "runTask", task: "catalog", id: "catalog" }], "Listing", "the catalogue Job")
      : undefined;
  }
  if (task.deleting) return waitFor("Listing", "the last catalogue Job to go");
  if (task.state === "running") return waitFor("Listing", runningText(task));
  return { ...listed(seen, task), actions: [{ kind: "deleteJob", name: task.name }] };
}

function runningText({ name, trouble }: TaskView): string {
  return `Job ${name}${trouble === undefined ? "" : ` (${trouble})`}`;
}

function listed({ catalog, nowMs }: Seen, task: TaskView): Verdict {
  const { exitCode, reason, message } = endOf(task, "CatalogFailed");
  const ok = exitCode === EXIT.ok && catalog !== undefined;
  const finding: Finding = { type: "CatalogReady", ok, reason: ok ? "Listed" : reason, message };
  const status = { catalogTime: timestamp(nowMs), ...(ok ? { snapshots: catalog } : {}) };
  return { finding, status, reason: "Listing", result: poll(0, "the catalogue") };
}

/** After each check, and a while after each Backup that ended. */
function isCatalogDue(seen: Seen): boolean {
  const { catalogTime, lastCheckTime } = seen.status;
  if (catalogTime === undefined) return true;
  const readMs = Date.parse(catalogTime);
  // Read in time to come: before our clock was set back.
  if (timeOf(lastCheckTime, readMs) > readMs || readMs > seen.nowMs) return true;
  return isCatalogStale(seen) && seen.nowMs - readMs > CATALOG_PAUSE_MS;
}

/** A Backup has ended since. */
function isCatalogStale({ status, lastEndedMs = 0 }: Seen): boolean {
  return lastEndedMs >= timeOf(status.catalogTime, 0);
}

export function isUsable({ status }: Seen): boolean {
  return [CONDITION.storageReady, CONDITION.starRocksReady].every(
    (type) => findCondition(status.conditions, type)?.status === "True",
  );
}

/** Milliseconds since 1970. */
export function timeOf(time: string | undefined, fallbackMs: number): number {
  return time === undefined ? fallbackMs : Date.parse(time);
}

function endOf(
  { ended, trouble }: TaskView,
  fallback: string,
): { readonly exitCode: number; readonly reason: string; readonly message: string } {
  const message = trouble ?? "the Job failed without a word";
  return ended ?? { exitCode: EXIT.failed, reason: fallback, message };
}
