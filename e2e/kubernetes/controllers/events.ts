// Events that controllers write about objects, and the end of all events: an hour after they were last
// written, as in a real cluster. The same thing said again raises a count; what is said of objects in
// terminating namespaces is lost, as in a real cluster too.
import { remove } from "../api/deletion.ts";
import { coreEvents } from "../api/kinds/events.ts";
import type { KubeObject } from "../api/object.ts";
import { keyOf, numberAt, textAt } from "../api/object.ts";
import type { Registry } from "../api/registry.ts";
import { StatusError } from "../api/status.ts";
import type { Change } from "../api/store.ts";
import type { Controller } from "./loop.ts";
import { splitKey } from "./loop.ts";

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
}

function write(registry: Registry, namespace: string, event: object): void {
  try {
    registry.create(coreEvents, namespace, event);
  } catch (error) {
    if (error instanceof StatusError && [403, 404].includes(error.code)) return;
    throw error;
  }
}

const TTL_MS = 60 * 60 * 1000;

/** Removes events when their hour is over: they would be the one thing here that only grows. */
export class EventExpiry implements Controller {
  readonly name = "event expiry";
  readonly #registry: Registry;
  readonly #writtenMs = new Map<string, number>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  keysOf({ collection, object, type }: Change): readonly string[] {
    if (collection !== coreEvents.collection) return [];
    const key = keyOf(object);
    if (type === "DELETED") this.#writtenMs.delete(key);
    else this.#writtenMs.set(key, this.#registry.clock.monotonic());
    return [key];
  }

  reconcile(key: string): number | undefined {
    const { namespace, name } = splitKey(key);
    const event = this.#registry.find(coreEvents, namespace, name);
    if (event === undefined) return undefined;
    const now = this.#registry.clock.monotonic();
    const leftMs = (this.#writtenMs.get(key) ?? now) + TTL_MS - now;
    if (leftMs > 0) return leftMs;
    remove(this.#registry, coreEvents, { namespace, name });
    return undefined;
  }
}
