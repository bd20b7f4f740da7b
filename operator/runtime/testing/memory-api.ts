// The Kubernetes API in memory, for unit tests: one contract with client.ts (api-contract.ts).
//
// Left out, and no test should lean on it: schemas and defaults, namespaces that must exist, real field
// ownership (apply merges as a merge patch does and removes what the last apply had and this one has not;
// lists are replaced), Foreground deletion (works as Background).
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../clock.ts";
import { systemClock } from "../../clock.ts";
import type {
  Api,
  DeleteOptions,
  Kind,
  KubernetesObject,
  ListPage,
  LogOptions,
  ObjectKey,
  ObjectMeta,
  PatchOptions,
  Selection,
  WatchEvent,
} from "../api.ts";
import { ApiError } from "../api.ts";
import { keyOf, keyText } from "../keys.ts";
import { applyMergePatch, isRecord, makeMergePatch } from "../merge-patch.ts";
import type { AnyKind, Stored } from "./object-table.ts";
import { ObjectTable } from "./object-table.ts";
import { selects } from "./selectors.ts";

export type Verb = "get" | "list" | "watch" | "create" | "apply" | "patch" | "delete" | "log";

/** A write that took effect. */
export interface Write {
  readonly verb: "create" | "apply" | "patch" | "delete";
  readonly kind: string;
  readonly key: string;
  /** `status` for writes of the subresource. */
  readonly subresource?: "status";
  /** The object, patch or options that were sent. */
  readonly body: unknown;
}

/** One failure to come; crash tests place them after each effect. */
export interface Failure {
  /** Default: any. */
  readonly verb?: Verb;
  /** A `Kind.kind`. Default: any. */
  readonly kind?: string;
  /** `before`: nothing happened. `after`: it took effect and the answer was lost. Default before. */
  readonly when?: "before" | "after";
  readonly error: Error;
}

export interface MemoryApiOptions {
  readonly clock?: Clock;
  /** Collect what an object owns when it goes. Default true. */
  readonly collects?: boolean;
}

export class MemoryApi implements Api {
  /** Every write so far that took effect, in order. */
  readonly writes: Write[] = [];
  readonly #clock: Clock;
  readonly #collects: boolean;
  readonly #table = new ObjectTable();
  readonly #applied = new Map<string, object>();
  readonly #failures: Failure[] = [];
  readonly #logs = new Map<string, string>();
  #uids = 0;

  constructor({ clock = systemClock, collects = true }: MemoryApiOptions = {}) {
    this.#clock = clock;
    this.#collects = collects;
  }

  /** The next call that fits fails so. Several queue up. */
  failNext(failure: Failure): void {
    this.#failures.push(failure);
  }

  /** Puts an object there as it is, status and all, without a line in {@link writes}. */
  seed<T extends KubernetesObject>(kind: Kind<T>, object: T): T {
    const before = this.#table.get(kind, keyOf(object));
    const metadata = { ...this.#newMeta(), ...before?.metadata, ...object.metadata };
    const stored = { ...object, metadata } as unknown as Stored;
    return this.#table.put(kind, stored) as unknown as T;
  }

  /** Takes an object away at once, finalizers or not, without a line in {@link writes}. */
  vanish(kind: AnyKind, key: ObjectKey): void {
    const object = this.#table.get(kind, key);
    if (object !== undefined) this.#remove(kind, object);
  }

  /** What {@link log} answers. */
  setLog(key: ObjectKey, text: string): void {
    this.#logs.set(keyText(key), text);
  }

  /** Forgets the history but for its last entries: watches of older versions get 410. */
  compact(keep = 0): void {
    this.#table.compact(keep);
  }

  /** Sends a bookmark to every watch. */
  bookmark(): void {
    this.#table.bookmark();
  }

  /** Ends every watch, as a server does now and then. */
  endWatches(): void {
    this.#table.endWatches();
  }

  /** Every object of a kind, for assertions. */
  all<T extends KubernetesObject>(kind: Kind<T>): readonly T[] {
    return this.#table.ofKind(kind).map((object) => structuredClone(object) as unknown as T);
  }

  /** The object as it is now, shared: for worlds with so many that copies would be all they do. */
  peek<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey): T | undefined {
    return this.#table.get(kind, key) as unknown as T | undefined;
  }

  async get<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey): Promise<T | undefined> {
    return await this.#call("get", kind, () => {
      const object = this.#table.get(kind, key);
      return object === undefined ? undefined : (structuredClone(object) as unknown as T);
    });
  }

  async list<T extends KubernetesObject>(
    kind: Kind<T>,
    selection: Selection & { readonly limit?: number; readonly continueFrom?: string },
  ): Promise<ListPage<T>> {
    return await this.#call("list", kind, () => {
      const { limit = Infinity, continueFrom = `${this.#table.version}:0` } = selection;
      const [version = 0, from = 0] = continueFrom.split(":").map(Number);
      this.#table.requireKept(version);
      const all = this.#table.ofKind(kind).filter((object) => selects(selection, object));
      return {
        items: all
          .slice(from, from + limit)
          .map((object) => structuredClone(object) as unknown as T),
        resourceVersion: String(version),
        ...(from + limit < all.length && { continueFrom: `${version}:${from + limit}` }),
      };
    });
  }

  async *watch<T extends KubernetesObject>(
    kind: Kind<T>,
    selection: Selection & { readonly resourceVersion: string; readonly signal: AbortSignal },
  ): AsyncGenerator<WatchEvent<T>> {
    await this.#call("watch", kind, () => undefined);
    for await (const event of this.#table.watch(kind, selection)) {
      yield event as unknown as WatchEvent<T>;
    }
  }

  async create<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T> {
    return await this.#call("create", kind, () => {
      if (this.#table.get(kind, keyOf(object)) !== undefined) {
        const message = `${kind.plural} "${object.metadata.name}" already exists`;
        throw new ApiError(409, "AlreadyExists", message);
      }
      return this.#make(kind, object, "create") as unknown as T;
    });
  }

  async apply<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T> {
    return await this.#call("apply", kind, () => {
      const id = `${kind.kind} ${keyText(keyOf(object))}`;
      const last = this.#applied.get(id) ?? {};
      this.#applied.set(id, structuredClone(object));
      const before = this.#table.get(kind, keyOf(object));
      if (before === undefined) return this.#make(kind, object, "apply") as unknown as T;
      this.#note("apply", kind, keyOf(object), { body: object });
      const without = applyMergePatch(before, removalsOf(makeMergePatch(last, object)));
      return this.#update(kind, before, applyMergePatch(without, object) as Stored) as unknown as T;
    });
  }

  async patch<T extends KubernetesObject>(
    kind: Kind<T>,
    key: ObjectKey,
    patch: object,
    options: PatchOptions = {},
  ): Promise<T> {
    return await this.#call("patch", kind, () => {
      const before = this.#table.get(kind, key);
      if (before === undefined) {
        throw new ApiError(404, "NotFound", `${kind.plural} "${key.name}" not found`);
      }
      const inPatch = (patch as Partial<Stored>).metadata?.resourceVersion;
      const { subresource, resourceVersion = inPatch } = options;
      if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion) {
        const message = `${kind.plural} "${key.name}": the object has been modified`;
        throw new ApiError(409, "Conflict", message);
      }
      const patched = applyMergePatch(before, patch) as Stored;
      const isStatus = subresource === "status";
      const written = this.#update(kind, before, patched, isStatus);
      this.#note("patch", kind, key, { body: patch, ...(isStatus && { subresource }) });
      return written as unknown as T;
    });
  }

  async delete<T extends KubernetesObject>(
    kind: Kind<T>,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<void> {
    await this.#call("delete", kind, () => {
      const object = this.#table.get(kind, key);
      if (object === undefined) return;
      if (options.uid !== undefined && options.uid !== object.metadata.uid) {
        throw new ApiError(409, "Conflict", `${kind.plural} "${key.name}": the UID differs`);
      }
      const { resourceVersion = object.metadata.resourceVersion } = options;
      if (resourceVersion !== object.metadata.resourceVersion) {
        throw new ApiError(409, "Conflict", `${kind.plural} "${key.name}": it has been modified`);
      }
      this.#note("delete", kind, key, { body: options });
      this.#delete(kind, object, options.propagation === "Orphan");
    });
  }

  async log(key: ObjectKey, options: LogOptions): Promise<string> {
    return await this.#call("log", { kind: "Pod" }, () => {
      const lines = (this.#logs.get(keyText(key)) ?? "").split(/(?<=\n)/);
      return lines.slice(-options.tailLines).join("").slice(0, options.limitBytes);
    });
  }

  /** One turn later, as over a network, and with the failure that was asked for. */
  async #call<R>(verb: Verb, { kind }: { readonly kind: string }, act: () => R): Promise<R> {
    await turn();
    const at = this.#failures.findIndex(
      (failure) => (failure.verb ?? verb) === verb && (failure.kind ?? kind) === kind,
    );
    const failure = at < 0 ? undefined : this.#failures.splice(at, 1)[0];
    if (failure !== undefined && failure.when !== "after") throw failure.error;
    const result = act();
    if (failure !== undefined) throw failure.error;
    return result;
  }

  #note(
    verb: Write["verb"],
    { kind }: AnyKind,
    key: ObjectKey,
    what: { readonly body: unknown; readonly subresource?: "status" },
  ): void {
    this.writes.push({ verb, kind, key: keyText(key), ...structuredClone(what) });
  }

  #make(kind: AnyKind, object: KubernetesObject, verb: "create" | "apply"): Stored {
    // Status is the subresource's alone, as for every kind of ours and most of the built-in ones.
    const { status: _, ...rest } = object as Stored;
    this.#note(verb, kind, keyOf(object), { body: object });
    return this.#table.put(kind, { ...rest, metadata: { ...object.metadata, ...this.#newMeta() } });
  }

  #newMeta(): Pick<ObjectMeta, "uid" | "creationTimestamp" | "generation"> {
    this.#uids += 1;
    const uid = `00000000-0000-4000-8000-${String(this.#uids).padStart(12, "0")}`;
    return { uid, creationTimestamp: this.#time(), generation: 1 };
  }

  #update(kind: AnyKind, before: Stored, wanted: Stored, isStatus = false): Stored {
    const after = isStatus
      ? withField(before, "status", wanted["status"])
      : withField(keepSystemFields(before, wanted), "status", before["status"]);
    requireNoNewFinalizers(before, after);
    const { deletionTimestamp, finalizers = [] } = after.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0)
      return this.#remove(kind, after);
    // A write that changes nothing makes no new version.
    if (makeMergePatch(before, after) === undefined) return structuredClone(before);
    return this.#table.put(kind, after);
  }

  #delete(kind: AnyKind, object: Stored, orphan: boolean): void {
    const { metadata } = object;
    if ((metadata.finalizers ?? []).length === 0) {
      this.#remove(kind, object, orphan);
    } else if (metadata.deletionTimestamp === undefined) {
      this.#table.put(kind, {
        ...object,
        metadata: { ...metadata, deletionTimestamp: this.#time() },
      });
    }
  }

  #remove(kind: AnyKind, object: Stored, orphan = false): Stored {
    this.#applied.delete(`${kind.kind} ${keyText(keyOf(object))}`);
    const removed = this.#table.remove(kind, object);
    if (!this.#collects || orphan) return removed;
    for (const { kind, object } of this.#table.orphans()) {
      // Gone already with another one's.
      const owned = this.#table.get(kind, keyOf(object));
      if (owned !== undefined) this.#delete(kind, owned, false);
    }
    return removed;
  }

  #time(): string {
    return `${new Date(this.#clock.now()).toISOString().slice(0, 19)}Z`;
  }
}

function withField(object: Stored, key: string, value: unknown): Stored {
  const { [key]: _, ...rest } = object;
  return (value === undefined ? rest : { ...rest, [key]: value }) as Stored;
}

/** What a write of the main resource cannot change. */
function keepSystemFields(before: Stored, wanted: Stored): Stored {
  const { uid, creationTimestamp, deletionTimestamp, generation = 1 } = before.metadata;
  const metadata = {
    ...wanted.metadata,
    ...(uid !== undefined && { uid }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    generation: isSameSpec(before, wanted) ? generation : generation + 1,
  };
  return { ...wanted, metadata };
}

/** All but metadata and status counts as specification. */
function isSameSpec(a: Stored, b: Stored): boolean {
  const { metadata: _a, status: _as, ...specA } = a;
  const { metadata: _b, status: _bs, ...specB } = b;
  return makeMergePatch(specA, specB) === undefined;
}

/** The removals alone of a merge patch. */
function removalsOf(patch: object | undefined): object {
  const removals: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(patch ?? {})) {
    if (value === null) removals[key] = null;
    else if (isRecord(value) && hasRemovals(value)) removals[key] = removalsOf(value);
  }
  return removals;
}

function hasRemovals(patch: object): boolean {
  return Object.keys(removalsOf(patch)).length > 0;
}

function requireNoNewFinalizers(before: Stored, after: Stored): void {
  if (before.metadata.deletionTimestamp === undefined) return;
  const known = new Set(before.metadata.finalizers);
  const added = after.metadata.finalizers?.find((finalizer) => !known.has(finalizer));
  if (added === undefined) return;
  const message = `finalizer ${added} cannot be added: the object is being deleted`;
  throw new ApiError(422, "Invalid", message);
}
