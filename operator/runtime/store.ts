// What an informer knows of one kind: objects by key, and by whatever else somebody looks them up. Objects
// are shared with everybody who reads them and never changed.
import type { KubernetesObject, ObjectKey } from "./api.ts";
import { keyOf, keyText } from "./keys.ts";

/** Answers a lookup: the objects that `valuesOf` filed under `value`, in no particular order. */
export type Index<T> = (value: string) => readonly T[];

/** The reader's side: as new as the last event that came, which may be behind the API server. */
export interface Store<T extends KubernetesObject> {
  readonly size: number;
  get(key: ObjectKey): T | undefined;
  /** Of one namespace, or all of them. */
  list(namespace?: string): readonly T[];
  /** Files every object, now and later, under the values a pure function gives for it. */
  index(valuesOf: (object: T) => Iterable<string>): Index<T>;
}

interface Filing<T> {
  readonly valuesOf: (object: T) => Iterable<string>;
  readonly filed: Map<string, Map<string, T>>;
}

/** The informer's side. */
export class ObjectStore<T extends KubernetesObject> implements Store<T> {
  readonly #objects = new Map<string, T>();
  readonly #filings: Filing<T>[] = [];
  readonly #byNamespace: Index<T>;

  constructor() {
    this.#byNamespace = this.index((object) => [object.metadata.namespace ?? ""]);
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(keyText(key));
  }

  list(namespace?: string): readonly T[] {
    return namespace === undefined ? [...this.#objects.values()] : this.#byNamespace(namespace);
  }

  index(valuesOf: (object: T) => Iterable<string>): Index<T> {
    const filing: Filing<T> = { valuesOf, filed: new Map() };
    this.#filings.push(filing);
    for (const [key, object] of this.#objects) file(filing, key, object);
    return (value) => [...(filing.filed.get(value)?.values() ?? [])];
  }

  set(object: T): void {
    const key = keyText(keyOf(object));
    this.#remove(key);
    this.#objects.set(key, object);
    for (const filing of this.#filings) file(filing, key, object);
  }

  delete(object: T): void {
    this.#remove(keyText(keyOf(object)));
  }

  #remove(key: string): void {
    const before = this.#objects.get(key);
    if (before === undefined) return;
    this.#objects.delete(key);
    for (const filing of this.#filings) unfile(filing, key, before);
  }
}

function file<T>({ valuesOf, filed }: Filing<T>, key: string, object: T): void {
  for (const value of valuesOf(object)) {
    let objects = filed.get(value);
    if (objects === undefined) filed.set(value, (objects = new Map<string, T>()));
    objects.set(key, object);
  }
}

function unfile<T>({ valuesOf, filed }: Filing<T>, key: string, object: T): void {
  for (const value of valuesOf(object)) {
    const objects = filed.get(value);
    objects?.delete(key);
    if (objects?.size === 0) filed.delete(value);
  }
}

/** Values for an index by a label. */
export function byLabel(label: string): (object: KubernetesObject) => readonly string[] {
  return (object) => {
    const value = object.metadata.labels?.[label];
    return value === undefined ? [] : [value];
  };
}
