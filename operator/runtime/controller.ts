// Runs one reconciler: changes become keys, keys become reconciles, and what a reconcile ends with becomes
// the next time it runs. The only place that turns results and errors into work of the queue, log lines
// and metrics.
//
// Flow: start → every object of every source once → reconcile whenever one of them changes, its time has
// come, or it failed and its pause is over → stop.
// Guarantees: one reconcile per key at a time; a change during a reconcile leads to another one after it.
// Assumptions: `reconcile` looks at what is there now, can be repeated, and heeds its signal. One that runs
// on after its deadline keeps its worker (a second one beside it would break the first guarantee): it is
// counted, logged, and fails the liveness check in the end, because only a restart helps then.
import { AssertionError } from "node:assert";
import { assertNever } from "../assert.ts";
import type { Clock, Random } from "../clock.ts";
import { TerminalError, TransientError, describeError } from "../errors.ts";
import type { Log, LogLevel } from "../log.ts";
import { redact } from "../log.ts";
import type { KubernetesObject, ObjectKey } from "./api.ts";
import { isApiError } from "./api.ts";
import type { HealthCheck } from "./health.ts";
import type { Change, Informer } from "./informer.ts";
import { keyOf, keyText, parseKey } from "./keys.ts";
import type { RuntimeMetrics } from "./metrics.ts";
import type { Backoff } from "./backoff.ts";
import { DEFAULT_BACKOFF, WorkQueue } from "./queue.ts";
import type { Result } from "./result.ts";

export interface ReconcileContext {
  /** Aborted at the deadline (`ReconcileTimeout`) and when the process ends or no longer leads. */
  readonly signal: AbortSignal;
  /** Has the controller, namespace and name on it. */
  readonly log: Log;
}

/** Where keys come from: see {@link watches}. */
export interface Source {
  subscribe(enqueue: (key: ObjectKey) => void): () => void;
}

export interface ControllerOptions {
  readonly name: string;
  readonly sources: readonly Source[];
  readonly reconcile: (key: ObjectKey, context: ReconcileContext) => Promise<Result>;
  /** Default 4. */
  readonly workers?: number;
  /** Default 5 min: longer than any statement may take. */
  readonly deadlineMs?: number;
  /** How long a change may be awaited before we look all the same. Default 10 min. */
  readonly safetyPollMs?: number;
}

export interface ControllerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: RuntimeMetrics;
}

/** A poll is never sooner: a decision that asks for no pause at all would spin. */
const POLL_MS_MIN = 100;
/** A conflict is tried at once, but for the moment the watch needs to bring the newer object. */
const CONFLICT_BACKOFF: Backoff = { firstMs: 50, maxMs: 10_000 };
const SLOW_MS = 60_000;
/** So long after its deadline a reconcile counts as hanging. */
const HANGS_AFTER_MS = 300_000;

interface Running {
  readonly startedMs: number;
  readonly stop: AbortController;
}

type Ended = "done" | "await_change" | "poll" | ErrorKind;
type ErrorKind = "conflict" | "terminal" | "transient" | "error" | "internal_error" | "stopped";

export class Controller {
  readonly name: string;
  readonly #deps: ControllerDeps;
  readonly #options: Required<ControllerOptions>;
  readonly #log: Log;
  readonly #queue: WorkQueue;
  readonly #running = new Map<string, Running>();
  #workers: Promise<unknown> | undefined;
  #subscriptions: (() => void)[] = [];

  constructor(deps: ControllerDeps, options: ControllerOptions) {
    this.name = options.name;
    this.#deps = deps;
    this.#options = { workers: 4, deadlineMs: 300_000, safetyPollMs: 600_000, ...options };
    this.#log = deps.log.child({ controller: options.name });
    this.#queue = new WorkQueue(deps);
  }

  /** Once; the sources' informers should have synced, or a reconcile may see half of the world. */
  start(): void {
    for (const source of this.#options.sources) {
      this.#subscriptions.push(source.subscribe((key) => this.enqueue(key)));
    }
    this.#workers = Promise.all(Array.from({ length: this.#options.workers }, () => this.#work()));
  }

  /** Asks for a reconcile from outside of any source. */
  enqueue(key: ObjectKey): void {
    this.#queue.add(keyText(key));
    this.#measure();
  }

  /** Takes no more work. Resolves when the last reconcile has ended, which {@link abort} hastens. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
    this.#queue.close();
    this.#measure();
    await this.#workers;
  }

  /** Aborts the signal of every running reconcile. */
  abort(reason: Error): void {
    for (const { stop } of this.#running.values()) stop.abort(reason);
  }

  get health(): HealthCheck {
    return { name: `controller ${this.name}`, live: () => this.#hanging() };
  }

  async #work(): Promise<void> {
    for (;;) {
      const key = await this.#queue.take();
      if (key === undefined) return;
      const ended = await this.#reconcile(key);
      this.#deps.metrics.reconciles.inc({ controller: this.name, result: ended });
      this.#queue.done(key);
      this.#measure();
    }
  }

  async #reconcile(key: string): Promise<Ended> {
    const { clock, metrics } = this.#deps;
    const log = this.#log.child(parseKey(key));
    const running = { startedMs: clock.monotonic(), stop: new AbortController() };
    const stopWatching = this.#watchOver(running, log);
    this.#running.set(key, running);
    this.#measure();
    try {
      const context = { signal: running.stop.signal, log };
      return this.#succeeded(key, await this.#options.reconcile(parseKey(key), context), log);
    } catch (error) {
      return this.#failed(key, error, { log, signal: running.stop.signal });
    } finally {
      stopWatching();
      this.#running.delete(key);
      const tookMs = clock.monotonic() - running.startedMs;
      metrics.reconcileSeconds.observe({ controller: this.name }, tookMs / 1000);
    }
  }

  #succeeded(key: string, result: Result, log: Log): Ended {
    this.#queue.forget(key);
    switch (result.kind) {
      case "done":
        log.debug(`done: ${result.message}`);
        return "done";
      case "awaitChange":
        log.debug(`waits for ${result.on}`);
        this.#queue.addAfter(key, this.#options.safetyPollMs);
        return "await_change";
      case "poll":
        log.debug(`looks again in ${result.afterMs} ms for ${result.on}`);
        this.#queue.addAfter(key, Math.max(POLL_MS_MIN, result.afterMs));
        return "poll";
      default:
        return assertNever(result);
    }
  }

  #failed(
    key: string,
    error: unknown,
    { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
  ): ErrorKind {
    const kind = isStop(signal) ? "stopped" : errorKind(error);
    const told = redact(describeError(error));
    if (kind === "stopped") {
      log.debug(`stopped: ${told}`);
    } else if (kind === "terminal") {
      this.#queue.forget(key);
      log.warn(`cannot go on until something changes: ${told}`, { reason: reasonOf(error) });
    } else {
      this.#retry(key, kind, { error, told, log });
    }
    return kind;
  }

  #retry(
    key: string,
    kind: ErrorKind,
    failure: { readonly error: unknown; readonly told: string; readonly log: Log },
  ): void {
    const { error, told, log } = failure;
    const delayMs = this.#queue.retry(
      key,
      kind === "conflict" ? CONFLICT_BACKOFF : DEFAULT_BACKOFF,
    );
    this.#deps.metrics.retries.inc({ controller: this.name });
    const stack = kind === "internal_error" && error instanceof Error ? error.stack : undefined;
    log[levelOf(kind, delayMs)](`failed, again in ${Math.round(delayMs)} ms: ${told}`, {
      reason: reasonOf(error),
      ...(stack !== undefined && { stack }),
    });
  }

  /** Says when a reconcile is slow, and ends its signal at the deadline. */
  #watchOver({ startedMs, stop }: Running, log: Log): () => void {
    const { clock, metrics } = this.#deps;
    const { deadlineMs } = this.#options;
    let isOverdue = false;
    const cancelSlow = clock.after(SLOW_MS, () => {
      log.warn(`has been running for ${seconds(clock.monotonic() - startedMs)}`);
    });
    const cancelDeadline = clock.after(deadlineMs, () => {
      isOverdue = true;
      metrics.overdue.inc({ controller: this.name });
      log.error(`has been running for ${seconds(deadlineMs)}, its deadline`);
      const message = `the reconcile took longer than ${seconds(deadlineMs)}`;
      stop.abort(new TransientError("ReconcileTimeout", message));
    });
    return () => {
      cancelSlow();
      cancelDeadline();
      if (isOverdue) metrics.overdue.dec({ controller: this.name });
    };
  }

  #hanging(): string | undefined {
    const limitMs = this.#options.deadlineMs + HANGS_AFTER_MS;
    for (const [key, { startedMs }] of this.#running) {
      const tookMs = this.#deps.clock.monotonic() - startedMs;
      if (tookMs > limitMs)
        return `the reconcile of ${key} has been running for ${seconds(tookMs)}`;
    }
    return undefined;
  }

  #measure(): void {
    const { queueDepth, running } = this.#deps.metrics;
    queueDepth.set({ controller: this.name }, this.#queue.depth);
    running.set({ controller: this.name }, this.#running.size);
  }
}

/** Keys from the objects of an informer, whenever one changes and `when` (default: always) says so. */
export function watches<T extends KubernetesObject>(
  informer: Informer<T>,
  keysOf: (object: T) => Iterable<ObjectKey> = (object) => [keyOf(object)],
  when: (change: Change<T>) => boolean = () => true,
): Source {
  return {
    subscribe: (enqueue) =>
      informer.subscribe((change) => {
        if (!when(change)) return;
        // Both sides: an object that no longer points at its owner still concerns it.
        const keys = new Map<string, ObjectKey>();
        for (const object of [change.before, change.after]) {
          if (object === undefined) continue;
          for (const key of keysOf(object)) keys.set(keyText(key), key);
        }
        for (const key of keys.values()) enqueue(key);
      }),
  };
}

/** For `when`: all but changes of status alone, so that our own writes do not wake us. */
export function isMoreThanStatus(change: Change<KubernetesObject>): boolean {
  const { before, after } = change;
  if (before === undefined || after === undefined || before === after) return true;
  return meaning(before) !== meaning(after);
}

/** What a person or another controller can change of an object beside its status. */
function meaning({ metadata }: KubernetesObject): string {
  const { uid, generation, deletionTimestamp, labels, annotations, finalizers } = metadata;
  return JSON.stringify([uid, generation, deletionTimestamp, labels, annotations, finalizers]);
}

/** Ended from outside: not by its own deadline, which is a failure like any other. */
function isStop({ aborted, reason }: AbortSignal): boolean {
  return aborted && !(reason instanceof TransientError && reason.reason === "ReconcileTimeout");
}

function errorKind(error: unknown): ErrorKind {
  if (isApiError(error, "Conflict")) return "conflict";
  if (error instanceof TerminalError) return "terminal";
  if (error instanceof TransientError) return "transient";
  if (error instanceof AssertionError) return "internal_error";
  return "error";
}

function reasonOf(error: unknown): string {
  if (error instanceof AssertionError) return "InternalError";
  const reason = error instanceof Error && "reason" in error ? error.reason : undefined;
  return typeof reason === "string" ? reason : "TransientError";
}

/** Grows with the pause, which grows with the failures in a row. */
function levelOf(kind: ErrorKind, delayMs: number): LogLevel {
  if (kind === "internal_error") return "error";
  if (kind === "conflict") return delayMs < 2000 ? "debug" : "warn";
  if (delayMs < 2000) return "info";
  return delayMs < 120_000 ? "warn" : "error";
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
