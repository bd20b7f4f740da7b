// Real time for a cluster that a test polls. While somebody watches, no wait of the cluster ends before a whole look
// that began after the wait did: no state passes unseen, however busy the machine is. While somebody holds it, none
// ends at all. What is no wait (bytes to a broker, a statement) goes on as ever.
import { EventEmitter, once } from "node:events";
import { systemClock, type Clock } from "../../../operator/clock.ts";

/** Asks, and counts as a look once the answer is there. */
export type Look = <T>(ask: () => Promise<T>) => Promise<T>;

export class WatchedClock implements Clock {
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #watchers = 0;
  #holders = 0;
  #looksBegun = 0;
  /** The newest look that is over. */
  #lookOver = 0;
  /** Looks that had begun when the last watcher came. */
  #since = 0;

  now(): number {
    return systemClock.now();
  }

  monotonic(): number {
    return systemClock.monotonic();
  }

  after(ms: number, fn: () => void): () => void {
    return systemClock.after(ms, fn);
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const from = this.#looksBegun;
    await systemClock.sleep(ms, signal);
    while (!this.#mayPass(from)) await this.#change(signal);
  }

  /** No wait ends unseen until `work` is done, which looks again and again: everything waits for it. */
  async watched<T>(work: (look: Look) => Promise<T>): Promise<T> {
    this.#since = this.#looksBegun;
    this.#watchers += 1;
    try {
      return await work((ask) => this.#look(ask));
    } finally {
      this.#watchers -= 1;
      this.#changes.emit("change");
    }
  }

  /** No wait ends until `work` is done: it must not wait for one. */
  async held<T>(work: () => Promise<T>): Promise<T> {
    this.#holders += 1;
    try {
      return await work();
    } finally {
      this.#holders -= 1;
      this.#changes.emit("change");
    }
  }

  async #look<T>(ask: () => Promise<T>): Promise<T> {
    this.#looksBegun += 1;
    const look = this.#looksBegun;
    try {
      return await ask();
    } finally {
      this.#lookOver = Math.max(this.#lookOver, look);
      this.#changes.emit("change");
    }
  }

  #mayPass(from: number): boolean {
    if (this.#holders > 0) return false;
    return this.#watchers === 0 || this.#lookOver > Math.max(from, this.#since);
  }

  async #change(signal: AbortSignal | undefined): Promise<void> {
    try {
      await once(this.#changes, "change", signal === undefined ? {} : { signal });
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    }
  }
}
