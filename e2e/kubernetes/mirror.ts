// What a part of the harness knows of one kind of object: listed, watched, listed again when the watch
// ends in a way that may have lost something. It never gives up until its signal says so; changes that a
// gap hid are found by comparing.
import { setTimeout as sleep } from "node:timers/promises";
import type { Kind, KubernetesObject, Selection } from "../../operator/runtime/api.ts";
import type { KubernetesClient } from "./client.ts";
import { keyOf } from "./core.ts";

const RETRY_MS = 200;

export interface MirrorOptions<T extends KubernetesObject> {
  readonly client: KubernetesClient;
  readonly kind: Kind<T>;
  readonly selection?: Selection;
  /** Called in order for each change; `gone` with the object's last state. Must not throw. */
  readonly changed?: (object: T, gone: boolean) => void;
  readonly signal: AbortSignal;
}

export class Mirror<T extends KubernetesObject> {
  /** By `namespace/name`. */
  readonly objects = new Map<string, T>();
  /** Resolves after the first list; never rejects. */
  readonly synced: Promise<void>;
  /** Resolves when the signal was aborted and nothing is called any more. */
  readonly ended: Promise<void>;
  readonly #options: MirrorOptions<T>;
  readonly #listed = Promise.withResolvers<void>();

  constructor(options: MirrorOptions<T>) {
    this.#options = options;
    this.synced = this.#listed.promise;
    this.ended = this.#run();
  }

  values(): readonly T[] {
    return [...this.objects.values()];
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    let version: string | undefined;
    while (!signal.aborted) {
      try {
        version ??= await this.#list();
        version = await this.#watch(version);
      } catch {
        // Whatever it was (410, a server that is away): the next list tells what is true.
        version = undefined;
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
    this.#listed.resolve();
  }

  async #list(): Promise<string> {
    const { client, kind, selection, signal } = this.#options;
    const { items, resourceVersion } = await client.list(kind, selection ?? {});
    // A node without power must not start what it had just asked for.
    signal.throwIfAborted();
    const listed = new Map(items.map((item) => [keyOf(item), item]));
    for (const [key, object] of this.objects) {
      const now = listed.get(key);
      if (now?.metadata.uid !== object.metadata.uid) this.#take(object, true);
    }
    for (const [key, object] of listed) {
      const before = this.objects.get(key);
      if (before?.metadata.resourceVersion !== object.metadata.resourceVersion) {
        this.#take(object, false);
      }
    }
    this.#listed.resolve();
    return resourceVersion;
  }

  /** The version to go on from. */
  async #watch(from: string): Promise<string> {
    const { client, kind, selection, signal } = this.#options;
    let version = from;
    const watch = { ...selection, resourceVersion: version, signal };
    for await (const event of client.watch(kind, watch)) {
      if (signal.aborted) break;
      if (event.type === "BOOKMARK") {
        version = event.resourceVersion;
      } else {
        this.#take(event.object, event.type === "DELETED");
        version = event.object.metadata.resourceVersion ?? version;
      }
    }
    return version;
  }

  #take(object: T, gone: boolean): void {
    const key = keyOf(object);
    if (gone) this.objects.delete(key);
    else this.objects.set(key, object);
    this.#options.changed?.(object, gone);
  }
}
