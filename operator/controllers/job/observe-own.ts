// What there is of one job in Kubernetes. While it runs the informers tell; while it is taken down the API server
// itself does: an informer whose watch was cut off does not know of what was made a moment ago, and what counts as
// gone then would stay with nobody to remove it.
import type { Repository } from "../../api/repository.generated.ts";
import { LABELS } from "../../api/group.ts";
import { must } from "../../assert.ts";
import type { Api, Kind, KubernetesObject } from "../../runtime/api.ts";
import { JOBS, PODS, SERVICES } from "../../runtime/objects.ts";
import type { Job, Pod } from "../../runtime/objects.ts";
import type { ControllerDeps } from "../deps.ts";
import type { JobResource, SlotView } from "./model.ts";
import { slotsOf, slotViews } from "./observe-slots.ts";
import { isFinal } from "./status.ts";

export interface Own {
  readonly jobs: readonly Job[];
  readonly pods: readonly Pod[];
  /** All of the Repository. */
  readonly slots: readonly SlotView[];
}

export async function observeOwn(
  deps: ControllerDeps,
  job: JobResource,
  repository: Repository | undefined,
): Promise<Own> {
  const { caches } = deps;
  const uid = must(job.metadata.uid);
  if (isTakenDown(job)) return await askForOwn(deps, job, repository);
  return {
    jobs: caches.jobsByOwner(uid),
    pods: caches.podsByOwner(uid),
    slots: repository === undefined ? [] : slotsOf(caches, repository),
  };
}

function isTakenDown({ metadata, status }: JobResource): boolean {
  if (metadata.deletionTimestamp !== undefined) return true;
  if (isFinal(status?.phase)) return false;
  return status?.ending !== undefined || status?.doneTime !== undefined;
}

async function askForOwn(
  { api, caches }: ControllerDeps,
  { metadata }: JobResource,
  repository: Repository | undefined,
): Promise<Own> {
  const namespace = must(metadata.namespace);
  const uid = must(metadata.uid);
  const isOwn = (object: KubernetesObject): boolean =>
    object.metadata.labels?.[LABELS.jobUid] === uid;
  const jobs = await listAll(api, JOBS, namespace, `${LABELS.jobUid}=${uid}`);
  if (repository === undefined) {
    const pods = await listAll(api, PODS, namespace, `${LABELS.jobUid}=${uid}`);
    return { jobs, pods, slots: [] };
  }
  // Pods of other jobs say which slots are busy.
  const selector = `${LABELS.repositoryUid}=${must(repository.metadata.uid)}`;
  const pods = await listAll(api, PODS, namespace, selector);
  const services = await listAll(api, SERVICES, namespace, selector);
  return {
    jobs,
    pods: pods.filter(isOwn),
    slots: slotViews(repository, { services, pods }, caches),
  };
}

const PAGE = 500;

/** All of a kind in a namespace, or those that have a label, from the API server. */
export async function listAll<T extends KubernetesObject>(
  api: Api,
  kind: Kind<T>,
  namespace: string,
  labelSelector?: string,
): Promise<readonly T[]> {
  const items: T[] = [];
  const which = labelSelector === undefined ? { namespace } : { namespace, labelSelector };
  let from: { readonly continueFrom?: string } = {};
  do {
    const page = await api.list(kind, { ...which, limit: PAGE, ...from });
    items.push(...page.items);
    from = page.continueFrom === undefined ? {} : { continueFrom: page.continueFrom };
  } while (from.continueFrom !== undefined);
  return items;
}
