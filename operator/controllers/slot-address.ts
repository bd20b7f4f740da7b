// What StarRocks is told to reach a slot by: a name within the cluster, a node's port or a load balancer from outside of
// it. Pure. Of what is said in `agent.service` only the Service itself counts here: it may be older than the spec.
import { createHash } from "node:crypto";
import type { Repository } from "../api/repository.generated.ts";
import { ANNOTATIONS } from "../api/group.ts";
import { isConditionTrue } from "../runtime/objects.ts";
import type { Node, Service } from "../runtime/objects.ts";
import { BROKER_PORT, slotAddress } from "./names.ts";

/** `host:port`; undefined: it has none yet. */
export function addressOf(
  repository: Repository,
  slot: number,
  { service, nodes }: { readonly service: Service; readonly nodes: readonly Node[] },
): string | undefined {
  const type = service.spec?.type ?? "ClusterIP";
  if (type === "ClusterIP") return slotAddress(repository.metadata, slot);
  if (type === "LoadBalancer") return balancerAddress(service);
  const host = repository.spec.agent.service?.address ?? nodeAddress(nodes);
  return at(host, service.spec?.ports?.[0]?.nodePort);
}

/** Of a balancer with two addresses, one of each family, the one that StarRocks takes. */
function balancerAddress({ status }: Service): string | undefined {
  const hosts = status?.loadBalancer?.ingress?.flatMap(({ ip, hostname }) => ip ?? hostname ?? []);
  return at(hosts?.find(isPlain), BROKER_PORT);
}

function at(host: string | undefined, port: number | undefined): string | undefined {
  return host === undefined || port === undefined ? undefined : `${host}:${port}`;
}

/** Every node answers at a node port. Of those that are ready the first by name, so that it moves as rarely as can be. */
function nodeAddress(nodes: readonly Node[]): string | undefined {
  return nodes
    .filter(({ status }) => isConditionTrue(status?.conditions, "Ready"))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap(({ status }) => status?.addresses ?? [])
    .find(({ type, address }) => type === "InternalIP" && isPlain(address))?.address;
}

/** A broker's address is `host:port`, which an IPv6 address cannot be part of. */
function isPlain(host: string): boolean {
  return !host.includes(":");
}

/** Whether a slot's Service is as `agent.service` says now. */
export function isAsWished({ metadata }: Service, repository: Repository): boolean {
  return metadata.annotations?.[ANNOTATIONS.service] === serviceForm(repository);
}

/** Changes with all that a slot's Service is made from; undefined: a Service within the cluster, as it was always. */
export function serviceForm({ spec }: Repository): string | undefined {
  const { type = "ClusterIP", annotations = {} } = spec.agent.service ?? {};
  if (type === "ClusterIP" && Object.keys(annotations).length === 0) return undefined;
  const text = JSON.stringify([type, Object.entries(annotations).sort(byKey)]);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}
