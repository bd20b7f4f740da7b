// Names of everything the operator makes, from UIDs: the same object gets the same name after every
// crash, and no two objects share one. Pure.
import { createHash } from "node:crypto";
import type { ObjectMeta } from "../runtime/api.ts";
import { must } from "../assert.ts";

/** The Lease of the election, in the operator's namespace. */
export const LEASE_NAME = "starrocks-backup-operator";
/** Port that agents serve StarRocks on. */
export const BROKER_PORT = 8000;
/** LOCATION of every mount; FE and BEs only put it in front of paths. */
export const MOUNT_LOCATION = "backup://mount";
/** Every mount's name in StarRocks begins so. */
export const MOUNT_PREFIX = "k8s_";

/** The first 8 hex digits of a UID: enough to tell objects of one namespace apart, and short in names. */
export function uid8(meta: ObjectMeta): string {
  return must(meta.uid, "an object of the API server has a UID").replaceAll("-", "").slice(0, 8);
}

/** Every mount of one Repository has a name in StarRocks that begins so. */
export function mountPrefix(repository: ObjectMeta): string {
  return `${MOUNT_PREFIX}${uid8(repository)}_`;
}

/** Repository and broker of a slot in StarRocks. */
export function mountName(repository: ObjectMeta, slot: number): string {
  return `${mountPrefix(repository)}${slot}`;
}

export function slotServiceName(repository: ObjectMeta, slot: number): string {
  return `sr-${uid8(repository)}-${slot}`;
}

/** The address StarRocks is given: a name, so that a deleted slot fails by name (starrocks.md §12.C). */
export function slotAddress(repository: ObjectMeta, slot: number): string {
  const { namespace } = repository;
  return `${slotServiceName(repository, slot)}.${must(namespace)}.svc:${BROKER_PORT}`;
}

/** Names an attempt: staging folder, labels. */
export function attemptId(job: ObjectMeta, attempt: number): string {
  return `${uid8(job)}-${attempt}`;
}

/** `orders-nightly-1a2b3c4d-1-x`: readable first, unique by UID. At most 63 characters. */
export function jobName(owner: ObjectMeta, ...parts: readonly (string | number)[]): string {
  const rest = [uid8(owner), ...parts].join("-");
  const room = 63 - rest.length - 1;
  const readable = owner.name.replaceAll(".", "-").slice(0, room).replace(/-+$/, "");
  return `${readable}-${rest}`;
}

/** A short name for a node's agent: node names may be longer than an object's name may be. */
export function nodeSuffix(node: string): string {
  return createHash("sha256").update(node).digest("hex").slice(0, 8);
}

/** Snapshot label of an attempt: from the second on with its number (a burnt label is never reused). */
export function snapshotLabel(
  job: ObjectMeta,
  snapshotName: string | undefined,
  attempt: number,
): string {
  const suffix = attempt === 1 ? "" : `_${attempt}`;
  const own = `_${uid8(job)}`;
  const readable = job.name.replace(/[^A-Za-z0-9_]/g, "_").slice(0, LABEL_MAX - own.length - 4);
  const base = snapshotName ?? `${readable}${own}`;
  return `${base.slice(0, LABEL_MAX - suffix.length)}${suffix}`;
}

const LABEL_MAX = 60;

/** The repository's name inside the storage. */
export function repositoryName(meta: ObjectMeta, given: string | undefined): string {
  return given ?? meta.name.replaceAll("-", "_").replaceAll(".", "_");
}

/** That of a whole Repository. */
export function nameInStorage({ metadata, spec }: NamedRepository): string {
  return repositoryName(metadata, spec.repositoryName);
}

interface NamedRepository {
  readonly metadata: ObjectMeta;
  readonly spec: { readonly repositoryName?: string };
}

export function repositoryFolder(name: string): string {
  return `__starrocks_repository_${name}`;
}
