// What becomes of an object whose namespace is being deleted and took our rights there along. Of a few watched namespaces
// these are Roles within them, and Kubernetes deletes what is in a namespace in no order: nothing can be looked at any
// more, and they cannot come back. What is left is cluster-wide: to see our kinds and namespaces, and to let go.
import { FINALIZER } from "../api/group.ts";
import type { Kind, KubernetesObject, ObjectKey } from "../runtime/api.ts";
import { isApiError } from "../runtime/api.ts";
import { removeFinalizer } from "../runtime/finalizer.ts";
import { NAMESPACES } from "../runtime/objects.ts";
import type { ControllerDeps } from "./deps.ts";

/**
 * What `observe` says; undefined also when it was refused for such a reason: then the object is let go. All data is
 * kept, as always in a namespace that is being deleted, and what it has in StarRocks stays: the log says so.
 */
export async function observeOrLetGo<S, T extends KubernetesObject>(
  deps: Pick<ControllerDeps, "api" | "log">,
  kind: Kind<T>,
  key: ObjectKey,
  observe: () => Promise<S | undefined>,
): Promise<S | undefined> {
  try {
    return await observe();
  } catch (error) {
    if (!isApiError(error, "Forbidden")) throw error;
    const object = await lostOne(deps, kind, key);
    if (object === undefined) throw error;
    deps.log.error(
      "lets go: its namespace is being deleted and took the operator's rights there along; data is kept, " +
        "and what it has in StarRocks stays (docs/install.md#uninstall)",
      { error: error.message },
    );
    await removeFinalizer(deps.api, kind, object, FINALIZER);
    return undefined;
  }
}

/** Undefined: rights are missing for another reason, which a person can mend. */
async function lostOne<T extends KubernetesObject>(
  { api }: Pick<ControllerDeps, "api">,
  kind: Kind<T>,
  key: ObjectKey,
): Promise<T | undefined> {
  const object = await api.get(kind, key);
  if (object?.metadata.deletionTimestamp === undefined || key.namespace === undefined)
    return undefined;
  const namespace = await api.get(NAMESPACES, { name: key.namespace });
  return namespace?.metadata.deletionTimestamp === undefined ? undefined : object;
}
