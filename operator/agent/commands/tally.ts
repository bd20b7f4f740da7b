// Counts the files that a command goes through, and says so now and then: nobody should have to guess
// whether it still moves.
import type { CommandDeps } from "./command.ts";

const EVERY_MS = 30_000;

export class Tally {
  readonly #deps: Pick<CommandDeps, "log" | "clock">;
  readonly #what: string;
  #reportedMs: number;
  files = 0;
  bytes = 0;

  constructor(deps: Pick<CommandDeps, "log" | "clock">, what: string) {
    this.#deps = deps;
    this.#what = what;
    this.#reportedMs = deps.clock.monotonic();
  }

  /** Counts one file. */
  add(sizeBytes: number): void {
    this.files += 1;
    this.bytes += sizeBytes;
    // The clock is asked once in a while only: this is called for every file.
    if (this.files % 256 !== 0) return;
    const now = this.#deps.clock.monotonic();
    if (now - this.#reportedMs < EVERY_MS) return;
    this.#reportedMs = now;
    this.#deps.log.info(this.#what, { files: this.files, bytes: this.bytes });
  }
}
