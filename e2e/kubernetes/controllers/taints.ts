// Taints of nodes and what of them a pod bears.
import type { KubeObject } from "../api/object.ts";
import { listAt, textAt } from "../api/object.ts";

export const NOT_READY = "node.kubernetes.io/not-ready";
export const UNREACHABLE = "node.kubernetes.io/unreachable";

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
  readonly timeAdded?: string;
}

export interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
  readonly tolerationSeconds?: number;
}

export function taintsOf(node: KubeObject): readonly Taint[] {
  return listAt(node, "spec", "taints") as readonly Taint[];
}

export function tolerates(pod: KubeObject, taint: Taint): boolean {
  return tolerationOf(pod, taint) !== undefined;
}

/** The first toleration that bears it. */
export function tolerationOf(pod: KubeObject, taint: Taint): Toleration | undefined {
  const all = listAt(pod, "spec", "tolerations") as readonly Toleration[];
  return all.find(
    (one) =>
      ((one.key ?? "") === "" || one.key === taint.key) &&
      ((one.effect ?? "") === "" || one.effect === taint.effect) &&
      (one.operator === "Exists" || (textAt(one, "value") ?? "") === (taint.value ?? "")),
  );
}
