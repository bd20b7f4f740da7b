// Binds pods to nodes: ready and schedulable ones that fit nodeSelector, required node affinity and taints;
// of those the one with the fewest pods, then the first by name. Resources, spreading and preferences are not
// weighed. A pod that fits nowhere says why, in the words of the real scheduler, and is tried again when a
// node changes.
import { nodes } from "../api/kinds/cluster.ts";
import { pods } from "../api/kinds/pods.ts";
import type { KubeObject } from "../api/object.ts";
import { at, fieldsAt, isTerminating, keyOf, listAt, sameValue, textAt } from "../api/object.ts";
import type { Registry } from "../api/registry.ts";
import type { Expression } from "../api/selectors.ts";
import { matchesExpression } from "../api/selectors.ts";
import type { Change } from "../api/store.ts";
import { conditionOf, withCondition } from "./conditions.ts";
import { recordEvent } from "./events.ts";
import type { Controller } from "./loop.ts";
import { splitKey } from "./loop.ts";
import type { Taint } from "./taints.ts";
import { NOT_READY, taintsOf, tolerates } from "./taints.ts";

export class Scheduler implements Controller {
  readonly name = "scheduling";
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  keysOf({ collection, object }: Change): readonly string[] {
    if (collection === pods.collection) return isPending(object) ? [keyOf(object)] : [];
    if (collection !== nodes.collection) return [];
    return this.#registry.store.list(pods.collection).filter(isPending).map(keyOf);
  }

  reconcile(key: string): undefined {
    const { namespace, name } = splitKey(key);
    const pod = this.#registry.find(pods, namespace, name);
    if (pod === undefined || !isPending(pod)) return;
    const all = this.#registry.store.list(nodes.collection);
    const verdicts = all.map((node) => [node, whyNot(pod, node)] as const);
    const fitting = verdicts.filter(([, why]) => why === undefined).map(([node]) => node);
    const chosen = this.#leastUsed(fitting);
    if (chosen === undefined)
      this.#refuse(
        pod,
        verdicts.map(([, why]) => why ?? ""),
      );
    else this.#bind(pod, chosen.metadata.name);
  }

  #leastUsed(fitting: readonly KubeObject[]): KubeObject | undefined {
    const running = this.#registry.store
      .list(pods.collection)
      .map((p) => textAt(p, "spec", "nodeName"));
    const load = (node: KubeObject): number =>
      running.filter((name) => name === node.metadata.name).length;
    return fitting.toSorted((a, b) => load(a) - load(b))[0];
  }

  #bind(pod: KubeObject, nodeName: string): void {
    const { namespace, name } = pod.metadata;
    const placed = (now: KubeObject): KubeObject => ({
      ...now,
      spec: { ...fieldsAt(now, "spec"), nodeName },
    });
    const bound = this.#registry.modify(pods, pod, placed, "binding");
    if (bound === undefined) return;
    const said = { type: "PodScheduled", status: "True", reason: "", message: "" } as const;
    this.#registry.modify(
      pods,
      bound,
      (now) => withCondition(now, said, this.#registry.now),
      "status",
    );
    this.#say(
      pod,
      "Normal",
      "Scheduled",
      `Successfully assigned ${namespace}/${name} to ${nodeName}`,
    );
  }

  #refuse(pod: KubeObject, reasons: readonly string[]): void {
    const message = unschedulable(reasons);
    const said = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
    } as const;
    if (textAt(conditionOf(pod, "PodScheduled"), "message") === message) return;
    this.#registry.modify(
      pods,
      pod,
      (now) => withCondition(now, said, this.#registry.now),
      "status",
    );
    this.#say(pod, "Warning", "FailedScheduling", message);
  }

  #say(pod: KubeObject, type: "Normal" | "Warning", reason: string, message: string): void {
    recordEvent(this.#registry, pod, { component: "default-scheduler", type, reason, message });
  }
}

function isPending(pod: KubeObject): boolean {
  return (textAt(pod, "spec", "nodeName") ?? "") === "" && !isTerminating(pod);
}

/** `0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match …` */
function unschedulable(reasons: readonly string[]): string {
  if (reasons.length === 0) return "no nodes available to schedule pods";
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const list = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${reasons.length} nodes are available: ${list.join(", ")}.`;
}

const AFFINITY = "node(s) didn't match Pod's node affinity/selector";

/** Undefined: it fits. */
function whyNot(pod: KubeObject, node: KubeObject): string | undefined {
  if (at(node, "spec", "unschedulable") === true) return "node(s) were unschedulable";
  const taint = unreadyTaints(node).find((one) => !tolerates(pod, one));
  if (taint !== undefined)
    return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`;
  return fitsSelector(pod, node) && fitsAffinity(pod, node) ? undefined : AFFINITY;
}

function unreadyTaints(node: KubeObject): readonly Taint[] {
  const hard = taintsOf(node).filter((taint) => taint.effect !== "PreferNoSchedule");
  const ready = textAt(conditionOf(node, "Ready"), "status") === "True";
  // Between a node's registration and its first taint, the taint is as good as there.
  return ready || hard.length > 0 ? hard : [{ key: NOT_READY, effect: "NoSchedule" }];
}

function fitsSelector(pod: KubeObject, node: KubeObject): boolean {
  const { labels = {} } = node.metadata;
  const wanted = Object.entries(fieldsAt(pod, "spec", "nodeSelector"));
  return wanted.every(([key, value]) => labels[key] === value);
}

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";

/** Terms are alternatives; within one, all expressions hold. An empty term matches nothing. */
function fitsAffinity(pod: KubeObject, node: KubeObject): boolean {
  const required = at(pod, "spec", "affinity", "nodeAffinity", REQUIRED);
  if (required === undefined) return true;
  return listAt(required, "nodeSelectorTerms").some((term) => {
    const expressions = listAt(term, "matchExpressions") as readonly Expression[];
    const fields = listAt(term, "matchFields") as readonly Expression[];
    const name = { "metadata.name": node.metadata.name };
    return (
      !sameValue(term, {}) &&
      expressions.every((e) => matchesExpression(e, node.metadata.labels ?? {})) &&
      fields.every((e) => matchesExpression(e, name))
    );
  });
}
