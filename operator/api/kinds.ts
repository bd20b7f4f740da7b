// The custom resources as the Kubernetes API knows them.
import type { Kind } from "../runtime/api.ts";
import type { Backup } from "./backup.generated.ts";
import { API_VERSION } from "./group.ts";
import type { Repository } from "./repository.generated.ts";
import type { Restore } from "./restore.generated.ts";

export const REPOSITORY = customResource<Repository>("Repository", "repositories");
export const BACKUP = customResource<Backup>("Backup", "backups");
export const RESTORE = customResource<Restore>("Restore", "restores");

/** Those whose spec is carried out once. */
export type Job = Backup | Restore;
/** `kind` of every custom resource. */
export type CustomKind = (Repository | Job)["kind"];

function customResource<T extends Repository | Job>(kind: T["kind"], plural: string): Kind<T> {
  return { apiVersion: API_VERSION, kind, plural, namespaced: true };
}
