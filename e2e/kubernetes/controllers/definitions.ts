// Terminating CustomResourceDefinitions: their objects are deleted, each in its own time because of its
// finalizers; the definition goes with the last.
import { remove } from "../api/deletion.ts";
import { CLEANUP_FINALIZER, definitions } from "../api/kinds/definitions.ts";
import { finalizersOf, isTerminating } from "../api/object.ts";
import type { Registry } from "../api/registry.ts";
import type { Change } from "../api/store.ts";
import { withCondition } from "./conditions.ts";
import { withoutFinalizer } from "./garbage-collector.ts";
import type { Controller } from "./loop.ts";

export class DefinitionController implements Controller {
  readonly name = "custom resource cleanup";
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  keysOf({ collection, object }: Change): readonly string[] {
    if (collection === definitions.collection) return [object.metadata.name];
    // A collection of custom objects has its definition's name.
    const definition = this.#registry.find(definitions, undefined, collection);
    return definition !== undefined && isTerminating(definition) ? [collection] : [];
  }

  reconcile(name: string): undefined {
    const definition = this.#registry.find(definitions, undefined, name);
    if (definition === undefined || !isTerminating(definition)) return;
    if (!finalizersOf(definition).includes(CLEANUP_FINALIZER)) return;
    const [resource] = this.#registry.resources.ofDefinition(definition);
    const objects = resource === undefined ? [] : this.#registry.store.list(resource.collection);
    for (const object of objects) {
      const { namespace, name } = object.metadata;
      if (resource !== undefined && !isTerminating(object)) {
        remove(this.#registry, resource, { namespace, name }, { propagationPolicy: "Background" });
      }
    }
    if (resource === undefined || this.#registry.store.list(resource.collection).length === 0) {
      this.#registry.modify(definitions, definition, (now) =>
        withoutFinalizer(now, CLEANUP_FINALIZER),
      );
    } else {
      const condition = {
        type: "Terminating",
        status: "True",
        reason: "InstanceDeletionInProgress",
        message: "CustomResource deletion is in progress",
      } as const;
      const { now } = this.#registry;
      this.#registry.modify(
        definitions,
        definition,
        (d) => withCondition(d, condition, now),
        "status",
      );
    }
  }
}
