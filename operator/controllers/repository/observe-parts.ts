// What a Repository has in Kubernetes, and who uses it: from the informers, but for what is taken away by it. An
// informer whose watch was cut off shows a slot as free that was lent a moment ago, and its job would lose its broker.
import type { Repository } from "../../api/repository.generated.ts";
import { LABELS } from "../../api/group.ts";
import { BACKUP, RESTORE } from "../../api/kinds.ts";
import { must } from "../../assert.ts";
import type { Kind } from "../../runtime/api.ts";
import { JOBS, SERVICES } from "../../runtime/objects.ts";
import type { Job, Service } from "../../runtime/objects.ts";
import type { ControllerDeps } from "../deps.ts";
import { listAll } from "../job/observe-own.ts";
import { slotViews } from "../job/observe-slots.ts";
import type { JobResource, SlotView } from "../job/model.ts";
import { mountPrefix } from "../names.ts";
import type { StarRocksView } from "./model.ts";

export interface Parts {
  readonly jobs: readonly Job[];
  readonly slots: readonly SlotView[];
  /** Backups and Restores that name it, whatever their phase. */
  readonly users: readonly JobResource[];
}

export async function observeParts(
  deps: ControllerDeps,
  repository: Repository,
  starrocks: StarRocksView,
): Promise<Parts> {
  const { api, caches } = deps;
  const { metadata } = repository;
  const uid = must(metadata.uid);
  const namespace = must(metadata.namespace);
  const label = `${LABELS.repositoryUid}=${uid}`;
  const isDeleting = metadata.deletionTimestamp !== undefined;
  const services =
    isDeleting || hasBrokers(repository, starrocks)
      ? await listAll(api, SERVICES, namespace, label)
      : caches.slotsByRepository(uid);
  return {
    jobs: isDeleting ? await listAll(api, JOBS, namespace, label) : caches.jobsByRepository(uid),
    slots: slotsFrom(deps, repository, services),
    users: isDeleting ? await askForUsers(deps, repository) : knownUsers(deps, repository),
  };
}

function hasBrokers({ metadata }: Repository, starrocks: StarRocksView): boolean {
  const prefix = mountPrefix(metadata);
  return starrocks.kind === "seen" && starrocks.brokers.some(({ name }) => name.startsWith(prefix));
}

function slotsFrom(
  { caches }: ControllerDeps,
  repository: Repository,
  services: readonly Service[],
): readonly SlotView[] {
  const pods = caches.podsByRepository(must(repository.metadata.uid));
  return slotViews(repository, { services, pods }, caches);
}

const KINDS = [BACKUP, RESTORE] as readonly Kind<JobResource>[];

function knownUsers({ caches }: ControllerDeps, { metadata }: Repository): readonly JobResource[] {
  const namespace = must(metadata.namespace);
  const all: JobResource[] = [
    ...caches.backups.list(namespace),
    ...caches.restores.list(namespace),
  ];
  return all.filter((job) => job.spec.repository === metadata.name);
}

async function askForUsers(
  { api }: ControllerDeps,
  { metadata }: Repository,
): Promise<readonly JobResource[]> {
  const users: JobResource[] = [];
  for (const kind of KINDS) {
    const all = await listAll(api, kind, must(metadata.namespace));
    users.push(...all.filter((job) => job.spec.repository === metadata.name));
  }
  return users;
}
