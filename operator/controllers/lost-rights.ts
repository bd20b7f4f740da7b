// What becomes of an object whose namespace is being deleted and took our rights there along. Of a few watched namespaces
// these are Roles within them, and Kubernetes deletes what is in a namespace in no order: nothing can be looked at any
// more, and they cannot come back. What is left is cluster-wide: to see our kinds and namespaces, and to let go.
//
// What would surprise: an API server that has just started refuses what it will allow a moment later, when it has read its
// Roles. So one refusal is none.
import { FINALIZER } from "../api/group.ts";
import type { Api, Kind, KubernetesObject, ObjectKey } from "../runtime/api.ts";
import { isApiError } from "../runtime/api.ts";
import { removeFinalizer } from "../runtime/finalizer.ts";
import { keyText } from "../runtime/keys.ts";
import { NAMESPACES } from "../runtime/objects.ts";
import type { ControllerDeps } from "./deps.ts";

type Deps = Pick<ControllerDeps, "api" | "clock" | "log">;

/** So long nothing may be seen but refusals before it is believed. */
const BELIEVED_AFTER_MS = 60_000;

/** Since when each object can not be looked at; of those alone that are being deleted. */
const refusedSince = new WeakMap<Api, Map<string, number>>();

/**
 * What `observe` says; undefined also when it was refused for such a reason for a minute: then the object is let go. All
 * data is kept, as always in a namespace that is being deleted; mounts in StarRocks go later (forgotten/controller.ts)
 * where a connection is open, and the log says that they may stay.
 */
export async function observeOrLetGo<S, T extends KubernetesObject>(
  deps: Deps,
  kind: Kind<T>,
  key: ObjectKey,
  observe: () => Promise<S | undefined>,
): Promise<S | undefined> {
  const since = refusedSince.get(deps.api) ?? new Map<string, number>();
  refusedSince.set(deps.api, since);
  const id = `${kind.plural}/${keyText(key)}`;
  try {
    const seen = await observe();
    since.delete(id);
    return seen;
  } catch (error) {
    if (!isApiError(error, "Forbidden")) throw error;
    const object = await lostOne(deps, kind, key);
    if (object === undefined) since.delete(id);
    if (object === undefined || !isBelieved(deps, since, id)) throw error;
    deps.log.error(
      "lets go: its namespace is being deleted and took the operator's rights there along; data is kept, " +
        "and what it has in StarRocks stays unless a connection is still open (docs/install.md#uninstall)",
      { error: error.message },
    );
    await removeFinalizer(deps.api, kind, object, FINALIZER);
    since.delete(id);
    return undefined;
  }
}

function isBelieved({ clock }: Deps, since: Map<string, number>, id: string): boolean {
  const nowMs = clock.monotonic();
  const firstMs = since.get(id) ?? nowMs;
  since.set(id, firstMs);
  return nowMs - firstMs >= BELIEVED_AFTER_MS;
}

/** Undefined: rights are missing for another reason, which a person can mend. */
async function lostOne<T extends KubernetesObject>(
  { api }: Deps,
  kind: Kind<T>,
  key: ObjectKey,
): Promise<T | undefined> {
  const object = await api.get(kind, key);
  if (object?.metadata.deletionTimestamp === undefined || key.namespace === undefined)
    return undefined;
  const namespace = await api.get(NAMESPACES, { name: key.namespace });
  return namespace?.metadata.deletionTimestamp === undefined ? undefined : object;
}
