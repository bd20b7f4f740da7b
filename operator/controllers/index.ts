// The table of controllers: what each reconciles and what wakes it. Their rights: rbac.ts.
import { findCondition } from "../api/conditions.ts";
import { ANNOTATIONS, CONDITION, LABELS, MANAGED_BY } from "../api/group.ts";
import { BACKUP, REPOSITORY, RESTORE } from "../api/kinds.ts";
import type { KubernetesObject, ObjectKey } from "../runtime/api.ts";
import { isMoreThanStatus, watches } from "../runtime/controller.ts";
import type { ControllerOptions, Source } from "../runtime/controller.ts";
import type { Change, Informer } from "../runtime/informer.ts";
import type { Manager } from "../runtime/manager.ts";
import { JOBS, NODES, PODS, SERVICES } from "../runtime/objects.ts";
import type { Job, Pod, Service } from "../runtime/objects.ts";
import { byLabel } from "../runtime/store.ts";
import type { Index, Store } from "../runtime/store.ts";
import { must } from "../assert.ts";
import type { Backup } from "../api/backup.generated.ts";
import type { Repository } from "../api/repository.generated.ts";
import type { Restore } from "../api/restore.generated.ts";
import type { Caches, ControllerDeps } from "./deps.ts";
import { reconcileForgotten } from "./forgotten/controller.ts";
import { reconcileJob } from "./job/controller.ts";
import { queuedJob } from "./job/observe-queue.ts";
import { isFinal } from "./job/status.ts";
import type { JobResource } from "./job/model.ts";
import { uid8 } from "./names.ts";
import { wokenByMove } from "./queue-wakes.ts";
import { reconcileRepository } from "./repository/controller.ts";

export interface Informers {
  readonly repositories: Informer<Repository>;
  readonly backups: Informer<Backup>;
  readonly restores: Informer<Restore>;
  readonly jobs: Informer<Job>;
  readonly pods: Informer<Pod>;
  readonly services: Informer<Service>;
  readonly caches: Caches;
}

/** One informer per kind, of these namespaces or of all; of built-in kinds only our own objects. */
export function makeInformers(
  manager: Manager,
  namespaces: readonly string[] | undefined,
): Informers {
  const of = namespaces === undefined ? {} : { namespaces };
  const ours = { ...of, labelSelector: `${LABELS.managedBy}=${MANAGED_BY}` };
  const repositories = manager.informer(REPOSITORY, of);
  const backups = manager.informer(BACKUP, of);
  const restores = manager.informer(RESTORE, of);
  const jobs = manager.informer<Job>(JOBS, ours, { keep: withoutSpec });
  const pods = manager.informer<Pod>(PODS, ours, { keep: withNode });
  const services = manager.informer(SERVICES, ours);
  const nodes = manager.informer(NODES);
  const caches: Caches = {
    repositories: repositories.store,
    backups: backups.store,
    restores: restores.store,
    nodes: nodes.store,
    running: countRunning(backups.store, restores.store),
    pods: () => pods.store.size,
    jobsByOwner: jobs.store.index(byLabel(LABELS.jobUid)),
    jobsByRepository: jobs.store.index(byLabel(LABELS.repositoryUid)),
    podsByOwner: pods.store.index(byLabel(LABELS.jobUid)),
    podsByRepository: pods.store.index(byLabel(LABELS.repositoryUid)),
    slotsByRepository: services.store.index(byLabel(LABELS.repositoryUid)),
  };
  return { repositories, backups, restores, jobs, pods, services, caches };
}

/** Of a pod's spec where it runs, which the scheduler wrote there. */
export function withNode(pod: Pod): Pod {
  const nodeName = pod.spec?.nodeName;
  const kept = withoutSpec(pod);
  return nodeName === undefined ? kept : { ...kept, spec: { containers: [], nodeName } };
}

/** There may be twenty thousand, and nobody reads what we wrote there ourselves. */
export function withoutSpec<T extends KubernetesObject>(object: T): T {
  const { spec: _, ...kept } = object as T & { readonly spec?: unknown };
  return kept as unknown as T;
}

/** Counts the jobs that have a slot, without a look at all the others. */
export function countRunning(...stores: readonly Store<JobResource>[]): () => number {
  const running = stores.map((store) =>
    store.index(({ status }) => (status?.slot === undefined ? [] : [HAS_SLOT])),
  );
  return () => running.reduce((sum, of) => sum + of(HAS_SLOT).length, 0);
}

const HAS_SLOT = "has a slot";

/** Backup and Restore wake for the same reasons. */
export function controllers(
  deps: ControllerDeps,
  informers: Informers,
  workers: number,
): readonly ControllerOptions[] {
  return [
    {
      name: "repository",
      workers,
      sources: repositorySources(informers),
      reconcile: (key, context) => reconcileRepository({ ...deps, log: context.log }, key, context),
    },
    {
      name: "forgotten",
      workers: 1,
      sources: forgottenSources(informers),
      reconcile: (key, context) => reconcileForgotten({ ...deps, log: context.log }, key),
    },
    ...JOB_KINDS.map((kind): ControllerOptions => ({
      name: kind.toLowerCase(),
      workers,
      sources: jobSources(informers, kind),
      reconcile: (key, context) => reconcileJob({ ...deps, log: context.log }, kind, key, context),
    })),
  ];
}

const JOB_KINDS = ["Backup", "Restore"] as const;

function repositorySources(informers: Informers): readonly Source[] {
  const { repositories, jobs, pods, services, caches } = informers;
  const owners = (object: KubernetesObject): readonly ObjectKey[] =>
    repositoriesOf(caches, object).map(keyOf);
  const isOwn = ({ before, after }: Change<KubernetesObject>): boolean =>
    isOfRepository(after ?? before);
  return [
    watches(repositories, undefined, isMoreThanStatus),
    watches(jobs, owners, isOwn),
    watches(pods, owners, isOwn),
    watches(services, owners),
    ...bothKinds(informers).map((informer) =>
      watches(
        informer,
        ({ metadata, spec }) => [nameIn(metadata.namespace, spec.repository)],
        movesTheQueue,
      ),
    ),
  ];
}

/** Keys are UIDs of Repositories that went, or that objects name and nobody knows. */
function forgottenSources({ repositories, jobs, services, caches }: Informers): readonly Source[] {
  const unknown = (object: KubernetesObject): readonly ObjectKey[] => {
    const uid = object.metadata.labels?.[LABELS.repositoryUid];
    if (uid === undefined || repositoriesOf(caches, object).length > 0) return [];
    return [nameIn(object.metadata.namespace, uid)];
  };
  return [
    watches(
      repositories,
      ({ metadata }) => [nameIn(metadata.namespace, metadata.uid ?? "")],
      ({ after }) => after === undefined,
    ),
    watches(jobs, unknown),
    watches(services, unknown),
  ];
}

function jobSources(informers: Informers, kind: JobResource["kind"]): readonly Source[] {
  const { repositories, jobs, pods, services, caches } = informers;
  const own = (kind === "Backup" ? informers.backups : informers.restores) as Informer<JobResource>;
  const byUid = own.store.index((job) => [job.metadata.uid ?? ""]);
  const byUid8 = own.store.index((job) => [uid8(job.metadata)]);
  /** Whom a slot is lent to. */
  const borrower = ({ metadata }: Service): readonly ObjectKey[] =>
    byUid8(metadata.annotations?.[ANNOTATIONS.lentTo]?.split("-")[0] ?? "none").map(keyOf);
  const owner = (object: KubernetesObject): readonly ObjectKey[] =>
    byUid(object.metadata.labels?.[LABELS.jobUid] ?? "none").map(keyOf);
  const [ofOwn, ...ofAll] = [own, ...bothKinds(informers)].map(byRepository);
  const atWork = ({ metadata }: Repository): readonly ObjectKey[] =>
    must(ofOwn)(`${metadata.namespace}/${metadata.name}`).map(keyOf);
  const moved = (namespace: string | undefined, name: string): readonly ObjectKey[] => {
    const slots = caches.repositories.get(nameIn(namespace, name))?.spec.concurrency ?? 1;
    const all = ofAll.flatMap((of) => of(`${namespace}/${name}`));
    return wokenByMove(must(ofOwn)(`${namespace}/${name}`), all, slots).map(keyOf);
  };
  return [
    watches(own, undefined, (change) => isMoreThanStatus(change) && !isSettled(change)),
    watches(jobs, owner),
    watches(pods, owner),
    watches(repositories, atWork, isMoreThanFigures),
    watches(services, (service) => [
      ...borrower(service),
      ...repositoriesOf(caches, service).flatMap(({ metadata }) =>
        moved(metadata.namespace, metadata.name),
      ),
    ]),
    ...bothKinds(informers).map((informer) =>
      watches(
        informer,
        ({ metadata, spec }) => moved(metadata.namespace, spec.repository),
        movesTheQueue,
      ),
    ),
  ];
}

/** Those that are not at rest. */
function byRepository({ store }: Informer<JobResource>): Index<JobResource> {
  return store.index((job) =>
    isAtRest(job) ? [] : [`${job.metadata.namespace}/${job.spec.repository}`],
  );
}

/** What is counted and listed in a Repository's status concerns no job; whether it is ready does. */
function isMoreThanFigures(change: Change<Repository>): boolean {
  if (isMoreThanStatus(change)) return true;
  return readiness(change.before) !== readiness(change.after);
}

function readiness(repository: Repository | undefined): string {
  const ready = findCondition(repository?.status?.conditions, CONDITION.ready);
  return JSON.stringify([ready?.status, ready?.reason, ready?.message]);
}

function isAtRest({ status, metadata }: JobResource): boolean {
  return isFinal(status?.phase) && metadata.deletionTimestamp === undefined;
}

/** There may be thousands that ended: none is looked at again for the operator's start or a resync. */
function isSettled({ after }: Change<JobResource>): boolean {
  if (after === undefined || !isAtRest(after)) return false;
  return after.status?.observedGeneration === after.metadata.generation;
}

function bothKinds({ backups, restores }: Informers): readonly Informer<JobResource>[] {
  return [backups as Informer<JobResource>, restores as Informer<JobResource>];
}

function keyOf({ metadata }: KubernetesObject): ObjectKey {
  return nameIn(metadata.namespace, metadata.name);
}

function nameIn(namespace: string | undefined, name: string): ObjectKey {
  return namespace === undefined ? { name } : { namespace, name };
}

/** Jobs and pods of a Backup or Restore are that one's concern, unless it is gone: the sweep finds those. */
function isOfRepository(object: KubernetesObject | undefined): boolean {
  return object?.metadata.labels?.[LABELS.jobUid] === undefined;
}

function repositoriesOf({ repositories }: Caches, object: KubernetesObject): readonly Repository[] {
  const uid = object.metadata.labels?.[LABELS.repositoryUid];
  if (uid === undefined) return [];
  return repositories.list(object.metadata.namespace).filter((r) => r.metadata.uid === uid);
}

/** A job that came, went, ended, or took or gave back a slot. */
function movesTheQueue({ before, after }: Change<JobResource>): boolean {
  if (before === undefined || after === undefined) return true;
  return placeInQueue(before) !== placeInQueue(after);
}

/** All that the turn of others is made of. Not its position, which follows from theirs: that would wake all again. */
function placeInQueue(job: JobResource): string {
  const { status, metadata } = job;
  return JSON.stringify([queuedJob(job), isFinal(status?.phase), metadata.deletionTimestamp]);
}
