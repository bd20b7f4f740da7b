// Where agents belong: on the Kubernetes nodes that run StarRocks BEs. Pure. A BE is registered by an
// address or a name; it is looked for among pods, then nodes.
import type { Node, Pod } from "../runtime/objects.ts";
import type { BackendNode } from "../starrocks/frontend.ts";
import type { Placement } from "./job/model.ts";

export interface Whereabouts {
  readonly nodes: readonly Node[];
  /** Pods that may be BEs. */
  readonly pods: readonly Pod[];
  /** Addresses of hosts that are names. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
}

/** Nodes with a BE that is to be read or written: decommissioned ones still hold tablets and count. */
export function placeAgents(backends: readonly BackendNode[], where: Whereabouts): Placement {
  const nodes = new Set<string>();
  const unplaced: string[] = [];
  for (const host of new Set(backends.filter((b) => b.alive).map((b) => b.host))) {
    const node = nodeOf(host, where);
    if (node === undefined) unplaced.push(host);
    else nodes.add(node);
  }
  return { nodes: [...nodes].sort(), unplaced: unplaced.sort() };
}

function nodeOf(host: string, where: Whereabouts): string | undefined {
  for (const address of [host, ...(where.addresses.get(host) ?? [])]) {
    const pod = where.pods.find(
      (p) => p.status?.podIP === address && p.spec?.nodeName !== undefined,
    );
    if (pod !== undefined) return pod.spec?.nodeName;
    const node = where.nodes.find((n) => n.status?.addresses?.some((a) => a.address === address));
    if (node !== undefined) return node.metadata.name;
  }
  return undefined;
}
