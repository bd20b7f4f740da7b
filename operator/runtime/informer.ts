// Keeps a copy of the objects of one kind, and tells who listens what changed. List, then watch from there;
// a watch that ends goes on where it was; one whose place is gone (410) begins with a list again. Nothing
// but the signal ends it: every failure is counted, logged and followed by a growing pause.
//
// What would surprise: changes are not events. What happened between two lists comes as one change, or as
// none if nothing of it is left. An object deleted and made again under its name comes as two.
import type { Clock, Random } from "../clock.ts";
import { assertNever } from "../assert.ts";
import { describeError } from "../errors.ts";
import type { Log } from "../log.ts";
import { redact } from "../log.ts";
import type { Api, Kind, KubernetesObject, Selection, WatchEvent } from "./api.ts";
import { ApiError, isApiError } from "./api.ts";
import { backoffMs } from "./backoff.ts";
import type { HealthCheck } from "./health.ts";
import { keyOf, keyText } from "./keys.ts";
import type { RuntimeMetrics } from "./metrics.ts";
import type { Store } from "./store.ts";
import { ObjectStore } from "./store.ts";

export interface InformerDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: RuntimeMetrics;
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

type State<T> =
  | { readonly kind: "empty" }
  | { readonly kind: "listing"; readonly found: readonly T[]; readonly continueFrom: string }
  /** All there was at this version is in the store; no watch is open. */
  | { readonly kind: "listed"; readonly resourceVersion: string }
  | {
      readonly kind: "watching";
      readonly resourceVersion: string;
      readonly events: AsyncIterator<WatchEvent<T>>;
      readonly sinceMs: number;
    };

const BACKOFF = { firstMs: 500, maxMs: 30_000 };
/** From this pause on a person may want to know. */
const WARN_FROM_MS = 2000;
/** A watch that fails so often at one place is given up for a list: the place itself may be the trouble. */
const WATCH_FAILURES_MAX = 3;
/** A watch that ends sooner without an event is followed by a pause, or it would spin. */
const SHORT_WATCH_MS = 1000;
/** Watches end after three minutes at most (client.ts), so silence of this length is no quiet time. */
const DEAF_AFTER_MS = 600_000;

export class Informer<T extends KubernetesObject> {
  readonly kind: Kind<T>;
  readonly synced: Promise<void>;
  readonly #deps: InformerDeps;
  readonly #selection: Selection;
  readonly #options: Required<InformerOptions<T>>;
  readonly #log: Log;
  readonly #store = new ObjectStore<T>();
  readonly #listeners = new Set<Listener<T>>();
  #markSynced: () => void = () => {};
  #isSynced = false;
  #failures = 0;
  #lastError = "";
  #heardMs: number;

  constructor(
    deps: InformerDeps,
    kind: Kind<T>,
    selection: Selection,
    options: InformerOptions<T> = {},
  ) {
    this.#deps = deps;
    this.kind = kind;
    this.#selection = selection;
    this.#options = { pageSize: 250, resyncMs: 3_600_000, keep: (object) => object, ...options };
    this.#log = deps.log.child({ informer: kind.plural });
    this.#heardMs = deps.clock.monotonic();
    this.synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
  }

  get store(): Store<T> {
    return this.#store;
  }

  get isSynced(): boolean {
    return this.#isSynced;
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
    return { name: `informer ${this.kind.plural}`, ready: () => this.#trouble() };
  }

  /** Runs until the signal is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const stopResync = this.#startResync();
    let state: State<T> = { kind: "empty" };
    while (!signal.aborted) {
      try {
        state = await this.#step(state, signal);
      } catch (error) {
        if (signal.aborted) break;
        await this.#pause(error, signal);
        state = this.#afterFailure(state, error);
      }
    }
    stopResync();
    if (state.kind === "watching") await state.events.return?.();
  }

  /** The only place where the state goes on; a throw leaves it to {@link #afterFailure}. */
  async #step(state: State<T>, signal: AbortSignal): Promise<State<T>> {
    switch (state.kind) {
      case "empty":
        return await this.#list([]);
      case "listing":
        return await this.#list(state.found, state.continueFrom);
      case "listed":
        return this.#watch(state.resourceVersion, signal);
      case "watching":
        return await this.#next(state, signal);
      default:
        return assertNever(state);
    }
  }

  async #list(found: readonly T[], continueFrom?: string): Promise<State<T>> {
    const { api, metrics } = this.#deps;
    const page = await api.list(this.kind, {
      ...this.#selection,
      limit: this.#options.pageSize,
      ...(continueFrom !== undefined && { continueFrom }),
    });
    this.#hear();
    const all = [...found, ...page.items.map(this.#options.keep)];
    if (page.continueFrom !== undefined) {
      return { kind: "listing", found: all, continueFrom: page.continueFrom };
    }
    metrics.informerLists.inc({ kind: this.kind.plural });
    this.#replace(all);
    this.#isSynced = true;
    this.#markSynced();
    return { kind: "listed", resourceVersion: page.resourceVersion };
  }

  #watch(resourceVersion: string, signal: AbortSignal): State<T> {
    const { api, clock } = this.#deps;
    const stream = api.watch(this.kind, { ...this.#selection, resourceVersion, signal });
    const events = stream[Symbol.asyncIterator]();
    return { kind: "watching", resourceVersion, events, sinceMs: clock.monotonic() };
  }

  async #next(
    state: State<T> & { readonly kind: "watching" },
    signal: AbortSignal,
  ): Promise<State<T>> {
    const next = await state.events.next();
    if (next.done === true) return await this.#ended(state, signal);
    this.#hear();
    this.#failures = 0;
    const event = next.value;
    if (event.type === "BOOKMARK") return { ...state, resourceVersion: event.resourceVersion };
    if (event.type === "DELETED") this.#delete(event.object);
    else this.#set(this.#options.keep(event.object));
    const { resourceVersion } = event.object.metadata;
    return { ...state, resourceVersion: resourceVersion ?? state.resourceVersion };
  }

  /** The server closed the watch, as it does every few minutes. */
  async #ended(
    { resourceVersion, sinceMs }: State<T> & { readonly kind: "watching" },
    signal: AbortSignal,
  ): Promise<State<T>> {
    const { clock } = this.#deps;
    this.#hear();
    if (clock.monotonic() - sinceMs < SHORT_WATCH_MS) await clock.sleep(SHORT_WATCH_MS, signal);
    else this.#failures = 0;
    return { kind: "listed", resourceVersion };
  }

  #afterFailure(state: State<T>, error: unknown): State<T> {
    if (state.kind === "empty" || state.kind === "listing") return { kind: "empty" };
    if (isPlaceLost(error) || this.#failures >= WATCH_FAILURES_MAX) return { kind: "empty" };
    return { kind: "listed", resourceVersion: state.resourceVersion };
  }

  async #pause(error: unknown, signal: AbortSignal): Promise<void> {
    const { clock, metrics, random } = this.#deps;
    this.#failures += 1;
    this.#lastError = redact(describeError(error));
    metrics.informerFailures.inc({ kind: this.kind.plural });
    const delayMs = backoffMs(this.#failures, BACKOFF, random);
    const level = delayMs < WARN_FROM_MS || isApiError(error, "Expired") ? "debug" : "warn";
    this.#log[level](`list or watch failed, again in ${Math.round(delayMs)} ms`, {
      error: this.#lastError,
      failures: this.#failures,
    });
    try {
      await clock.sleep(delayMs, signal);
    } catch {
      // Aborted: the loop sees it.
    }
  }

  #replace(objects: readonly T[]): void {
    const listed = new Set(objects.map((object) => keyText(keyOf(object))));
    for (const object of this.#store.list()) {
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
      cancel = clock.after(this.#options.resyncMs, again);
    };
    let cancel = clock.after(this.#options.resyncMs, again);
    return () => cancel();
  }

  #hear(): void {
    this.#heardMs = this.#deps.clock.monotonic();
    this.#lastError = "";
  }

  #trouble(): string | undefined {
    const silentMs = this.#deps.clock.monotonic() - this.#heardMs;
    const because = this.#lastError === "" ? "" : `: ${this.#lastError}`;
    if (!this.#isSynced) return `has not listed ${this.kind.plural} yet${because}`;
    if (silentMs <= DEAF_AFTER_MS) return undefined;
    return `has heard nothing of ${this.kind.plural} for ${Math.round(silentMs / 1000)} s${because}`;
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

/** The server will not go on from our version: too old, or none it ever gave. */
function isPlaceLost(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.reason === "Expired" || error.status === 400 || error.status === 404;
}
