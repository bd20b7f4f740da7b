// Events in both their shapes. One store holds them, as core/v1; events.k8s.io/v1 is a view with other names
// for the same fields, as in the real server.
import { age } from "../age.ts";
import type { FieldError } from "../field-error.ts";
import { invalid } from "../field-error.ts";
import type { Fields, KubeObject } from "../object.ts";
import { at, fieldsAt, textAt, without } from "../object.ts";
import type { Column } from "../resource.ts";
import { builtIn } from "../resource.ts";
import { NAME } from "./columns.ts";

const INVOLVED = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];

const COLUMNS: readonly Column[] = [
  { name: "Last Seen", type: "string", cell: (o, nowMs) => age(lastSeen(core(o)), nowMs) },
  { name: "Type", type: "string", cell: (o) => o["type"] },
  { name: "Reason", type: "string", cell: (o) => o["reason"] },
  { name: "Object", type: "string", cell: (o) => involved(core(o)) },
  {
    name: "Subobject",
    type: "string",
    priority: 1,
    cell: (o) => at(core(o), "involvedObject", "fieldPath") ?? "",
  },
  { name: "Source", type: "string", priority: 1, cell: (o) => source(core(o)) },
  { name: "Message", type: "string", cell: (o) => textAt(core(o), "message")?.trim() ?? "" },
  {
    name: "First Seen",
    type: "string",
    priority: 1,
    cell: (o, nowMs) => age(firstSeen(core(o)), nowMs),
  },
  { name: "Count", type: "string", priority: 1, cell: (o) => at(core(o), "count") ?? 1 },
  { ...NAME, priority: 1 },
];

export const coreEvents = builtIn({
  plural: "events",
  kind: "Event",
  shortNames: ["ev"],
  selectableFields: [
    ...INVOLVED.map((field) => `involvedObject.${field}`),
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
  columns: COLUMNS,
  rules: { validate: checkNamespace },
});

export const events = builtIn({
  group: "events.k8s.io",
  plural: "events",
  kind: "Event",
  shortNames: ["ev"],
  collection: coreEvents.collection,
  selectableFields: [...INVOLVED.map((field) => `regarding.${field}`), "reason", "type"],
  columns: COLUMNS,
  rules: { validate: checkNamespace },
  conversion: { toStored, fromStored },
});

/** Rows: the name in core/v1, and in events.k8s.io/v1. */
const RENAMED: readonly (readonly [core: string, event: string])[] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
];

function toStored(event: KubeObject): KubeObject {
  return { ...renamed(event, 1, 0), apiVersion: "v1" };
}

function fromStored(event: KubeObject): KubeObject {
  return { ...renamed(event, 0, 1), apiVersion: "events.k8s.io/v1" };
}

function renamed(event: KubeObject, from: 0 | 1, to: 0 | 1): KubeObject {
  const moved = RENAMED.filter((row) => event[row[from]] !== undefined);
  const values = moved.map((row) => [row[to], event[row[from]]] as const);
  return { ...without(event, ...moved.map((row) => row[from])), ...Object.fromEntries(values) };
}

function core(event: KubeObject): KubeObject {
  return event.apiVersion === "v1" ? event : toStored(event);
}

function checkNamespace(event: KubeObject): FieldError[] {
  const about = fieldsAt(core(event), "involvedObject");
  const namespace = textAt(about, "namespace");
  const home = namespace ?? "default";
  if (home === event.metadata.namespace) return [];
  return [invalid("involvedObject.namespace", namespace ?? "", "does not match event.namespace")];
}

function lastSeen(event: Fields): unknown {
  return (
    textAt(event, "series", "lastObservedTime") ??
    event["lastTimestamp"] ??
    event["eventTime"] ??
    at(event, "metadata", "creationTimestamp")
  );
}

function firstSeen(event: Fields): unknown {
  return (
    event["firstTimestamp"] ?? event["eventTime"] ?? at(event, "metadata", "creationTimestamp")
  );
}

function involved(event: Fields): string {
  const kind = textAt(event, "involvedObject", "kind")?.toLowerCase() ?? "";
  return `${kind}/${textAt(event, "involvedObject", "name") ?? ""}`;
}

function source(event: Fields): string {
  const component =
    textAt(event, "source", "component") ?? textAt(event, "reportingComponent") ?? "";
  const host = textAt(event, "source", "host");
  return host === undefined ? component : `${component}, ${host}`;
}
