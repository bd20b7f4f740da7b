// What an agent has done so far: the numbers behind its progress lines. Only sums; rates and lines are
// made elsewhere (agent/progress.ts). What StarRocks sends or asks for again is counted once.
import { Furthest, type Transfer } from "./furthest.ts";

export interface Totals {
  /** Content bytes taken from StarRocks (backup), repeats left out. */
  readonly bytesIn: number;
  /** Content bytes given to StarRocks (restore), repeats left out. */
  readonly bytesOut: number;
  /** Files published (backup) or read to their end (restore). */
  readonly files: number;
  /** Broker calls answered, and how many of them with an error. */
  readonly calls: number;
  readonly failedCalls: number;
  readonly callsByMethod: Readonly<Record<string, number>>;
  /** The last error that a caller was told, for the person who asks why nothing moves. */
  readonly lastError: string | undefined;
}

export class Counters {
  #bytesIn = 0;
  #bytesOut = 0;
  #files = 0;
  #failedCalls = 0;
  #lastError: string | undefined;
  readonly #furthest = new Furthest();
  readonly #calls = new Map<string, number>();

  /** A file's content was taken up to this offset. */
  took(transfer: Transfer, upTo: number): void {
    this.#bytesIn += this.#furthest.advance(transfer, upTo);
  }

  /** A file's content was given up to this offset. */
  gave(transfer: Transfer, upTo: number): void {
    this.#bytesOut += this.#furthest.advance(transfer, upTo);
  }

  finished(transfer: Transfer): void {
    if (this.#furthest.finish(transfer)) this.#files += 1;
  }

  answered(method: string): void {
    this.#calls.set(method, (this.#calls.get(method) ?? 0) + 1);
  }

  failed(method: string, message: string): void {
    this.answered(method);
    this.#failedCalls += 1;
    this.#lastError = message;
  }

  totals(): Totals {
    let calls = 0;
    for (const count of this.#calls.values()) calls += count;
    return {
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      files: this.#files,
      calls,
      failedCalls: this.#failedCalls,
      callsByMethod: Object.fromEntries(this.#calls),
      lastError: this.#lastError,
    };
  }
}
