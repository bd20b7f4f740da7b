// A Repository that went without its clean-up, because somebody took its finalizer away: nobody else removes its
// Jobs, its Services and its mounts. Reconciled by the UID that they carry; of one that is there nothing is touched.
//
// With the Repository went the user and the password for StarRocks, so mounts are dropped through a connection that
// is still open; where there is none a log line says what to run by hand.
import { LABELS } from "../../api/group.ts";
import { REPOSITORY } from "../../api/kinds.ts";
import { must } from "../../assert.ts";
import type { Kind, KubernetesObject, ObjectKey } from "../../runtime/api.ts";
import { isApiError } from "../../runtime/api.ts";
import { JOBS, NAMESPACES, SERVICES } from "../../runtime/objects.ts";
import { done, poll } from "../../runtime/result.ts";
import type { Result } from "../../runtime/result.ts";
import { FrontendError } from "../../starrocks/frontend.ts";
import type { Frontend } from "../../starrocks/frontend.ts";
import type { ControllerDeps } from "../deps.ts";
import { listAll } from "../job/observe-own.ts";
import { mountPrefix } from "../names.ts";

const REFUSED_POLL_MS = 15_000;

/** `key.name` is the UID of the Repository that may be gone. */
export async function reconcileForgotten(deps: ControllerDeps, key: ObjectKey): Promise<Result> {
  const { api, frontends } = deps;
  const namespace = must(key.namespace);
  const uid = key.name;
  const left = await unlessGone(deps, namespace, () => objectsOf(deps, namespace, uid));
  // After its objects were listed: whoever has some was there before them.
  const there = await unlessGone(deps, namespace, () => listAll(api, REPOSITORY, namespace));
  if (there.some(({ metadata }) => metadata.uid === uid)) return done("its Repository is there");
  for (const [kind, { metadata }] of left) {
    await api.delete(kind, { namespace, name: metadata.name }, { propagation: "Background" });
  }
  const frontend = frontends.known(uid);
  if (left.length > 0) tell(deps, key, { left, mayUnmount: frontend !== undefined });
  if (frontend === undefined) return done("nothing of it is left that could be removed");
  const refused = await unmount(frontend, uid);
  if (refused?.heals === true) return poll(REFUSED_POLL_MS, `StarRocks: ${refused.message}`);
  if (refused !== undefined) mountsStay(deps, key, refused.message);
  await frontends.forget(uid);
  return done("nothing of it is left");
}

/** A namespace that is gone has nothing left, and may have taken our right to look there along. */
async function unlessGone<T>(
  { api }: ControllerDeps,
  namespace: string,
  list: () => Promise<readonly T[]>,
): Promise<readonly T[]> {
  try {
    return await list();
  } catch (error) {
    if (!isApiError(error, "Forbidden")) throw error;
    if ((await api.get(NAMESPACES, { name: namespace })) !== undefined) throw error;
    return [];
  }
}

type Left = readonly (readonly [kind: Kind<KubernetesObject>, object: KubernetesObject])[];

async function objectsOf({ api }: ControllerDeps, namespace: string, uid: string): Promise<Left> {
  const kinds = [JOBS, SERVICES] as readonly Kind<KubernetesObject>[];
  const left: (readonly [Kind<KubernetesObject>, KubernetesObject])[] = [];
  for (const kind of kinds) {
    const selector = `${LABELS.repositoryUid}=${uid}`;
    for (const object of await listAll(api, kind, namespace, selector)) left.push([kind, object]);
  }
  return left;
}

async function unmount(frontend: Frontend, uid: string): Promise<FrontendError | undefined> {
  const prefix = mountPrefix({ name: uid, uid });
  const own = (rows: readonly { readonly name: string }[]): ReadonlySet<string> =>
    new Set(rows.map(({ name }) => name).filter((name) => name.startsWith(prefix)));
  try {
    for (const name of own(await frontend.repositories())) await frontend.dropRepository(name);
    for (const name of own(await frontend.brokers())) await frontend.dropBroker(name);
    return undefined;
  } catch (error) {
    if (error instanceof FrontendError) return error;
    throw error;
  }
}

function tell(
  deps: ControllerDeps,
  key: ObjectKey,
  { left, mayUnmount }: { readonly left: Left; readonly mayUnmount: boolean },
): void {
  const removed = left.map(([{ kind }, { metadata }]) => `${kind} ${metadata.name}`);
  const about = { namespace: key.namespace, repositoryUid: key.name, removed };
  deps.log.warn(
    "a Repository went without its clean-up: removed what it left in Kubernetes",
    about,
  );
  if (!mayUnmount) mountsStay(deps, key, "its user and password went with it");
}

function mountsStay(
  { log }: ControllerDeps,
  { namespace, name: uid }: ObjectKey,
  why: string,
): void {
  const mounts = `${mountPrefix({ name: uid, uid })}*`;
  const message = `StarRocks keeps mounts ${mounts}: run DROP REPOSITORY and ALTER SYSTEM DROP ALL BROKER for each`;
  log.warn(message, { namespace, repositoryUid: uid, why });
}
