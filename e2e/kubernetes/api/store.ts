// All objects, in memory, with one revision counter over everything and a bounded history of changes, which
// is what lists at a revision and watches live on (etcd's part). Objects are immutable values: a change
// replaces them, so history costs no copies.
//
// Listeners are told synchronously, in order; a listener must not write, or later listeners would see
// changes in another order. It queues and returns.
import { must } from "../../../operator/assert.ts";
import type { KubeObject } from "./object.ts";
import { keyFor, keyOf, withMetadata } from "./object.ts";

export interface Change {
  readonly revision: number;
  readonly collection: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** As it is now; of a deletion its last state, stamped with the deletion's revision. */
  readonly object: KubeObject;
  /** As it was; absent for ADDED. */
  readonly previous?: KubeObject;
}

export class Store {
  readonly #collections = new Map<string, Map<string, KubeObject>>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #window: number;
  #history: Change[] = [];
  #revision = 1;
  #compacted = 0;

  /** Remembers at least `window` changes; twice as many at most. */
  constructor(window: number) {
    this.#window = window;
  }

  get revision(): number {
    return this.#revision;
  }

  get(collection: string, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#collections.get(collection)?.get(keyFor(namespace, name));
  }

  /** Sorted by namespace and name. */
  list(collection: string): KubeObject[] {
    return sorted(this.#collections.get(collection) ?? new Map<string, KubeObject>());
  }

  /** As it was at that revision; undefined when that is no longer known. */
  listAt(collection: string, revision: number): KubeObject[] | undefined {
    const later = this.changesAfter(revision);
    if (later === undefined) return undefined;
    const objects = new Map(this.#collections.get(collection));
    for (const change of later.toReversed()) {
      if (change.collection !== collection) continue;
      if (change.previous === undefined) objects.delete(keyOf(change.object));
      else objects.set(keyOf(change.object), change.previous);
    }
    return sorted(objects);
  }

  /** Everything that happened after that revision; undefined when that is no longer known. */
  changesAfter(revision: number): readonly Change[] | undefined {
    if (revision < this.#compacted) return undefined;
    return this.#history.filter((change) => change.revision > revision);
  }

  /** Makes or replaces it; the result carries the new resourceVersion. */
  put(collection: string, object: KubeObject): KubeObject {
    const previous = this.get(collection, object.metadata.namespace, object.metadata.name);
    const revision = this.#next();
    const stored = withMetadata(object, { resourceVersion: String(revision) });
    this.#objects(collection).set(keyOf(stored), stored);
    if (previous === undefined) this.#tell({ revision, collection, type: "ADDED", object: stored });
    else this.#tell({ revision, collection, type: "MODIFIED", object: stored, previous });
    return stored;
  }

  remove(collection: string, object: KubeObject): void {
    const previous = must(this.#objects(collection).get(keyOf(object)), keyOf(object));
    const revision = this.#next();
    const last = withMetadata(object, { resourceVersion: String(revision) });
    this.#objects(collection).delete(keyOf(object));
    this.#tell({ revision, collection, type: "DELETED", object: last, previous });
  }

  /** Forgets all history: every older revision is Expired from now on. */
  compact(): void {
    this.#history = [];
    // A new revision, so that even a client that saw the last change is too old now.
    this.#compacted = this.#next();
  }

  /** The result ends it. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #next(): number {
    this.#revision += 1;
    return this.#revision;
  }

  #objects(collection: string): Map<string, KubeObject> {
    const known = this.#collections.get(collection);
    if (known !== undefined) return known;
    const fresh = new Map<string, KubeObject>();
    this.#collections.set(collection, fresh);
    return fresh;
  }

  #tell(change: Change): void {
    this.#history.push(change);
    if (this.#history.length > 2 * this.#window) {
      const dropped = this.#history.splice(0, this.#window);
      this.#compacted = must(dropped.at(-1)).revision;
    }
    for (const listener of this.#listeners) listener(change);
  }
}

function sorted(objects: ReadonlyMap<string, KubeObject>): KubeObject[] {
  return [...objects.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}
