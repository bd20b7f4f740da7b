// Namespaces and Nodes: the kinds without a namespace.
import type { KubeObject } from "../object.ts";
import {
  at,
  fieldsAt,
  isTerminating,
  listAt,
  textAt,
  withDefaults,
  withMetadata,
} from "../object.ts";
import { builtIn } from "../resource.ts";
import { AGE, NAME } from "./columns.ts";

/** Keeps a namespace until its content is gone; it is in spec.finalizers, not in metadata. */
export const NAMESPACE_FINALIZER = "kubernetes";

export const namespaces = builtIn({
  plural: "namespaces",
  kind: "Namespace",
  shortNames: ["ns"],
  namespaced: false,
  hasStatus: true,
  subresources: ["finalize"],
  selectableFields: ["status.phase"],
  columns: [
    NAME,
    { name: "Status", type: "string", cell: (o) => textAt(o, "status", "phase") },
    AGE,
  ],
  rules: {
    admit: (namespace) => {
      const labels = {
        ...namespace.metadata.labels,
        "kubernetes.io/metadata.name": namespace.metadata.name,
      };
      const spec = { finalizers: [NAMESPACE_FINALIZER] };
      return { ...withMetadata(namespace, { labels }), spec, status: { phase: "Active" } };
    },
    // spec.finalizers changes through the finalize subresource alone.
    keep: (namespace, old) => ({ ...namespace, spec: old["spec"] }),
  },
});

export const nodes = builtIn({
  plural: "nodes",
  kind: "Node",
  shortNames: ["no"],
  namespaced: false,
  hasStatus: true,
  selectableFields: ["spec.unschedulable"],
  columns: [
    NAME,
    { name: "Status", type: "string", cell: nodeStatus },
    { name: "Roles", type: "string", cell: roles },
    AGE,
    { name: "Version", type: "string", cell: (o) => info(o, "kubeletVersion") },
    { name: "Internal-IP", type: "string", priority: 1, cell: (o) => address(o, "InternalIP") },
    { name: "External-IP", type: "string", priority: 1, cell: (o) => address(o, "ExternalIP") },
    { name: "OS-Image", type: "string", priority: 1, cell: (o) => info(o, "osImage") },
    { name: "Kernel-Version", type: "string", priority: 1, cell: (o) => info(o, "kernelVersion") },
    {
      name: "Container-Runtime",
      type: "string",
      priority: 1,
      cell: (o) => info(o, "containerRuntimeVersion"),
    },
  ],
  rules: {
    // A kubelet registers its node with status and all.
    admit: (node) => withDefaults(node, { spec: {}, status: {} }) as KubeObject,
  },
});

function nodeStatus(node: KubeObject): string {
  const ready = listAt(node, "status", "conditions").find((c) => textAt(c, "type") === "Ready");
  const status = { True: "Ready", False: "NotReady", Unknown: "NotReady" }[
    textAt(ready, "status") ?? "Unknown"
  ];
  const shown = ready === undefined ? "Unknown" : (status ?? "Unknown");
  const cordoned = at(node, "spec", "unschedulable") === true ? ",SchedulingDisabled" : "";
  return `${shown}${cordoned}${isTerminating(node) ? ",Terminating" : ""}`;
}

function roles(node: KubeObject): string {
  const prefix = "node-role.kubernetes.io/";
  const found = Object.keys(fieldsAt(node, "metadata", "labels"))
    .filter((label) => label.startsWith(prefix))
    .map((label) => label.slice(prefix.length));
  return found.length === 0 ? "<none>" : found.sort().join(",");
}

function info(node: KubeObject, field: string): string {
  return textAt(node, "status", "nodeInfo", field) ?? "<unknown>";
}

function address(node: KubeObject, type: string): string {
  const found = listAt(node, "status", "addresses").find((a) => textAt(a, "type") === type);
  return textAt(found, "address") ?? "<none>";
}
