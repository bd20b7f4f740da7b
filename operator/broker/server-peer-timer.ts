// Bounds how long one call may wait for its peer: for the bytes of the call, and for the answer to be
// taken. Time in which we work, or hold the peer back, does not count: it is not the peer's fault.
import type { Clock } from "../clock.ts";

export class PeerTimer {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onExpired: () => void;
  #active = false;
  #spentMs = 0;
  /** Since when the peer is being waited for, while it is. */
  #waitingSince: number | undefined;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, limitMs: number, onExpired: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onExpired = onExpired;
  }

  /** A call begins. */
  start(): void {
    this.#active = true;
    this.#spentMs = 0;
  }

  /** The call is over. Between calls a peer may be silent for ever. */
  stop(): void {
    this.#active = false;
    this.#waitingSince = undefined;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  waiting(): void {
    if (!this.#active) return;
    this.#waitingSince ??= this.#clock.monotonic();
    // Left armed while we work, and looked at when it fires: most calls never wait, and those that
    // do would set and clear a timer for every chunk.
    if (this.#cancel === undefined) this.#arm();
  }

  resumed(): void {
    this.#spentMs = this.spentMs;
    this.#waitingSince = undefined;
  }

  /** How long the running call has waited for its peer. */
  get spentMs(): number {
    if (this.#waitingSince === undefined) return this.#spentMs;
    return this.#spentMs + this.#clock.monotonic() - this.#waitingSince;
  }

  #arm(): void {
    this.#cancel = this.#clock.after(Math.max(1, this.#limitMs - this.spentMs), () => {
      this.#cancel = undefined;
      if (this.#waitingSince === undefined) return;
      if (this.spentMs >= this.#limitMs) this.#onExpired();
      else this.#arm();
    });
  }
}
