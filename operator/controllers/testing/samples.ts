// Resources as the API server stores them, defaults and all; a test says what is other.
import type { Backup, BackupSpec } from "../../api/backup.generated.ts";
import type { Repository, RepositorySpec } from "../../api/repository.generated.ts";
import type { Restore, RestoreSpec } from "../../api/restore.generated.ts";
import { aBackup, aRepository, aRestore } from "../../api/testing/cases.ts";
import { FINALIZER } from "../../api/group.ts";
import { withDefaults, type UncheckedObject } from "../../api/validate.ts";
import type { ObjectMeta } from "../../runtime/api.ts";

export const REPOSITORY_UID = "aaaaaaaa-1111-4111-8111-111111111111";
export const BACKUP_UID = "bbbbbbbb-2222-4222-8222-222222222222";
export const RESTORE_UID = "cccccccc-3333-4333-8333-333333333333";
/** Whole seconds, as objects' times are. */
export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

interface More<S> {
  readonly meta?: Partial<ObjectMeta>;
  readonly status?: S | undefined;
}

export function repository(
  spec: Partial<RepositorySpec> = {},
  { meta, status }: More<Partial<Repository["status"]>> = {},
): Repository {
  return made(aRepository(spec), REPOSITORY_UID, meta, status) as Repository;
}

export function backup(
  spec: Partial<BackupSpec> = {},
  { meta, status }: More<Partial<Backup["status"]>> = {},
): Backup {
  return made(aBackup(spec), BACKUP_UID, meta, status) as Backup;
}

export function restore(
  spec: Partial<RestoreSpec> = {},
  { meta, status }: More<Partial<Restore["status"]>> = {},
): Restore {
  return made(aRestore(spec), RESTORE_UID, meta, status) as Restore;
}

function made(
  object: UncheckedObject,
  uid: string,
  meta: Partial<ObjectMeta> = {},
  status?: object,
): UncheckedObject {
  const creationTimestamp = "2026-01-02T03:00:00Z";
  const own = { uid, resourceVersion: "7", generation: 1, creationTimestamp };
  const metadata = { ...object.metadata, ...own, finalizers: [FINALIZER], ...meta };
  return {
    ...withDefaults({ ...object, metadata }),
    ...(status === undefined ? {} : { status: { observedGeneration: 1, ...status } }),
  };
}
