// Kinds that are little more than data: ConfigMap, ServiceAccount, Lease, EndpointSlice.
import type { FieldError } from "../field-error.ts";
import { fieldForbidden, required } from "../field-error.ts";
import type { KubeObject } from "../object.ts";
import { at, fieldsAt, listAt, sameValue, textAt } from "../object.ts";
import { builtIn } from "../resource.ts";
import { AGE, NAME } from "./columns.ts";

export const configMaps = builtIn({
  plural: "configmaps",
  kind: "ConfigMap",
  shortNames: ["cm"],
  columns: [NAME, { name: "Data", type: "string", cell: countData }, AGE],
  rules: { validate: checkImmutable },
});

export const serviceAccounts = builtIn({
  plural: "serviceaccounts",
  kind: "ServiceAccount",
  shortNames: ["sa"],
  columns: [
    NAME,
    { name: "Secrets", type: "string", cell: (o) => listAt(o, "secrets").length },
    AGE,
  ],
});

export const leases = builtIn({
  group: "coordination.k8s.io",
  plural: "leases",
  kind: "Lease",
  columns: [
    NAME,
    { name: "Holder", type: "string", cell: (o) => textAt(o, "spec", "holderIdentity") ?? "" },
    AGE,
  ],
});

export const endpointSlices = builtIn({
  group: "discovery.k8s.io",
  plural: "endpointslices",
  kind: "EndpointSlice",
  hasGeneration: true,
  columns: [
    NAME,
    { name: "AddressType", type: "string", cell: (o) => o["addressType"] },
    { name: "Ports", type: "string", cell: (o) => shownList(listAt(o, "ports"), "port") },
    { name: "Endpoints", type: "string", cell: shownAddresses },
    AGE,
  ],
  rules: {
    validate: (o) => (textAt(o, "addressType") === undefined ? [required("addressType")] : []),
  },
});

export function countData(object: KubeObject): number {
  const data = Object.keys(fieldsAt(object, "data")).length;
  return data + Object.keys(fieldsAt(object, "binaryData")).length;
}

/** ConfigMaps and Secrets may declare themselves immutable, for good. */
export function checkImmutable(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  if (old?.["immutable"] !== true) return [];
  const changed = ["data", "binaryData", "immutable"].filter((f) => !sameValue(object[f], old[f]));
  return changed.map((f) => fieldForbidden(f, "field is immutable when `immutable` is set"));
}

function shownList(items: readonly unknown[], field: string): string {
  return items.length === 0 ? "<unset>" : items.map((item) => String(at(item, field))).join(",");
}

function shownAddresses(object: KubeObject): string {
  const all = listAt(object, "endpoints").flatMap((endpoint) => listAt(endpoint, "addresses"));
  if (all.length === 0) return "<unset>";
  const more = all.length > 3 ? ` + ${all.length - 3} more...` : "";
  return all.slice(0, 3).join(",") + more;
}
