// A bandwidth limit that can be changed while it runs: a token bucket with a second's burst, first
// come first served, so that callers share it evenly. No limit is the default.
import type { Clock } from "../clock.ts";

/** Below this a part could not be sent within the time a caller waits. Bytes per second. */
export const BANDWIDTH_MIN = 1024 * 1024;

export class Bandwidth {
  readonly #clock: Clock;
  #bytesPerSecond: number | undefined;
  /** When everything that was granted so far has been paid for, at the present rate. */
  #paidUntilMs: number;

  constructor(clock: Clock, bytesPerSecond?: number) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
    this.#paidUntilMs = clock.monotonic();
  }

  get bytesPerSecond(): number | undefined {
    return this.#bytesPerSecond;
  }

  /** Takes effect at once; debts made under the old rate are forgotten. */
  change(bytesPerSecond: number | undefined): void {
    this.#bytesPerSecond = bytesPerSecond;
    this.#paidUntilMs = this.#clock.monotonic();
  }

  /** What each of so many callers may take at once, so that all get it within `ms`. */
  shareBytes(callers: number, ms: number): number {
    if (this.#bytesPerSecond === undefined) return Infinity;
    return Math.max(1, Math.floor((this.#bytesPerSecond * ms) / 1000 / Math.max(1, callers)));
  }

  /** Waits until `bytes` may pass. Returns undefined when there is nothing to wait for. */
  take(bytes: number, signal: AbortSignal): Promise<void> | undefined {
    if (this.#bytesPerSecond === undefined) return undefined;
    const now = this.#clock.monotonic();
    const start = Math.max(this.#paidUntilMs, now - 1000);
    this.#paidUntilMs = start + (bytes * 1000) / this.#bytesPerSecond;
    const waitMs = this.#paidUntilMs - now;
    return waitMs <= 0 ? undefined : this.#clock.sleep(waitMs, signal);
  }
}
