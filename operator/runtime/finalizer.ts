// Finalizers: the promise of the API server that an object stays until we have cleaned up after it.
//
// Expected flow: a reconciler sees an object that is not being deleted → `addFinalizer` → first effect
// outside of the object (a Job, a mount in StarRocks) → … → the object is being deleted → clean up →
// `removeFinalizer` → the object is gone.
//
// Guarantees: both are guarded by the resourceVersion that was read: two writers cannot lose each other's
// finalizers, and an object that changed meanwhile is looked at again. Both may be repeated: nothing is
// written when there is nothing to do. A removal of what is gone already is fine.
//
// Assumptions: the effects come after `addFinalizer` has resolved, never before: whoever dies between the
// two leaves nothing behind that nobody removes. Clean-up can be repeated.
//
// Caveats: the API server refuses finalizers on an object that is being deleted. A cache may still show
// an object that has been let go; its removal then ends in `NotFound`, which is fine, or in `Conflict`.
//
// Errors: `Conflict` (the controller runs again at once), and whatever the API answers.
import { must } from "../assert.ts";
import type { Api, Kind, KubernetesObject } from "./api.ts";
import { isApiError } from "./api.ts";
import { keyOf } from "./keys.ts";

export function hasFinalizer({ metadata }: KubernetesObject, finalizer: string): boolean {
  return metadata.finalizers?.includes(finalizer) ?? false;
}

/** Resolves with the object as it is once the finalizer is on it. */
export async function addFinalizer<T extends KubernetesObject>(
  api: Api,
  kind: Kind<T>,
  object: T,
  finalizer: string,
): Promise<T> {
  if (hasFinalizer(object, finalizer)) return object;
  return await write(api, kind, object, [...(object.metadata.finalizers ?? []), finalizer]);
}

/** After clean-up has succeeded. */
export async function removeFinalizer<T extends KubernetesObject>(
  api: Api,
  kind: Kind<T>,
  object: T,
  finalizer: string,
): Promise<void> {
  if (!hasFinalizer(object, finalizer)) return;
  const others = (object.metadata.finalizers ?? []).filter((other) => other !== finalizer);
  try {
    await write(api, kind, object, others);
  } catch (error) {
    if (!isApiError(error, "NotFound")) throw error;
  }
}

async function write<T extends KubernetesObject>(
  api: Api,
  kind: Kind<T>,
  object: T,
  finalizers: readonly string[],
): Promise<T> {
  const resourceVersion = must(object.metadata.resourceVersion, "resourceVersion");
  return await api.patch(kind, keyOf(object), { metadata: { finalizers } }, { resourceVersion });
}
