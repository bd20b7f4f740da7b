// Events that controllers write about objects. The same thing said again raises a count; events of objects in
// terminating namespaces are lost, as they are in a real cluster.
import { StatusError } from "../api/status.ts";
import { coreEvents } from "../api/kinds/events.ts";
import type { KubeObject } from "../api/object.ts";
import { numberAt, textAt } from "../api/object.ts";
import type { Registry } from "../api/registry.ts";

/** What of an object's events stays; older ones are deleted (the real server forgets them after an hour). */
const EVENTS_PER_OBJECT_MAX = 50;

export interface Said {
  readonly component: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

export function recordEvent(registry: Registry, about: KubeObject, said: Said): void {
  const { namespace = "default", name, uid, resourceVersion } = about.metadata;
  const mine = registry.store
    .list(coreEvents.collection)
    .filter((event) => textAt(event, "involvedObject", "uid") === uid);
  const same = mine.find((e) => e["reason"] === said.reason && e["message"] === said.message);
  if (same !== undefined) {
    const count = (numberAt(same, "count") ?? 1) + 1;
    registry.modify(coreEvents, same, (e) => ({ ...e, count, lastTimestamp: registry.now }));
    return;
  }
  const { apiVersion, kind } = about;
  const event = {
    metadata: { generateName: `${name.slice(0, 40)}.` },
    involvedObject: {
      apiVersion,
      kind,
      name,
      namespace: about.metadata.namespace,
      uid,
      resourceVersion,
    },
    reason: said.reason,
    message: said.message,
    source: { component: said.component },
    reportingComponent: said.component,
    type: said.type,
    count: 1,
    firstTimestamp: registry.now,
    lastTimestamp: registry.now,
  };
  write(registry, namespace, event);
  const [oldest] = mine.sort(
    (a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion),
  );
  if (mine.length >= EVENTS_PER_OBJECT_MAX && oldest !== undefined) {
    registry.store.remove(coreEvents.collection, oldest);
  }
}

function write(registry: Registry, namespace: string, event: object): void {
  try {
    registry.create(coreEvents, namespace, event);
  } catch (error) {
    if (error instanceof StatusError && [403, 404].includes(error.code)) return;
    throw error;
  }
}
