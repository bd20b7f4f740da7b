// Nodes whose Lease is no longer renewed: Ready becomes Unknown, the node is tainted, its pods are no longer
// ready, and after a while they are evicted. An evicted pod on such a node stays Terminating, because only its
// node can say that it has stopped; that is how it is in a real cluster, and a Job with a pod failure policy
// waits for it. When the Node object itself is deleted, its pods are failed and removed.
//
// Only nodes that ever had a Lease are watched: one that a test made by hand stays as it was made.
import { remove } from "../api/deletion.ts";
import { nodes } from "../api/kinds/cluster.ts";
import { leases } from "../api/kinds/plain.ts";
import { isPodFinished, isPodReady, pods } from "../api/kinds/pods.ts";
import type { KubeObject } from "../api/object.ts";
import { at, fieldsAt, isTerminating, sameValue, textAt } from "../api/object.ts";
import type { Registry } from "../api/registry.ts";
import type { Change } from "../api/store.ts";
import { conditionOf, withCondition } from "./conditions.ts";
import { recordEvent } from "./events.ts";
import type { Controller } from "./loop.ts";
import type { Taint } from "./taints.ts";
import { NOT_READY, UNREACHABLE, taintsOf, tolerationOf } from "./taints.ts";

const LEASES = "kube-node-lease";

export interface NodeLifecycleTimes {
  /** Without a sign of life for so long, a node counts as unreachable. Real: 50 000. */
  readonly nodeGraceMs: number;
  /** How long pods that say nothing of it stay on an unreachable or unready node. Real: 300 000. */
  readonly evictAfterMs: number;
}

export class NodeLifecycleController implements Controller {
  readonly name = "node lifecycle";
  readonly #registry: Registry;
  readonly #times: NodeLifecycleTimes;
  /** When a node was last heard of, by our clock: theirs may be wrong. */
  readonly #heard = new Map<string, number>();

  constructor(registry: Registry, times: NodeLifecycleTimes) {
    this.#registry = registry;
    this.#times = times;
  }

  keysOf({ collection, object, type }: Change): readonly string[] {
    const { name, namespace } = object.metadata;
    if (collection === leases.collection && namespace === LEASES) {
      if (type !== "DELETED") this.#heard.set(name, this.#registry.clock.monotonic());
      return [name];
    }
    if (collection === nodes.collection) return [name];
    const home = collection === pods.collection ? textAt(object, "spec", "nodeName") : undefined;
    return home === undefined ? [] : [home];
  }

  reconcile(name: string): number | undefined {
    const node = this.#registry.find(nodes, undefined, name);
    if (node === undefined) {
      // Only a node that was here: pods may name one that never was.
      if (this.#heard.delete(name)) this.#collectPods(name);
      return undefined;
    }
    const heard = this.#heard.get(name);
    if (heard === undefined) return undefined;
    const left = heard + this.#times.nodeGraceMs - this.#registry.clock.monotonic();
    if (left <= 0) this.#lose(node);
    const now = this.#registry.find(nodes, undefined, name) ?? node;
    const tainted = this.#taint(now);
    const eviction = this.#evict(tainted);
    return least(left > 0 ? left : undefined, eviction);
  }

  #lose(node: KubeObject): void {
    if (textAt(conditionOf(node, "Ready"), "status") === "Unknown") return;
    const lost = {
      type: "Ready",
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
    } as const;
    const { now } = this.#registry;
    this.#registry.modify(nodes, node, (n) => withCondition(n, lost, now), "status");
    const message = `Node ${node.metadata.name} status is now: NodeNotReady`;
    recordEvent(this.#registry, node, {
      component: "node-controller",
      type: "Normal",
      reason: "NodeNotReady",
      message,
    });
    for (const pod of this.#podsOf(node.metadata.name)) this.#unready(pod);
  }

  #unready(pod: KubeObject): void {
    if (!isPodReady(pod)) return;
    const said = { type: "Ready", status: "False", reason: "NodeNotReady", message: "" } as const;
    this.#registry.modify(pods, pod, (p) => withCondition(p, said, this.#registry.now), "status");
  }

  /** The taints that go with the Ready condition; other people's stay. */
  #taint(node: KubeObject): KubeObject {
    const ready = textAt(conditionOf(node, "Ready"), "status");
    const key =
      { True: undefined, Unknown: UNREACHABLE }[ready ?? "False"] ??
      (ready === "True" ? undefined : NOT_READY);
    const before = taintsOf(node);
    const others = before.filter((taint) => taint.key !== UNREACHABLE && taint.key !== NOT_READY);
    const ours =
      key === undefined
        ? []
        : ["NoSchedule", "NoExecute"].map((effect) => this.#taintOf(before, key, effect));
    const taints = [...others, ...ours];
    if (sameValue(taints, before)) return node;
    const change = (n: KubeObject): KubeObject => ({
      ...n,
      spec: { ...fieldsAt(n, "spec"), taints },
    });
    return this.#registry.modify(nodes, node, change) ?? node;
  }

  #taintOf(before: readonly Taint[], key: string, effect: string): Taint {
    const known = before.find((taint) => taint.key === key && taint.effect === effect);
    return known ?? { key, effect, timeAdded: this.#registry.now };
  }

  /** When the next pod has to go; undefined: none has to. */
  #evict(node: KubeObject): number | undefined {
    const taint = taintsOf(node).find((one) => one.effect === "NoExecute");
    if (taint === undefined) return undefined;
    const since = taint.timeAdded === undefined ? 0 : Date.parse(taint.timeAdded);
    const times = this.#podsOf(node.metadata.name)
      .filter((pod) => !isTerminating(pod) && !isPodFinished(pod))
      .map((pod) => this.#evictPod(pod, taint, since));
    return least(...times);
  }

  #evictPod(pod: KubeObject, taint: Taint, since: number): number | undefined {
    const toleration = tolerationOf(pod, taint);
    if (toleration !== undefined && toleration.tolerationSeconds === undefined) return undefined;
    const seconds = toleration?.tolerationSeconds;
    const stay = seconds === undefined ? this.#defaultStay(taint) : seconds * 1000;
    const left = since + stay - this.#registry.clock.now();
    if (left > 0) return left;
    this.#disrupt(pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");
    const { namespace, name } = pod.metadata;
    remove(this.#registry, pods, { namespace, name });
    return undefined;
  }

  /** Pods get tolerations for the two taints of nodes in trouble by default; for others they have none. */
  #defaultStay({ key }: Taint): number {
    return key === UNREACHABLE || key === NOT_READY ? this.#times.evictAfterMs : 0;
  }

  #collectPods(node: string): void {
    for (const pod of this.#podsOf(node)) {
      this.#disrupt(pod, "DeletionByPodGC", "PodGC: node no longer exists");
      const failed = (p: KubeObject): KubeObject => ({
        ...p,
        status: { ...fieldsAt(p, "status"), phase: "Failed" },
      });
      if (!isPodFinished(pod)) this.#registry.modify(pods, pod, failed, "status");
      const { namespace, name } = pod.metadata;
      remove(this.#registry, pods, { namespace, name }, { gracePeriodSeconds: 0 });
    }
  }

  #disrupt(pod: KubeObject, reason: string, message: string): void {
    const said = { type: "DisruptionTarget", status: "True", reason, message } as const;
    this.#registry.modify(pods, pod, (p) => withCondition(p, said, this.#registry.now), "status");
  }

  #podsOf(node: string): readonly KubeObject[] {
    const all = this.#registry.store.list(pods.collection);
    return all.filter((pod) => at(pod, "spec", "nodeName") === node);
  }
}

function least(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
