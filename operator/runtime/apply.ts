// The writes of reconcilers that are more than one call of the API: a status that is written only when it
// changed, and an object that is made only when it is not there. Both may be repeated.
import type { Api, Kind, KubernetesObject, ObjectMeta } from "./api.ts";
import { isApiError } from "./api.ts";
import { keyOf } from "./keys.ts";
import { makeMergePatch } from "./merge-patch.ts";
import { must } from "../assert.ts";
import { TransientError } from "../errors.ts";

/**
 * Makes the status of `object` what `status` says: fields that are not in it are removed. Nothing is
 * written when it is so already. Rejects with `Conflict` when the object has changed since it was read,
 * with `NotFound` when it is gone. Resolves with the object as it is now.
 */
export async function patchStatus<T extends KubernetesObject & { readonly status?: object }>(
  api: Api,
  kind: Kind<T>,
  object: T,
  status: NonNullable<T["status"]>,
): Promise<T> {
  const patch = makeMergePatch(object.status ?? {}, status);
  if (patch === undefined) return object;
  const resourceVersion = must(object.metadata.resourceVersion, "resourceVersion");
  const options = { subresource: "status", resourceVersion } as const;
  return await api.patch(kind, keyOf(object), { status: patch }, options);
}

/**
 * The object of that name, made now if it was not there. What was there already is returned as it is, and
 * may be somebody else's: the caller looks at its labels or owner.
 */
export async function createIfAbsent<T extends KubernetesObject>(
  api: Api,
  kind: Kind<T>,
  object: T,
): Promise<{ readonly object: T; readonly created: boolean }> {
  try {
    return { object: await api.create(kind, object), created: true };
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
  }
  const there = await api.get(kind, keyOf(object));
  if (there !== undefined) return { object: there, created: false };
  const name = object.metadata.name;
  throw new TransientError("ObjectVanished", `${kind.kind} ${name} was there and is gone again`);
}

/** Whether the object is on its way out; finalizers hold it. */
export function isDeleting({ metadata }: { readonly metadata: ObjectMeta }): boolean {
  return metadata.deletionTimestamp !== undefined;
}
