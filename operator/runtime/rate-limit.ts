// A token bucket: so many at once, so many a second in the long run. Who finds it empty is given the next
// turn in order and waits for it. The callers' own bounds (workers, deadlines) bound the queue.
import type { Clock } from "../clock.ts";

export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

export class TokenBucket {
  readonly #clock: Clock;
  readonly #limit: RateLimit;
  #tokens: number;
  #countedMs: number;

  constructor(clock: Clock, limit: RateLimit) {
    this.#clock = clock;
    this.#limit = limit;
    this.#tokens = limit.burst;
    this.#countedMs = clock.monotonic();
  }

  /** Resolves when it is our turn; rejects with the signal's reason, and the turn is lost. */
  async take(signal?: AbortSignal): Promise<void> {
    this.#refill();
    this.#tokens -= 1;
    if (this.#tokens < 0) {
      await this.#clock.sleep((-this.#tokens / this.#limit.perSecond) * 1000, signal);
    }
  }

  /** Takes one if there is one now. */
  tryTake(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    const earned = ((now - this.#countedMs) / 1000) * this.#limit.perSecond;
    this.#tokens = Math.min(this.#limit.burst, this.#tokens + earned);
    this.#countedMs = now;
  }
}
