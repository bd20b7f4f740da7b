// What a Repository's jobs have left: slots and Jobs whose Backup or Restore is gone or over. Over is for good, so the
// informers' word is enough; gone is believed only when the API server says it.
import type { Repository } from "../../api/repository.generated.ts";
import { LABELS } from "../../api/group.ts";
import { BACKUP, RESTORE } from "../../api/kinds.ts";
import { must } from "../../assert.ts";
import type { Kind } from "../../runtime/api.ts";
import type { Job } from "../../runtime/objects.ts";
import type { ControllerDeps } from "../deps.ts";
import { listAll } from "../job/observe-own.ts";
import type { JobResource } from "../job/model.ts";
import { isFinal } from "../job/status.ts";
import { uid8 } from "../names.ts";
import type { Seen } from "./model.ts";
import type { Parts } from "./observe-parts.ts";

export async function observeOrphans(
  { api }: ControllerDeps,
  { metadata }: Repository,
  { jobs, users, slots }: Parts,
): Promise<Pick<Seen, "slots" | "orphanJobs">> {
  const known = new Map(users.map((job) => [uid8(job.metadata), job]));
  let asked: Promise<ReadonlySet<string>> | undefined;
  const isOrphan: IsOrphan = async (owner, isOfAttempt) => {
    const job = known.get(owner);
    if (job !== undefined) return isOfAttempt && isFinal(job.status?.phase);
    asked ??= jobsThere(api, must(metadata.namespace));
    return !(await asked).has(owner);
  };
  const seenSlots = [];
  for (const slot of slots) {
    const owner = slot.lentTo?.split("-")[0];
    seenSlots.push({ ...slot, orphaned: owner !== undefined && (await isOrphan(owner, true)) });
  }
  const orphanJobs = [];
  for (const job of jobs) {
    if (await isLeft(job, isOrphan)) orphanJobs.push(job.metadata.name);
  }
  return { slots: seenSlots, orphanJobs };
}

/** Of the owner with this beginning of a UID. What is of an attempt does not outlive it; one-shot Jobs may. */
type IsOrphan = (owner: string, isOfAttempt: boolean) => Promise<boolean>;

async function isLeft({ metadata }: Job, isOrphan: IsOrphan): Promise<boolean> {
  const uid = metadata.labels?.[LABELS.jobUid];
  if (uid === undefined || metadata.deletionTimestamp !== undefined) return false;
  return await isOrphan(
    uid8({ ...metadata, uid }),
    metadata.labels?.[LABELS.component] === "agent",
  );
}

const KINDS = [BACKUP, RESTORE] as readonly Kind<JobResource>[];

/** Beginnings of the UIDs of all Backups and Restores. */
async function jobsThere(
  api: ControllerDeps["api"],
  namespace: string,
): Promise<ReadonlySet<string>> {
  const there = new Set<string>();
  for (const kind of KINDS) {
    for (const job of await listAll(api, kind, namespace)) there.add(uid8(job.metadata));
  }
  return there;
}
