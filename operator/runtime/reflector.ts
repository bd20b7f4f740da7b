// Follows the objects of one kind in one namespace, or in all of them, and tells a sink. List, then watch from
// there; a watch that ends goes on where it was; one whose place is gone (410) begins with a list again. Nothing
// but the signal ends it: every failure is counted, logged and followed by a growing pause.
import type { Clock, Random } from "../clock.ts";
import { assertNever } from "../assert.ts";
import { describeError } from "../errors.ts";
import type { Log } from "../log.ts";
import { redact } from "../log.ts";
import type { Api, Kind, KubernetesObject, Selection, WatchEvent } from "./api.ts";
import { ApiError, isApiError } from "./api.ts";
import { backoffMs } from "./backoff.ts";
import type { RuntimeMetrics } from "./metrics.ts";
import { NAMESPACES } from "./objects.ts";

export interface ReflectorDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: RuntimeMetrics;
}

/** Who is told. Its methods do not throw. */
export interface Sink<T> {
  /** These are all that there are in the selection; what else was told of it is gone. */
  replace(objects: readonly T[]): void;
  set(object: T): void;
  delete(object: T): void;
}

export interface ReflectorOptions<T> {
  readonly selection: Selection;
  readonly sink: Sink<T>;
  /** What is kept of an object; a pure function. */
  readonly keep: (object: T) => T;
  readonly pageSize: number;
}

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

export class Reflector<T extends KubernetesObject> {
  /** Resolves when all was listed once. */
  readonly synced: Promise<void>;
  readonly #deps: ReflectorDeps;
  readonly #kind: Kind<T>;
  readonly #options: ReflectorOptions<T>;
  readonly #log: Log;
  #markSynced: () => void = () => {};
  #isSynced = false;
  #failures = 0;
  #lastError = "";
  #heardMs: number;

  constructor(deps: ReflectorDeps, kind: Kind<T>, options: ReflectorOptions<T>) {
    this.#deps = deps;
    this.#kind = kind;
    this.#options = options;
    const { namespace } = options.selection;
    this.#log = deps.log.child({
      informer: kind.plural,
      ...(namespace !== undefined && { namespace }),
    });
    this.#heardMs = deps.clock.monotonic();
    this.synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** What keeps it from knowing what there is; undefined: nothing. */
  get trouble(): string | undefined {
    const { selection } = this.#options;
    const what =
      this.#kind.plural + (selection.namespace === undefined ? "" : ` in ${selection.namespace}`);
    const silentMs = this.#deps.clock.monotonic() - this.#heardMs;
    const because = this.#lastError === "" ? "" : `: ${this.#lastError}`;
    if (!this.#isSynced) return `has not listed ${what} yet${because}`;
    if (silentMs <= DEAF_AFTER_MS) return undefined;
    return `has heard nothing of ${what} for ${Math.round(silentMs / 1000)} s${because}`;
  }

  /** Runs until the signal is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    let state: State<T> = { kind: "empty" };
    while (!signal.aborted) {
      try {
        state = await this.#step(state, signal);
      } catch (error) {
        if (signal.aborted) break;
        if (await this.#isNamespaceGone(error)) this.#setAll([]);
        await this.#pause(error, signal);
        state = this.#afterFailure(state, error);
      }
    }
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
    const page = await api.list(this.#kind, {
      ...this.#options.selection,
      limit: this.#options.pageSize,
      ...(continueFrom !== undefined && { continueFrom }),
    });
    this.#hear();
    const all = [...found, ...page.items.map(this.#options.keep)];
    if (page.continueFrom !== undefined) {
      return { kind: "listing", found: all, continueFrom: page.continueFrom };
    }
    metrics.informerLists.inc({ kind: this.#kind.plural });
    this.#setAll(all);
    return { kind: "listed", resourceVersion: page.resourceVersion };
  }

  #setAll(objects: readonly T[]): void {
    this.#options.sink.replace(objects);
    this.#isSynced = true;
    this.#markSynced();
    this.#hear();
  }

  /**
   * A namespace that is gone may have taken our right to list along. Nothing is in it: what was is forgotten, and the
   * others do not wait for it.
   */
  async #isNamespaceGone(error: unknown): Promise<boolean> {
    const { namespace } = this.#options.selection;
    if (namespace === undefined || !isApiError(error, "Forbidden")) return false;
    try {
      return (await this.#deps.api.get(NAMESPACES, { name: namespace })) === undefined;
    } catch {
      // Not known; the refusal itself is told.
      return false;
    }
  }

  #watch(resourceVersion: string, signal: AbortSignal): State<T> {
    const { api, clock } = this.#deps;
    const stream = api.watch(this.#kind, { ...this.#options.selection, resourceVersion, signal });
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
    if (event.type === "DELETED") this.#options.sink.delete(event.object);
    else this.#options.sink.set(this.#options.keep(event.object));
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
    metrics.informerFailures.inc({ kind: this.#kind.plural });
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

  #hear(): void {
    this.#heardMs = this.#deps.clock.monotonic();
    this.#lastError = "";
  }
}

/** The server will not go on from our version: too old, or none it ever gave. */
function isPlaceLost(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.reason === "Expired" || error.status === 400 || error.status === 404;
}
