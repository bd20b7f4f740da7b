// All kinds the server serves: the built-in ones, and those of the CustomResourceDefinitions in the store.
import { resourcesOf } from "./custom-resources.ts";
import { definitions } from "./kinds/definitions.ts";
import { namespaces, nodes } from "./kinds/cluster.ts";
import { coreEvents, events } from "./kinds/events.ts";
import { jobs } from "./kinds/jobs.ts";
import { configMaps, endpointSlices, leases, serviceAccounts } from "./kinds/plain.ts";
import { pods } from "./kinds/pods.ts";
import { secrets } from "./kinds/secrets.ts";
import { services } from "./kinds/services.ts";
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";
import { apiVersionOf } from "./resource.ts";
import type { Store } from "./store.ts";

const BUILT_IN: readonly Resource[] = [
  namespaces,
  nodes,
  pods,
  services,
  secrets,
  configMaps,
  coreEvents,
  serviceAccounts,
  jobs,
  leases,
  endpointSlices,
  events,
  definitions,
];

export class Resources {
  readonly #custom = new Map<string, readonly Resource[]>();

  /** Follows the definitions in the store from now on. */
  constructor(store: Store) {
    store.subscribe(({ collection, type, object }) => {
      if (collection !== definitions.collection) return;
      if (type === "DELETED") this.#custom.delete(object.metadata.name);
      else this.#custom.set(object.metadata.name, resourcesOf(object));
    });
  }

  all(): readonly Resource[] {
    return [...BUILT_IN, ...[...this.#custom.values()].flat()];
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.all().find(
      (r) => r.group === group && r.version === version && r.plural === plural,
    );
  }

  /** By what an object or an owner reference says it is. */
  ofKind({
    apiVersion,
    kind,
  }: {
    readonly apiVersion: string;
    readonly kind: string;
  }): Resource | undefined {
    return this.all().find((r) => r.kind === kind && apiVersionOf(r) === apiVersion);
  }

  /** One resource for each collection: what collects garbage must not see an object twice. */
  stored(): readonly Resource[] {
    const byCollection = new Map(
      this.all()
        .toReversed()
        .map((r) => [r.collection, r] as const),
    );
    return [...byCollection.values()];
  }

  ofDefinition(definition: KubeObject): readonly Resource[] {
    return this.#custom.get(definition.metadata.name) ?? [];
  }
}
