// Keeps a copy of the objects of one kind, and tells who listens what changed. Where they come from, and that
// nothing ends it, is the reflectors' matter: one for all namespaces, or one for each that is watched.
//
// What would surprise: changes are not events. What happened between two lists comes as one change, or as
// none if nothing of it is left. An object deleted and made again under its name comes as two.
import { describeError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Kind, KubernetesObject, Selection } from "./api.ts";
import type { HealthCheck } from "./health.ts";
import { keyOf, keyText } from "./keys.ts";
import type { ReflectorDeps } from "./reflector.ts";
import { Reflector } from "./reflector.ts";
import type { Store } from "./store.ts";
import { ObjectStore } from "./store.ts";

/** What an informer keeps. */
export interface Scope extends Omit<Selection, "namespace"> {
  /** Absent: all of them. */
  readonly namespaces?: readonly string[];
}

export interface InformerOptions<T = KubernetesObject> {
  /** What is kept of an object; a pure function. Default all: of pods and Jobs nine tenths are a spec nobody reads. */
  readonly keep?: (object: T) => T;
  /** Default 250: a page stays far below what the client accepts in one answer. */
  readonly pageSize?: number;
  /** Every object is announced again this often, in case somebody lost one. Default an hour. */
  readonly resyncMs?: number;
}

/** Added: only `after`. Deleted: only `before`. Both the same object: a resync, nothing changed. */
export interface Change<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

export type Listener<T> = (change: Change<T>) => void;

export class Informer<T extends KubernetesObject> {
  readonly kind: Kind<T>;
  /** Resolves when all was listed once. */
  readonly synced: Promise<void>;
  readonly #deps: ReflectorDeps;
  readonly #resyncMs: number;
  readonly #log: Log;
  readonly #reflectors: readonly Reflector<T>[];
  readonly #store = new ObjectStore<T>();
  readonly #listeners = new Set<Listener<T>>();

  constructor(
    deps: ReflectorDeps,
    kind: Kind<T>,
    { namespaces, ...selectors }: Scope,
    options: InformerOptions<T> = {},
  ) {
    this.#deps = deps;
    this.kind = kind;
    this.#resyncMs = options.resyncMs ?? 3_600_000;
    this.#log = deps.log.child({ informer: kind.plural });
    const keep = options.keep ?? ((object) => object);
    const pageSize = options.pageSize ?? 250;
    const selections: readonly Selection[] = namespaces?.map((namespace) => ({
      ...selectors,
      namespace,
    })) ?? [selectors];
    this.#reflectors = selections.map((selection) => {
      const sink = this.#sink(selection.namespace);
      return new Reflector(deps, kind, { selection, sink, keep, pageSize });
    });
    this.synced = Promise.all(this.#reflectors.map(({ synced }) => synced)).then(() => {});
  }

  get store(): Store<T> {
    return this.#store;
  }

  get isSynced(): boolean {
    return this.#reflectors.every(({ isSynced }) => isSynced);
  }

  /**
   * Announces what is there now, then every change. A listener that throws is logged and called again
   * next time. The result ends it.
   */
  subscribe(listener: Listener<T>): () => void {
    this.#listeners.add(listener);
    for (const object of this.#store.list()) {
      this.#call(listener, { before: undefined, after: object });
    }
    return () => this.#listeners.delete(listener);
  }

  get health(): HealthCheck {
    const troubles = (): string | undefined =>
      this.#reflectors.flatMap(({ trouble }) => trouble ?? []).join("; ") || undefined;
    return { name: `informer ${this.kind.plural}`, ready: troubles };
  }

  /** Runs until the signal is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const stopResync = this.#startResync();
    await Promise.all(this.#reflectors.map((reflector) => reflector.run(signal)));
    stopResync();
  }

  #sink(namespace: string | undefined) {
    return {
      replace: (objects: readonly T[]) => this.#replace(namespace, objects),
      set: (object: T) => this.#set(object),
      delete: (object: T) => this.#delete(object),
    };
  }

  #replace(namespace: string | undefined, objects: readonly T[]): void {
    const listed = new Set(objects.map((object) => keyText(keyOf(object))));
    for (const object of this.#store.list(namespace)) {
      if (!listed.has(keyText(keyOf(object)))) this.#delete(object);
    }
    for (const object of objects) this.#set(object);
  }

  #set(after: T): void {
    const before = this.#store.get(keyOf(after));
    if (before !== undefined && isSameVersion(before, after)) return;
    this.#store.set(after);
    if (before !== undefined && before.metadata.uid !== after.metadata.uid) {
      this.#announce({ before, after: undefined });
      this.#announce({ before: undefined, after });
    } else {
      this.#announce({ before, after });
    }
  }

  #delete(object: T): void {
    if (this.#store.get(keyOf(object)) === undefined) return;
    this.#store.delete(object);
    this.#announce({ before: object, after: undefined });
  }

  #announce(change: Change<T>): void {
    this.#deps.metrics.informerObjects.set({ kind: this.kind.plural }, this.#store.size);
    for (const listener of this.#listeners) this.#call(listener, change);
  }

  #call(listener: Listener<T>, change: Change<T>): void {
    try {
      listener(change);
    } catch (error) {
      this.#log.error(
        "a listener failed; its controller may have missed a change until the resync",
        {
          error: describeError(error),
          stack: error instanceof Error ? error.stack : undefined,
        },
      );
    }
  }

  #startResync(): () => void {
    const { clock } = this.#deps;
    const again = () => {
      for (const object of this.#store.list()) this.#announce({ before: object, after: object });
      cancel = clock.after(this.#resyncMs, again);
    };
    let cancel = clock.after(this.#resyncMs, again);
    return () => cancel();
  }
}

function isSameVersion(a: KubernetesObject, b: KubernetesObject): boolean {
  const { resourceVersion, uid } = a.metadata;
  return (
    resourceVersion !== undefined &&
    resourceVersion === b.metadata.resourceVersion &&
    uid === b.metadata.uid
  );
}
