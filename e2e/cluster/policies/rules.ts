// What NetworkPolicies mean for a pod, as Kubernetes documents networking.k8s.io/v1: is it isolated, and what is allowed all
// the same? Pure. Must never be kinder than a real network: what cannot be looked up (a name of a port that no container
// has, a pod without an address) is not allowed.
import type { Kind, KubernetesObject } from "../../../operator/runtime/api.ts";
import { matchesLabels } from "../../kubernetes/api/selectors.ts";

type Selector = Readonly<Record<string, unknown>>;
type Protocol = "TCP" | "UDP" | "SCTP";
type Direction = "Ingress" | "Egress";

export interface PolicyPeer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

export interface PolicyPort {
  readonly protocol?: Protocol;
  readonly port?: number | string;
  readonly endPort?: number;
}

export interface PolicyRule {
  readonly from?: readonly PolicyPeer[];
  readonly to?: readonly PolicyPeer[];
  readonly ports?: readonly PolicyPort[];
}

export interface NetworkPolicy extends KubernetesObject {
  readonly spec: {
    readonly podSelector?: Selector;
    readonly policyTypes?: readonly Direction[];
    readonly ingress?: readonly PolicyRule[];
    readonly egress?: readonly PolicyRule[];
  };
}

export const NETWORK_POLICIES: Kind<NetworkPolicy> = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  namespaced: true,
};

export interface PolicyPod extends KubernetesObject {
  readonly spec: {
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly containers: readonly {
      readonly ports?: readonly {
        readonly name?: string;
        readonly containerPort: number;
        readonly protocol?: string;
      }[];
    }[];
  };
  readonly status?: { readonly phase?: string; readonly podIP?: string };
}

/** What an API server says. */
export interface Seen {
  readonly policies: readonly NetworkPolicy[];
  readonly namespaces: readonly KubernetesObject[];
  readonly pods: readonly PolicyPod[];
}

/** One kind of connection that may begin; the rest of it and its replies may too. */
export interface Allowance {
  /** CIDR of the other side; undefined: anybody. */
  readonly block: string | undefined;
  readonly except: readonly string[];
  /** Undefined: also what has no ports. */
  readonly protocol: Protocol | undefined;
  /** Of the called side: `80` or `80-90`; undefined: every one. */
  readonly ports: string | undefined;
}

/** By direction; undefined: not isolated, everything is allowed. */
export interface Isolation {
  readonly ingress: readonly Allowance[] | undefined;
  readonly egress: readonly Allowance[] | undefined;
}

/** Of pods that policies are about: with an address of their own. Those of the node's network are the node. */
export function addressOf({ spec, status }: PolicyPod): string | undefined {
  const hasEnded = status?.phase === "Succeeded" || status?.phase === "Failed";
  return spec.hostNetwork === true || hasEnded ? undefined : status?.podIP;
}

/** Allowed is what any of the policies allows that select the pod. */
export function isolationOf(pod: PolicyPod, seen: Seen): Isolation {
  const mine = seen.policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.metadata.namespace && selects(spec.podSelector, pod),
  );
  const union = (
    type: Direction,
    allowed: (policy: NetworkPolicy) => readonly Allowance[],
  ): readonly Allowance[] | undefined => {
    const isolating = mine.filter((policy) => typesOf(policy).includes(type));
    return isolating.length === 0 ? undefined : isolating.flatMap(allowed);
  };
  return {
    ingress: union("Ingress", (policy) =>
      (policy.spec.ingress ?? []).flatMap((rule) =>
        othersOf(rule.from, rule, policy, seen).flatMap((other) => onPorts(other, rule, pod)),
      ),
    ),
    egress: union("Egress", (policy) =>
      (policy.spec.egress ?? []).flatMap((rule) =>
        othersOf(rule.to, rule, policy, seen).flatMap((other) => onPorts(other, rule, other.pod)),
      ),
    ),
  };
}

/** As the API server sets them where they are not said. */
function typesOf({ spec }: NetworkPolicy): readonly Direction[] {
  const { policyTypes = [], egress = [] } = spec;
  if (policyTypes.length > 0) return policyTypes;
  return egress.length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
}

/** The other side of a connection. */
interface Other {
  readonly block: string | undefined;
  readonly except: readonly string[];
  readonly pod: PolicyPod | undefined;
}

/** No peers at all are everybody; where ports are named, with the pods among them, whose names they are. */
function othersOf(
  peers: readonly PolicyPeer[] | undefined,
  { ports = [] }: PolicyRule,
  policy: NetworkPolicy,
  seen: Seen,
): readonly Other[] {
  if (peers !== undefined && peers.length > 0) {
    return peers.flatMap((peer) =>
      peer.ipBlock === undefined
        ? othersAmong(seen.pods.filter((pod) => isPeer(pod, peer, policy, seen)))
        : [{ block: peer.ipBlock.cidr, except: peer.ipBlock.except ?? [], pod: undefined }],
    );
  }
  const hasNames = ports.some(({ port }) => typeof port === "string");
  const anybody = { block: undefined, except: [], pod: undefined };
  return hasNames ? [anybody, ...othersAmong(seen.pods)] : [anybody];
}

function othersAmong(pods: readonly PolicyPod[]): readonly Other[] {
  return pods.flatMap((pod) => {
    const address = addressOf(pod);
    return address === undefined ? [] : [{ block: `${address}/32`, except: [], pod }];
  });
}

/** Both selectors: pods in namespaces. A pod selector alone: pods of the policy's own namespace. */
function isPeer(pod: PolicyPod, peer: PolicyPeer, policy: NetworkPolicy, seen: Seen): boolean {
  const { podSelector = {}, namespaceSelector } = peer;
  if (!selects(podSelector, pod)) return false;
  const { namespace } = pod.metadata;
  if (namespaceSelector === undefined) return namespace === policy.metadata.namespace;
  const own = seen.namespaces.find(({ metadata }) => metadata.name === namespace);
  return own !== undefined && selects(namespaceSelector, own);
}

/** An empty selector selects everything. */
function selects(selector: Selector = {}, { metadata }: KubernetesObject): boolean {
  return matchesLabels(selector, metadata.labels ?? {});
}

/** `called`: whose containers name ports. */
function onPorts(
  { block, except }: Other,
  { ports = [] }: PolicyRule,
  called: PolicyPod | undefined,
): readonly Allowance[] {
  if (ports.length === 0) return [{ block, except, protocol: undefined, ports: undefined }];
  return ports.flatMap(({ protocol = "TCP", port, endPort }): readonly Allowance[] => {
    if (port === undefined) return [{ block, except, protocol, ports: undefined }];
    const first = typeof port === "number" ? port : portNamed(port, protocol, called);
    if (first === undefined) return [];
    const ports = endPort === undefined ? `${first}` : `${first}-${endPort}`;
    return [{ block, except, protocol, ports }];
  });
}

function portNamed(name: string, protocol: Protocol, pod: PolicyPod | undefined) {
  return pod?.spec.containers
    .flatMap(({ ports = [] }) => ports)
    .find((port) => port.name === name && (port.protocol ?? "TCP") === protocol)?.containerPort;
}
