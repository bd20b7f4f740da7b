// What the API in memory stores: objects by kind and key, one version counter for all, and the history that
// watches read. Copies in and out, so nobody changes what is stored by accident.
import type { Kind, KubernetesObject, ObjectKey, Selection, WatchEvent } from "../api.ts";
import { ApiError } from "../api.ts";
import { keyOf, keyText } from "../keys.ts";
import { selects } from "./selectors.ts";

export type Stored = KubernetesObject & Record<string, unknown>;

/** What identifies a kind here: `Kind` without its type. */
export type AnyKind = Pick<Kind<KubernetesObject>, "apiVersion" | "kind">;

interface Row {
  readonly kind: AnyKind;
  readonly object: Stored;
}

interface Entry extends Row {
  readonly version: number;
  readonly isGone: boolean;
  /** As it was: an object that leaves a selection is DELETED for who watches that. */
  readonly before: Stored | undefined;
}

export class ObjectTable {
  /** `apiVersion/Kind namespace/name`. */
  readonly #rows = new Map<string, Row>();
  readonly #history: Entry[] = [];
  readonly #wakers = new Set<() => void>();
  #version = 100;
  #compactedTo = 0;
  #bookmarks = 0;
  #cuts = 0;

  get version(): number {
    return this.#version;
  }

  get(kind: AnyKind, key: ObjectKey): Stored | undefined {
    return this.#rows.get(rowId(kind, key))?.object;
  }

  ofKind(kind: AnyKind): readonly Stored[] {
    return [...this.#rows]
      .filter(([, row]) => isSameKind(row.kind, kind))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { object }]) => object);
  }

  /** Makes or replaces it, under a new version. */
  put(kind: AnyKind, object: Stored): Stored {
    const id = rowId(kind, keyOf(object));
    const stored = this.#record(kind, object, { before: this.#rows.get(id)?.object });
    this.#rows.set(id, { kind, object: stored });
    return structuredClone(stored);
  }

  remove(kind: AnyKind, object: Stored): Stored {
    this.#rows.delete(rowId(kind, keyOf(object)));
    return structuredClone(this.#record(kind, object, { before: object, isGone: true }));
  }

  /** What has owners, none of which is there any more. */
  orphans(): readonly Row[] {
    const uids = new Set([...this.#rows.values()].map(({ object }) => object.metadata.uid));
    return [...this.#rows.values()].filter(({ object: { metadata } }) => {
      const owners = metadata.ownerReferences ?? [];
      return owners.length > 0 && !owners.some(({ uid }) => uids.has(uid));
    });
  }

  compact(keep = 0): void {
    if (this.#history.length <= keep && keep > 0) return;
    this.#history.splice(0, this.#history.length - keep);
    this.#compactedTo = (this.#history[0]?.version ?? this.#version + 1) - 1;
    this.#wake();
  }

  bookmark(): void {
    this.#bookmarks += 1;
    this.#wake();
  }

  endWatches(): void {
    this.#cuts += 1;
    this.#wake();
  }

  requireKept(version: number): void {
    if (version < this.#compactedTo) throw new ApiError(410, "Expired", "too old resource version");
  }

  async *watch(
    kind: AnyKind,
    selection: Selection & { readonly resourceVersion: string; readonly signal: AbortSignal },
  ): AsyncGenerator<WatchEvent<Stored>> {
    const cuts = this.#cuts;
    let bookmarks = this.#bookmarks;
    let seen = Number(selection.resourceVersion);
    while (cuts === this.#cuts) {
      selection.signal.throwIfAborted();
      this.requireKept(seen);
      for (const entry of this.#history.filter(({ version }) => version > seen)) {
        seen = entry.version;
        const event = isSameKind(entry.kind, kind) ? eventOf(entry, selection) : undefined;
        if (event !== undefined) yield event;
      }
      if (bookmarks !== this.#bookmarks) {
        bookmarks = this.#bookmarks;
        yield { type: "BOOKMARK", resourceVersion: String(this.#version) };
      } else if (cuts === this.#cuts && seen >= this.#compactedTo) {
        await this.#news(seen, selection.signal);
      }
    }
  }

  #record(
    kind: AnyKind,
    object: Stored,
    how: { readonly before: Stored | undefined; readonly isGone?: boolean },
  ): Stored {
    this.#version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    const stored = structuredClone({ ...object, metadata });
    this.#history.push({ version: this.#version, kind, object: stored, isGone: false, ...how });
    this.#wake();
    return stored;
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
  }

  async #news(seen: number, signal: AbortSignal): Promise<void> {
    if (this.#history.some(({ version }) => version > seen) || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    this.#wakers.add(wake);
    signal.addEventListener("abort", wake);
    await promise;
    this.#wakers.delete(wake);
    signal.removeEventListener("abort", wake);
  }
}

function eventOf(entry: Entry, selection: Selection): WatchEvent<Stored> | undefined {
  const is = !entry.isGone && selects(selection, entry.object);
  const was = entry.before !== undefined && selects(selection, entry.before);
  if (!is && !was) return undefined;
  const object = structuredClone(entry.object);
  if (!is) return { type: "DELETED", object };
  return { type: was ? "MODIFIED" : "ADDED", object };
}

function isSameKind(a: AnyKind, b: AnyKind): boolean {
  return a.kind === b.kind && a.apiVersion === b.apiVersion;
}

function rowId({ apiVersion, kind }: AnyKind, key: ObjectKey): string {
  return `${apiVersion}/${kind} ${keyText(key)}`;
}
