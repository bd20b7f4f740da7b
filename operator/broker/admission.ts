// How many files may be written at a time. A caller waits for its answer 8 s (2.5) or 25 s; with more
// writers than the storage can serve in that time all of them would fail together. So the number is
// bounded by memory, by the bandwidth limit, and by what was seen: a call that missed its deadline
// halves it, quiet time lets it grow again. Who is not admitted gets an error at openWriter, before a
// byte was sent; the BE sends the tablet again by itself (10 s, ReportHandler).
import type { Clock } from "../clock.ts";

/** The largest pwrite of a BE: `upload_buffer_size`, 3.4+. Bytes. */
const PWRITE_BYTES_MAX = 4 * 1024 * 1024;
const GROW_AFTER_MS = 30_000;

export interface AdmissionOptions {
  readonly clock: Clock;
  /** Writers that memory allows. */
  readonly slots: number;
  /** How long a caller waits for an answer. */
  readonly deadlineMs: number;
  readonly bytesPerSecond: () => number | undefined;
}

export class Admission {
  readonly #options: AdmissionOptions;
  #seenMax: number;
  #changedMs: number;
  #missedUntilMs = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#seenMax = options.slots;
    this.#changedMs = options.clock.monotonic();
  }

  /** How many writers may be open now; at least one. */
  get limit(): number {
    this.#grow();
    return Math.max(1, Math.min(this.#options.slots, this.#seenMax, this.#share()));
  }

  /** A call was not done in time: halve. Once in a deadline at the most: one jam fails many calls. */
  missed(openNow: number): void {
    const now = this.#options.clock.monotonic();
    if (now < this.#missedUntilMs) return;
    this.#missedUntilMs = now + this.#options.deadlineMs;
    this.#seenMax = Math.max(1, Math.min(this.limit, Math.floor(openNow / 2)));
    this.#changedMs = now;
  }

  #grow(): void {
    const now = this.#options.clock.monotonic();
    const steps = Math.floor((now - this.#changedMs) / GROW_AFTER_MS);
    if (steps === 0) return;
    this.#seenMax = Math.min(this.#options.slots, this.#seenMax + steps);
    this.#changedMs += steps * GROW_AFTER_MS;
  }

  /** Half of the deadline must do for one pwrite of each. */
  #share(): number {
    const rate = this.#options.bytesPerSecond();
    if (rate === undefined) return this.#options.slots;
    return Math.floor((rate * this.#options.deadlineMs) / 2000 / PWRITE_BYTES_MAX);
  }
}
