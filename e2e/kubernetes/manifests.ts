// Objects from YAML, and what it takes to apply them in the order in which they are written.
import { parseAllDocuments } from "yaml";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import type { KubernetesClient } from "./client.ts";

const DEFAULT_NAMESPACE = "default";

/** The objects of a text with one or several documents. Throws for one that is no object. */
export function parseManifests(text: string): readonly KubernetesObject[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  return documents
    .map((document) => {
      const [error] = document.errors;
      if (error !== undefined) throw error;
      return document.toJS() as KubernetesObject | null;
    })
    .filter((object) => object !== null)
    .map((object, i) => {
      const { apiVersion, kind, metadata } = object as Partial<KubernetesObject>;
      if (apiVersion !== undefined && kind !== undefined && metadata?.name !== undefined) {
        return object;
      }
      throw new Error(`document ${i + 1} has no apiVersion, kind or metadata.name`);
    });
}

/** Applies them one after another; resolves to the objects as they are then. */
export async function applyAll(
  client: KubernetesClient,
  objects: readonly KubernetesObject[],
): Promise<readonly KubernetesObject[]> {
  const applied: KubernetesObject[] = [];
  for (const object of objects) {
    const kind = await client.kindOf(object.apiVersion, object.kind);
    const namespace = object.metadata.namespace ?? DEFAULT_NAMESPACE;
    const metadata = kind.namespaced ? { ...object.metadata, namespace } : object.metadata;
    applied.push(await client.apply(kind, { ...object, metadata }));
  }
  return applied;
}
