// The downward API: what of a pod its containers may see, in the kubelet's own words
// (k8s.io/kubernetes/pkg/fieldpath, 1.37).
import type { Pod } from "../core.ts";

/** Where the pod runs; a pod that is not started has none of it in its status. */
export interface PodPlace {
  readonly podIP: string;
  readonly hostIP: string;
}

/** The value of a `fieldRef`. Throws for a field that the downward API does not have. */
export function fieldValue(pod: Pod, place: PodPlace, fieldPath: string): string {
  const subscript = /^metadata\.(annotations|labels)\['([^']+)'\]$/.exec(fieldPath);
  if (subscript !== null) {
    const [, map, key = ""] = subscript;
    return (map === "labels" ? pod.metadata.labels : pod.metadata.annotations)?.[key] ?? "";
  }
  const value = FIELDS[fieldPath]?.(pod, place);
  if (value === undefined) throw new Error(`the downward API has no field ${fieldPath}`);
  return value;
}

const FIELDS: Readonly<Record<string, (pod: Pod, place: PodPlace) => string>> = {
  "metadata.name": (pod) => pod.metadata.name,
  "metadata.namespace": (pod) => pod.metadata.namespace ?? "",
  "metadata.uid": (pod) => pod.metadata.uid ?? "",
  "metadata.labels": (pod) => mapText(pod.metadata.labels),
  "metadata.annotations": (pod) => mapText(pod.metadata.annotations),
  "spec.nodeName": (pod) => pod.spec.nodeName ?? "",
  "spec.serviceAccountName": (pod) => pod.spec.serviceAccountName ?? "default",
  "status.podIP": (_pod, place) => place.podIP,
  "status.podIPs": (_pod, place) => place.podIP,
  "status.hostIP": (_pod, place) => place.hostIP,
  "status.hostIPs": (_pod, place) => place.hostIP,
};

/** Lines `key="value"` in order of their keys, without a line end after the last one. */
export function mapText(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${goQuote(value)}`)
    .join("\n");
}

const GO_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** Go's `%q`: what is not printable is escaped, letters of any script stay. */
function goQuote(text: string): string {
  const inside = text.replaceAll(/["\\]|(?! )[\p{C}\p{Z}]/gu, (character) => {
    const escaped = GO_ESCAPES[character];
    if (escaped !== undefined) return escaped;
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) return `\\x${hex(code, 2)}`;
    return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
  });
  return `"${inside}"`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
