// kube-proxy for the whole cluster: watches Services and their EndpointSlices and keeps a relay for each
// TCP port of a Service with a ClusterIP, and of each node's address for one that has a node port. Headless Services
// have none; names are answered in dns.ts.
import { must } from "../../../operator/assert.ts";
import type { Partitions } from "../../partitions.ts";
import type { Clock, Random } from "../../../operator/clock.ts";
import type { KubernetesClient } from "../client.ts";
import {
  ENDPOINT_SLICE,
  keyOf,
  SERVICE,
  type EndpointSlice,
  type Service,
  type ServicePort,
  type SliceEndpoint,
} from "../core.ts";
import { Mirror } from "../mirror.ts";
import { Chooser, type Endpoint, type Rules } from "./choice.ts";
import { Relay } from "./relay.ts";

const SERVICE_NAME = "kubernetes.io/service-name";
const AFFINITY_SECONDS = 10_800;

export interface ProxyOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly nodeOf: (address: string) => string | undefined;
  /** Addresses of the nodes, where node ports are. */
  readonly nodes: readonly string[];
  /** A Service that cannot be served, and why. */
  readonly failed: (error: Error) => void;
  readonly partitions?: Partitions;
}

interface Place {
  readonly host: string;
  readonly number: number;
  readonly port: ServicePort;
}

export class ServiceProxy {
  readonly #options: ProxyOptions;
  readonly #life = new AbortController();
  readonly #services: Mirror<Service>;
  readonly #slices: Mirror<EndpointSlice>;
  /** By Service and port. */
  readonly #relays = new Map<string, Map<string, Relay>>();
  /** Of Services that are gone, until their last connection ends. */
  readonly #old = new Set<Relay>();

  constructor(options: ProxyOptions) {
    this.#options = options;
    const { client } = options;
    const { signal } = this.#life;
    this.#services = new Mirror({
      client,
      kind: SERVICE,
      changed: (service) => this.#sync(keyOf(service)),
      signal,
    });
    this.#slices = new Mirror({
      client,
      kind: ENDPOINT_SLICE,
      changed: (slice) => this.#sync(serviceOf(slice)),
      signal,
    });
  }

  /** Resolves when the Services that are there now are served. */
  async synced(): Promise<void> {
    await Promise.all([this.#services.synced, this.#slices.synced]);
  }

  service(namespace: string, name: string): Service | undefined {
    return this.#services.objects.get(`${namespace}/${name}`);
  }

  async stop(): Promise<void> {
    this.#life.abort();
    const all = [...this.#relays.values()].flatMap((ports) => [...ports.values()]);
    await Promise.all(all.map((relay) => relay.close()));
    for (const relay of [...all, ...this.#old]) relay.cut();
  }

  #sync(key: string): void {
    const service = this.#services.objects.get(key);
    const ports = service === undefined ? [] : relayedPorts(service);
    const relays = this.#relays.get(key) ?? new Map<string, Relay>();
    this.#relays.set(key, relays);
    const wanted = new Map(ports.flatMap((port) => this.#placesOf(must(service), port)));
    for (const [at, relay] of relays) {
      if (wanted.has(at)) continue;
      relays.delete(at);
      this.#old.add(relay);
      void relay.close();
    }
    for (const [at, { host, number, port }] of wanted) {
      const relay = relays.get(at) ?? this.#relay(host, number);
      relays.set(at, relay);
      void relay.update(this.#endpoints(key, port, ports.length), rulesOf(must(service)));
    }
    if (relays.size === 0) this.#relays.delete(key);
    for (const relay of this.#old) if (relay.idle) this.#old.delete(relay);
  }

  /** Where a port is listened on, by `host:port`. */
  #placesOf(service: Service, port: ServicePort): readonly [string, Place][] {
    const { nodePort } = port;
    const within = { host: must(addressOf(service)), number: port.port, port };
    const outside =
      nodePort === undefined
        ? []
        : this.#options.nodes.map((host) => ({ host, number: nodePort, port }));
    return [within, ...outside].map((place) => [`${place.host}:${place.number}`, place]);
  }

  #relay(host: string, port: number): Relay {
    const { clock, random, nodeOf, failed, partitions } = this.#options;
    const chooser = new Chooser(clock, random);
    const rules = partitions === undefined ? {} : { partitions };
    return new Relay({ host, port, chooser, nodeOf, failed, ...rules });
  }

  #endpoints(key: string, port: ServicePort, ports: number): readonly Endpoint[] {
    return this.#slices
      .values()
      .filter((slice) => serviceOf(slice) === key)
      .flatMap((slice) => {
        // A Service's port and its slices' have the same name; a single one may have none.
        const found = (slice.ports ?? []).find(
          (p) => ports === 1 || (p.name ?? "") === (port.name ?? ""),
        );
        return found?.port === undefined ? [] : endpointsOf(slice, found.port);
      });
  }
}

function serviceOf(slice: EndpointSlice): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME] ?? ""}`;
}

function addressOf(service: Service | undefined): string | undefined {
  const address = service?.spec.clusterIP;
  return address === "None" || address === "" ? undefined : address;
}

function relayedPorts(service: Service): readonly ServicePort[] {
  if (addressOf(service) === undefined) return [];
  return (service.spec.ports ?? []).filter((p) => (p.protocol ?? "TCP") === "TCP");
}

function rulesOf({ spec }: Service): Rules {
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS;
  return {
    preferSameNode: spec.trafficDistribution === "PreferSameNode",
    local: spec.internalTrafficPolicy === "Local",
    ...(spec.sessionAffinity === "ClientIP" ? { affinityMs: seconds * 1000 } : {}),
  };
}

function endpointsOf(slice: EndpointSlice, port: number): readonly Endpoint[] {
  return (slice.endpoints ?? []).flatMap((e) =>
    e.addresses.map((address) => endpointOf(e, address, port)),
  );
}

function endpointOf(e: SliceEndpoint, address: string, port: number): Endpoint {
  const { ready = true, serving = ready, terminating = false } = e.conditions ?? {};
  return {
    address,
    port,
    ...(e.nodeName === undefined ? {} : { node: e.nodeName }),
    ready,
    serving: serving && terminating,
  };
}
