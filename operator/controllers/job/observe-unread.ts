// Statements whose ends nobody has read yet, of all Repositories: two of them may serve one StarRocks, which
// remembers one job per database (BackupHandler.dbIdToBackupOrRestoreJob, all releases), and turns are kept within a Repository only.
import { isTrue } from "../../api/conditions.ts";
import { CONDITION } from "../../api/group.ts";
import { must } from "../../assert.ts";
import type { Caches } from "../deps.ts";
import type { JobResource, UnreadStatement } from "./model.ts";
import { settingsOf } from "./settings.ts";
import { isFinal } from "./status.ts";
import type { JobStatus } from "./status.ts";

export function unreadStatements(caches: Caches, me: JobResource): readonly UnreadStatement[] {
  const all: JobResource[] = [...caches.backups.list(), ...caches.restores.list()];
  return all
    .filter((job) => job.metadata.uid !== me.metadata.uid && isUnread(job) && canRead(caches, job))
    .map((job) => {
      const { kind, metadata, status } = job;
      return {
        who: `${kind} ${metadata.namespace}/${metadata.name}`,
        verb: settingsOf(job).verb,
        label: status?.submission?.label ?? "",
        before: status?.submission?.before ?? "",
      };
    });
}

/** One whose Repository does not reach StarRocks holds nobody up: it may be so for days. */
function canRead(caches: Caches, { metadata, spec }: JobResource): boolean {
  const namespace = must(metadata.namespace);
  const repository = caches.repositories.get({ namespace, name: spec.repository });
  return isTrue(repository?.status?.conditions, CONDITION.starRocksReady);
}

function isUnread({ kind, status: given }: JobResource): boolean {
  const status: JobStatus | undefined = given;
  if (status?.submission === undefined || isFinal(status.phase)) return false;
  if (status.doneTime !== undefined) return false;
  // A Backup that is being ended is made again, or not; a Restore must still say what became of the tables.
  return status.ending === undefined || (kind === "Restore" && status.ending.shown !== true);
}
