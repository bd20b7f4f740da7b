// Watches: the changes of one kind after a revision, as a selector sees them. An object that begins to match
// is ADDED, one that stops is DELETED, whatever happened to it really.
//
// A client that does not read is cut off once too much waits for it: its next watch, from where it was, brings
// what it missed, or 410.
import type { ServerResponse } from "node:http";
import type { Clock } from "../../../operator/clock.ts";
import type { Fields, KubeObject } from "./object.ts";
import { withMetadata } from "./object.ts";
import { selectorOf } from "./reads.ts";
import type { Selection } from "./reads.ts";
import type { Registry } from "./registry.ts";
import { shownAs } from "./registry.ts";
import type { Resource } from "./resource.ts";
import { apiVersionOf } from "./resource.ts";
import type { Selector } from "./selectors.ts";
import { expired } from "./status.ts";
import type { Change } from "./store.ts";

export interface WatchOptions extends Selection {
  /** 0: begin with everything there is now. */
  readonly revision: number;
  readonly bookmarks: boolean;
  /** Everything there is now, and a bookmark that says so. */
  readonly sendInitialEvents: boolean;
  readonly timeoutMs: number;
  readonly bookmarkMs: number;
  /** Cut the client when this much waits for it. */
  readonly bufferBytes: number;
  /** How an object is shown: as it is, or as a Table. */
  readonly show: (object: KubeObject, first: boolean) => unknown;
}

/** Answers with the stream; it ends by itself, by timeout, or when the client goes. */
export function serveWatch(
  registry: Registry,
  resource: Resource,
  options: WatchOptions,
  response: ServerResponse,
): void {
  response.writeHead(200, { "content-type": "application/json", "transfer-encoding": "chunked" });
  response.flushHeaders();
  const stream = new WatchStream(registry, resource, options, response);
  stream.start();
}

class WatchStream {
  readonly #registry: Registry;
  readonly #resource: Resource;
  readonly #options: WatchOptions;
  readonly #response: ServerResponse;
  readonly #matches: Selector;
  readonly #clock: Clock;
  #revision: number;
  #first = true;
  #timers: (() => void)[] = [];

  constructor(
    registry: Registry,
    resource: Resource,
    options: WatchOptions,
    response: ServerResponse,
  ) {
    this.#registry = registry;
    this.#resource = resource;
    this.#options = options;
    this.#response = response;
    this.#clock = registry.clock;
    this.#matches = selectorOf(resource, options);
    this.#revision = options.revision;
  }

  start(): void {
    const { store } = this.#registry;
    const fromNow = this.#revision === 0 || this.#options.sendInitialEvents;
    const missed = fromNow ? [] : store.changesAfter(this.#revision);
    if (missed === undefined) {
      const why = `too old resource version: ${this.#revision} (${store.revision})`;
      this.#send("ERROR", expired(why).toStatus());
      this.#response.end();
      return;
    }
    if (fromNow) this.#sendAll();
    for (const change of missed) this.#see(change);
    const unsubscribe = store.subscribe((change) => this.#see(change));
    this.#response.on("close", () => {
      unsubscribe();
      this.#timers.forEach((cancel) => cancel());
    });
    this.#timers.push(this.#clock.after(this.#options.timeoutMs, () => this.#finish()));
    if (this.#options.bookmarks) this.#bookmarkLater();
  }

  #sendAll(): void {
    const { store } = this.#registry;
    this.#revision = store.revision;
    const objects = store.list(this.#resource.collection);
    for (const object of objects.map((o) => shownAs(this.#resource, o)).filter(this.#matches)) {
      this.#send("ADDED", object);
    }
    if (this.#options.sendInitialEvents) this.#bookmark({ "k8s.io/initial-events-end": "true" });
  }

  #see(change: Change): void {
    this.#revision = change.revision;
    if (change.collection !== this.#resource.collection) return;
    const object = shownAs(this.#resource, change.object);
    const { previous } = change;
    const matched = previous !== undefined && this.#matches(shownAs(this.#resource, previous));
    const matches = change.type !== "DELETED" && this.#matches(object);
    if (matches) this.#send(matched ? "MODIFIED" : "ADDED", object);
    else if (matched) this.#send("DELETED", this.#lastSeen(change, object));
  }

  /** What the client knew, at the revision at which it stopped to be true. */
  #lastSeen({ type, previous, revision }: Change, object: KubeObject): KubeObject {
    if (type === "DELETED" || previous === undefined) return object;
    return withMetadata(shownAs(this.#resource, previous), { resourceVersion: String(revision) });
  }

  #bookmarkLater(): void {
    const cancel = this.#clock.after(this.#options.bookmarkMs, () => {
      this.#timers = this.#timers.filter((timer) => timer !== cancel);
      this.#bookmark();
      this.#bookmarkLater();
    });
    this.#timers.push(cancel);
  }

  #bookmark(annotations?: Readonly<Record<string, string>>): void {
    const object = {
      apiVersion: apiVersionOf(this.#resource),
      kind: this.#resource.kind,
      metadata: {
        resourceVersion: String(this.#revision),
        creationTimestamp: null,
        ...(annotations === undefined ? {} : { annotations }),
      },
    };
    this.#send("BOOKMARK", object);
  }

  #finish(): void {
    if (this.#options.bookmarks) this.#bookmark();
    this.#response.end();
  }

  #send(type: string, object: Fields): void {
    if (this.#response.destroyed || this.#response.writableEnded) return;
    const isObject = type !== "ERROR" && type !== "BOOKMARK";
    const shown = isObject ? this.#options.show(object as KubeObject, this.#first) : object;
    if (isObject) this.#first = false;
    this.#response.write(`${JSON.stringify({ type, object: shown })}\n`);
    if (this.#response.writableLength > this.#options.bufferBytes) this.#response.destroy();
  }
}
