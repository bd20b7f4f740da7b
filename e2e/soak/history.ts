// What was done and seen, in order: a line of JSON each, in a file, and the last ones of each object in memory for
// the report of a failure.
import { createWriteStream, type WriteStream } from "node:fs";
import { once } from "node:events";

const KEPT_PER_OBJECT = 40;

export class History {
  readonly #file: WriteStream;
  readonly #startMs: number;
  readonly #lasts = new Map<string, string[]>();

  constructor(path: string, startMs: number) {
    this.#file = createWriteStream(path);
    this.#startMs = startMs;
  }

  /** `about`: `Backup prod/b-1`, or whatever it is of. */
  note(about: string, what: object): void {
    const seconds = ((Date.now() - this.#startMs) / 1000).toFixed(2);
    const line = JSON.stringify({ seconds, about, ...what });
    this.#file.write(`${line}\n`);
    const lasts = this.#lasts.get(about) ?? [];
    lasts.push(line);
    if (lasts.length > KEPT_PER_OBJECT) lasts.shift();
    this.#lasts.set(about, lasts);
  }

  last(about: string): readonly string[] {
    return this.#lasts.get(about) ?? [];
  }

  forget(about: string): void {
    this.#lasts.delete(about);
  }

  async close(): Promise<void> {
    this.#file.end();
    await once(this.#file, "close");
  }
}
