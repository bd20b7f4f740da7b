// The work of a controller: keys, each at most once in the queue and at most once in work. What is added
// while its key is in work runs again afterwards. Delayed keys wait on one timer; the earlier time wins.
//
// What would surprise: taking a key drops what was delayed for it. Its reconcile decides anew when to come
// back, from what it sees then.
import type { Clock, Random } from "../clock.ts";
import { assert } from "../assert.ts";
import type { Backoff } from "./backoff.ts";
import { backoffMs } from "./backoff.ts";

export interface QueueDeps {
  readonly clock: Clock;
  readonly random: Random;
}

/** Node's timers overflow after 24 days and fire at once; a timer that is early does no harm. */
const TIMER_MS_MAX = 3_600_000;

/** From half a second to five minutes: an API server or StarRocks that is down is not hammered. */
export const DEFAULT_BACKOFF: Backoff = { firstMs: 500, maxMs: 300_000 };

export class WorkQueue {
  readonly #deps: QueueDeps;
  /** In the order they came: a busy key goes to the end, so that all get their turn. */
  readonly #ready = new Set<string>();
  readonly #working = new Set<string>();
  /** Added while in work. */
  readonly #again = new Set<string>();
  /** Key → monotonic time. */
  readonly #delayed = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;
  #closed = false;

  constructor(deps: QueueDeps) {
    this.#deps = deps;
  }

  /** Keys that wait for a worker; not those in work, nor those delayed. */
  get depth(): number {
    return this.#ready.size + this.#again.size;
  }

  get delayed(): number {
    return this.#delayed.size;
  }

  /** Asks for a reconcile as soon as there is a worker. Nothing happens once closed. */
  add(key: string): void {
    if (this.#closed) return;
    if (this.#working.has(key)) this.#again.add(key);
    else this.#ready.add(key);
    this.#hand();
  }

  /** Asks for one in `ms`, unless one is due earlier. */
  addAfter(key: string, ms: number): void {
    assert(Number.isFinite(ms), () => `delay of ${key} must be a number of milliseconds`);
    if (this.#closed) return;
    const at = this.#deps.clock.monotonic() + Math.max(0, ms);
    if (at >= (this.#delayed.get(key) ?? Infinity)) return;
    this.#delayed.set(key, at);
    this.#arm(at);
  }

  /** Asks for one after a pause that grows with every failure until {@link forget}. Returns the pause. */
  retry(key: string, backoff = DEFAULT_BACKOFF): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    if (!this.#closed) this.#failures.set(key, failures);
    const delayMs = backoffMs(failures, backoff, this.#deps.random);
    this.addAfter(key, delayMs);
    return delayMs;
  }

  /** The key succeeded: its next failure is its first. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, which stays in work until {@link done}; `undefined` once closed. */
  take(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#hand();
    });
  }

  done(key: string): void {
    assert(this.#working.delete(key), () => `${key} must be in work`);
    if (!this.#again.delete(key)) return;
    this.#ready.add(key);
    this.#hand();
  }

  /** Drops what waits and lets go of every taker. Keys in work may still be {@link done}. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const keys of [this.#ready, this.#again, this.#delayed, this.#failures]) keys.clear();
    this.#hand();
  }

  #hand(): void {
    for (;;) {
      if (this.#takers.length === 0) return;
      const [key] = this.#ready;
      if (key === undefined && !this.#closed) return;
      if (key !== undefined) this.#begin(key);
      this.#takers.shift()?.(key);
    }
  }

  #begin(key: string): void {
    this.#ready.delete(key);
    this.#delayed.delete(key);
    this.#working.add(key);
  }

  /** Keeps one timer, for the earliest delayed key; a timer that comes too early finds nothing due. */
  #arm(at: number): void {
    if (at >= (this.#timer?.at ?? Infinity)) return;
    this.#timer?.cancel();
    const waitMs = Math.min(Math.max(0, at - this.#deps.clock.monotonic()), TIMER_MS_MAX);
    this.#timer = { at, cancel: this.#deps.clock.after(waitMs, () => this.#ring()) };
  }

  #ring(): void {
    this.#timer = undefined;
    const now = this.#deps.clock.monotonic();
    const due = [...this.#delayed].filter(([, at]) => at <= now).sort(([, a], [, b]) => a - b);
    for (const [key] of due) {
      this.#delayed.delete(key);
      this.add(key);
    }
    let next = Infinity;
    for (const at of this.#delayed.values()) next = Math.min(next, at);
    if (next < Infinity) this.#arm(next);
  }
}
