// Warnings that a stranger on the network could cause as often as he likes: each text is logged at
// most once in a while, with the number of those that were kept back.
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";

const EVERY_MS = 10_000;

export class RareWarnings {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #seen = new Map<string, { loggedMs: number; kept: number }>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** `message` must be one of a few fixed texts: each is remembered. What varies goes into `fields`. */
  warn(message: string, fields: object): void {
    const nowMs = this.#clock.monotonic();
    const last = this.#seen.get(message);
    if (last !== undefined && nowMs - last.loggedMs < EVERY_MS) {
      last.kept += 1;
      return;
    }
    this.#seen.set(message, { loggedMs: nowMs, kept: 0 });
    this.#log.warn(message, { ...fields, ...(last && last.kept > 0 && { alsoBefore: last.kept }) });
  }
}
