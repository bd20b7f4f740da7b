// The body of an answer as an `ObjectReader`: told when it is cut short, ended when it stands still, and let go of at
// every way out.
import type { Readable } from "node:stream";
import type { Clock } from "../clock.ts";
import { StorageError } from "./errors.ts";
import type { ObjectInfo, ObjectReader } from "./storage.ts";

export interface BodyReaderOptions {
  readonly info: ObjectInfo;
  readonly body: Readable;
  /** Bytes that must come. */
  readonly length: number;
  /** For messages: `gs://bucket/key`. */
  readonly place: string;
  readonly clock: Clock;
  /** Between two chunks that are waited for. */
  readonly stallMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The error to throw for what the body threw. */
  readonly classify: (error: unknown) => unknown;
}

export class BodyReader implements ObjectReader {
  readonly info: ObjectInfo;
  readonly body: AsyncIterable<Buffer>;
  readonly #options: BodyReaderOptions;
  readonly #stop: () => void;
  #got = 0;
  /** Since when somebody waits for a chunk that does not come: changes with every chunk. */
  #waiting: object | undefined;
  #unwatch = () => {};

  constructor(options: BodyReaderOptions) {
    this.info = options.info;
    this.#options = options;
    this.#stop = () => options.body.destroy();
    // Whoever waits for the next chunk hears of it; a body that nobody reads yet must not end the process.
    options.body.on("error", () => {});
    options.signal?.addEventListener("abort", this.#stop, { once: true });
    this.body = { [Symbol.asyncIterator]: () => this.#iterate() };
  }

  destroy(): void {
    this.#unwatch();
    this.#options.signal?.removeEventListener("abort", this.#stop);
    this.#options.body.destroy();
  }

  // By hand, as in observed.ts.
  #iterate(): AsyncIterator<Buffer, undefined> {
    const chunks = this.#options.body.iterator() as AsyncIterator<Buffer, undefined>;
    this.#watch(undefined);
    return {
      next: () => this.#next(chunks),
      return: async () => {
        this.destroy();
        return { done: true, value: undefined };
      },
    };
  }

  async #next(
    chunks: AsyncIterator<Buffer, undefined>,
  ): Promise<IteratorResult<Buffer, undefined>> {
    const { length, signal, classify } = this.#options;
    try {
      for (;;) {
        this.#waiting = {};
        const result = await chunks.next();
        this.#waiting = undefined;
        signal?.throwIfAborted();
        if (result.done === true) break;
        this.#got += result.value.length;
        if (this.#got > length) throw this.#error("unavailable", `has more than ${length} bytes`);
        if (result.value.length > 0) return result;
      }
      if (this.#got !== length) throw this.#cutOff();
      this.destroy();
      return { done: true, value: undefined };
    } catch (error) {
      this.destroy();
      throw signal?.aborted === true ? signal.reason : classify(error);
    }
  }

  /**
   * Ends a body that stands still. Looks once in a while instead of setting a timer for each chunk, so
   * a stall lasts up to twice its limit. Time in which nobody asks for more does not count.
   */
  #watch(waitedFor: object | undefined): void {
    const { clock, stallMs, body } = this.#options;
    this.#unwatch = clock.after(stallMs, () => {
      const stalled = waitedFor !== undefined && waitedFor === this.#waiting;
      if (stalled) body.destroy(this.#error("timeout", `stood still for ${stallMs} ms`));
      else this.#watch(this.#waiting);
    });
  }

  #cutOff(): StorageError {
    const { length } = this.#options;
    return this.#error("unavailable", `ended after ${this.#got} of ${length} bytes`);
  }

  #error(kind: "unavailable" | "timeout", what: string): StorageError {
    const { key } = this.info;
    const detail = { operation: "read.body", key };
    return new StorageError(kind, `the body of ${this.#options.place} ${what}`, detail);
  }
}
