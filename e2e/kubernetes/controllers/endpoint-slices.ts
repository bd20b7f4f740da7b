// EndpointSlices of Services with a selector: one for each Service, with every running pod it selects, ready
// or not (conditions say which), its node, and hints for `trafficDistribution: PreferSameNode`. A named
// targetPort is looked up in the first pod that has it.
import { isPodFinished, isPodReady, pods } from "../api/kinds/pods.ts";
import { endpointSlices } from "../api/kinds/plain.ts";
import { services } from "../api/kinds/services.ts";
import type { Fields, KubeObject } from "../api/object.ts";
import { at, fieldsAt, isTerminating, keyOf, listAt, sameValue, textAt } from "../api/object.ts";
import { remove } from "../api/deletion.ts";
import type { Registry } from "../api/registry.ts";
import { matchesLabels } from "../api/selectors.ts";
import type { Change } from "../api/store.ts";
import type { Controller } from "./loop.ts";
import { splitKey } from "./loop.ts";

const SERVICE_NAME = "kubernetes.io/service-name";
const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
const MANAGER = "endpointslice-controller.k8s.io";

export class EndpointSliceController implements Controller {
  readonly name = "endpoint slices";
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  keysOf({ collection, object, previous }: Change): readonly string[] {
    if (collection === services.collection) return [keyOf(object)];
    if (collection === endpointSlices.collection) return serviceOf(object);
    if (collection !== pods.collection) return [];
    return this.#registry.store
      .list(services.collection)
      .filter((service) => selects(service, object) || (previous && selects(service, previous)))
      .map(keyOf);
  }

  reconcile(key: string): undefined {
    const { namespace, name } = splitKey(key);
    const service = this.#registry.find(services, namespace, name);
    // Slices of a Service that is gone are the garbage collector's.
    if (service === undefined || isTerminating(service) || !hasSelector(service)) return;
    const [slice, ...more] = this.#slicesOf(service);
    for (const one of more) {
      remove(this.#registry, endpointSlices, { namespace, name: one.metadata.name });
    }
    const wanted = this.#content(service);
    if (slice === undefined) this.#create(service, wanted);
    else if (!sameValue(contentOf(slice), wanted)) {
      this.#registry.modify(endpointSlices, slice, (now) => ({ ...now, ...wanted }));
    }
  }

  #slicesOf({ metadata }: KubeObject): readonly KubeObject[] {
    return this.#registry.store
      .list(endpointSlices.collection)
      .filter(
        (slice) =>
          slice.metadata.namespace === metadata.namespace &&
          slice.metadata.labels?.[SERVICE_NAME] === metadata.name &&
          slice.metadata.labels[MANAGED_BY] === MANAGER,
      );
  }

  #create({ metadata }: KubeObject, content: Fields): void {
    const { name, namespace, uid, labels } = metadata;
    const owner = {
      apiVersion: "v1",
      kind: "Service",
      name,
      uid,
      controller: true,
      blockOwnerDeletion: true,
    };
    this.#registry.create(endpointSlices, namespace, {
      metadata: {
        generateName: `${name}-`,
        labels: { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: MANAGER },
        ownerReferences: [owner],
      },
      addressType: "IPv4",
      ...content,
    });
  }

  #content(service: KubeObject): Fields {
    const selected = this.#registry.store
      .list(pods.collection)
      .filter((pod) => selects(service, pod) && !isPodFinished(pod))
      .filter((pod) => (textAt(pod, "status", "podIP") ?? "") !== "");
    return {
      endpoints: selected.map((pod) => endpointOf(service, pod)),
      ports: listAt(service, "spec", "ports").flatMap((port) => portOf(port, selected)),
    };
  }
}

function contentOf({ endpoints, ports }: KubeObject): Fields {
  return { endpoints, ports };
}

function serviceOf({ metadata }: KubeObject): readonly string[] {
  const name = metadata.labels?.[SERVICE_NAME];
  return name === undefined ? [] : [`${metadata.namespace ?? ""}/${name}`];
}

function hasSelector(service: KubeObject): boolean {
  return Object.keys(fieldsAt(service, "spec", "selector")).length > 0;
}

function selects(service: KubeObject, { metadata }: KubeObject): boolean {
  if (service.metadata.namespace !== metadata.namespace || !hasSelector(service)) return false;
  return matchesLabels({ matchLabels: at(service, "spec", "selector") }, metadata.labels ?? {});
}

function endpointOf(service: KubeObject, pod: KubeObject): Fields {
  const anyway = at(service, "spec", "publishNotReadyAddresses") === true;
  const serving = isPodReady(pod);
  const terminating = isTerminating(pod);
  const { name, namespace, uid } = pod.metadata;
  const nodeName = textAt(pod, "spec", "nodeName");
  const near = at(service, "spec", "trafficDistribution") === "PreferSameNode";
  return {
    addresses: [textAt(pod, "status", "podIP")],
    conditions: { ready: anyway || (serving && !terminating), serving, terminating },
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: "Pod", name, namespace, uid },
    ...(near && nodeName !== undefined ? { hints: { forNodes: [{ name: nodeName }] } } : {}),
  };
}

function portOf(port: unknown, selected: readonly KubeObject[]): readonly Fields[] {
  const target = at(port, "targetPort");
  const number = typeof target === "string" ? namedPort(target, selected) : target;
  if (typeof number !== "number") return [];
  return [
    { name: textAt(port, "name") ?? "", port: number, protocol: textAt(port, "protocol") ?? "TCP" },
  ];
}

function namedPort(name: string, selected: readonly KubeObject[]): unknown {
  const ports = selected
    .flatMap((pod) => listAt(pod, "spec", "containers"))
    .flatMap((container) => listAt(container, "ports"));
  return at(
    ports.find((port) => textAt(port, "name") === name),
    "containerPort",
  );
}
