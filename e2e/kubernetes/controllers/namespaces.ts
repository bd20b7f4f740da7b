// Terminating namespaces: their content is deleted, and until it is gone the status says what remains and
// which finalizers hold it.
import { remove } from "../api/deletion.ts";
import { namespaces } from "../api/kinds/cluster.ts";
import type { KubeObject } from "../api/object.ts";
import { finalizersOf, isTerminating, sameValue } from "../api/object.ts";
import type { Registry } from "../api/registry.ts";
import type { Resource } from "../api/resource.ts";
import { qualified } from "../api/status.ts";
import type { Change } from "../api/store.ts";
import type { Condition } from "./conditions.ts";
import { withCondition } from "./conditions.ts";
import type { Controller } from "./loop.ts";

interface Remaining {
  readonly resource: Resource;
  readonly objects: readonly KubeObject[];
}

export class NamespaceController implements Controller {
  readonly name = "namespace deletion";
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  keysOf({ collection, object }: Change): readonly string[] {
    if (collection === namespaces.collection) return [object.metadata.name];
    const { namespace } = object.metadata;
    if (namespace === undefined) return [];
    const home = this.#registry.find(namespaces, undefined, namespace);
    return home !== undefined && isTerminating(home) ? [namespace] : [];
  }

  reconcile(name: string): undefined {
    const namespace = this.#registry.find(namespaces, undefined, name);
    if (namespace === undefined || !isTerminating(namespace)) return;
    for (const { resource, objects } of this.#contentOf(name)) {
      for (const object of objects) this.#delete(resource, object);
    }
    const remaining = this.#contentOf(name);
    this.#say(namespace, remaining);
    if (remaining.length > 0) return;
    this.#registry.modify(
      namespaces,
      namespace,
      (now) => ({ ...now, spec: { finalizers: [] } }),
      "finalize",
    );
  }

  #contentOf(namespace: string): readonly Remaining[] {
    return this.#registry.resources
      .stored()
      .filter((resource) => resource.namespaced)
      .map((resource) => ({
        resource,
        objects: this.#registry.store
          .list(resource.collection)
          .filter((object) => object.metadata.namespace === namespace),
      }))
      .filter(({ objects }) => objects.length > 0);
  }

  #delete(resource: Resource, object: KubeObject): void {
    if (isTerminating(object)) return;
    const { namespace, name } = object.metadata;
    remove(this.#registry, resource, { namespace, name }, { propagationPolicy: "Background" });
  }

  #say(namespace: KubeObject, remaining: readonly Remaining[]): void {
    this.#registry.modify(
      namespaces,
      namespace,
      (now) => {
        const said = conditionsOf(remaining).reduce(
          (object, condition) => withCondition(object, condition, this.#registry.now),
          now,
        );
        return sameValue(said, now) ? undefined : said;
      },
      "status",
    );
  }
}

function conditionsOf(remaining: readonly Remaining[]): readonly Condition[] {
  const counts = remaining.map(
    ({ resource, objects }) => `${qualified(resource)} has ${objects.length} resource instances`,
  );
  const held = new Map<string, number>();
  for (const finalizer of remaining.flatMap(({ objects }) => objects.flatMap(finalizersOf))) {
    held.set(finalizer, (held.get(finalizer) ?? 0) + 1);
  }
  const holders = [...held].map(([name, count]) => `${name} in ${count} resource instances`);
  return [
    condition(
      "NamespaceDeletionDiscoveryFailure",
      false,
      "ResourcesDiscovered",
      "All resources successfully discovered",
    ),
    condition(
      "NamespaceDeletionGroupVersionParsingFailure",
      false,
      "ParsedGroupVersions",
      "All legacy kube types successfully parsed",
    ),
    condition(
      "NamespaceDeletionContentFailure",
      false,
      "ContentDeleted",
      "All content successfully deleted, may be waiting on finalization",
    ),
    counts.length === 0
      ? condition(
          "NamespaceContentRemaining",
          false,
          "ContentRemoved",
          "All content successfully removed",
        )
      : condition(
          "NamespaceContentRemaining",
          true,
          "SomeResourcesRemain",
          `Some resources are remaining: ${counts.join(", ")}`,
        ),
    holders.length === 0
      ? condition(
          "NamespaceFinalizersRemaining",
          false,
          "ContentHasNoFinalizers",
          "All content-preserving finalizers finished",
        )
      : condition(
          "NamespaceFinalizersRemaining",
          true,
          "SomeFinalizersRemain",
          `Some content in the namespace has finalizers remaining: ${holders.join(", ")}`,
        ),
  ];
}

function condition(type: string, status: boolean, reason: string, message: string): Condition {
  return { type, status: status ? "True" : "False", reason, message };
}
