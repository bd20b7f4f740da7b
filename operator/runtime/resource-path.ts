// Where objects live in the URLs of an API server.
import { assert } from "../assert.ts";
import type { Kind, KubernetesObject, ObjectKey } from "./api.ts";

/** Values that are `undefined` are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** All objects of a kind, of one namespace if one is given. */
export function collectionPath(kind: Kind<KubernetesObject>, namespace?: string): string {
  const root = kind.apiVersion.includes("/")
    ? `/apis/${kind.apiVersion}`
    : `/api/${kind.apiVersion}`;
  if (namespace === undefined) return `${root}/${kind.plural}`;
  assert(kind.namespaced, () => `${kind.kind} has no namespaces`);
  return `${root}/namespaces/${encodeURIComponent(namespace)}/${kind.plural}`;
}

export function objectPath(kind: Kind<KubernetesObject>, key: ObjectKey): string {
  assert(!kind.namespaced || key.namespace !== undefined, () => `${kind.kind} needs a namespace`);
  assert(key.name !== "", () => `${kind.kind} needs a name`);
  return `${collectionPath(kind, key.namespace)}/${encodeURIComponent(key.name)}`;
}

export function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? path : `${path}?${text}`;
}
