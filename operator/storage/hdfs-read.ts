// Reading a file of HDFS: first what it is, then its bytes from a DataNode. A body that ends before its length
// is an error, never an end, and so is one that stands still while somebody waits for it.
//
// What stays of a race: a file that is replaced between the two requests is read as the new one under the old
// one's ETag, if both have the same length. WebHDFS has no condition for OPEN, and asking again afterwards
// would cost every read a third request against what the contract rules out: one key has one content only.
// A file that is replaced later, while it is read, loses its blocks: that breaks the body off.
import { Readable } from "node:stream";
import { StorageError } from "./errors.ts";
import type { HdfsClient, Op, Purpose } from "./hdfs-client.ts";
import type { HdfsFiles } from "./hdfs-files.ts";
import type { ObjectInfo, ObjectReader, ReadOptions } from "./storage.ts";

export async function readHdfsFile(
  files: HdfsFiles,
  key: string,
  options: ReadOptions,
): Promise<ObjectReader> {
  const purpose: Purpose = { operation: "read", key, signal: options.signal };
  const path = files.objectPath(key);
  const status = await files.fileAt(purpose, path);
  if (status === undefined) throw refused("notFound", purpose, "is not there");
  const info = files.info(key, status);
  if (options.etag !== undefined && options.etag !== info.etag) {
    throw refused("changed", purpose, "is another object now");
  }
  const start = options.start ?? 0;
  if (start > 0 && start >= info.size) {
    throw refused(
      "invalidRange",
      purpose,
      `has ${info.size} bytes, and is to be read from ${start}`,
    );
  }
  const length = Math.min(options.length ?? info.size, info.size - start);
  const params = { offset: String(start), length: String(length) };
  const op: Op = { method: "GET", op: "OPEN", path, params };
  const body = length === 0 ? Readable.from([]) : await files.client.open(purpose, op);
  return new HdfsReader(files.client, purpose, { info, path, body, length });
}

class HdfsReader implements ObjectReader {
  readonly info: ObjectInfo;
  readonly body: AsyncIterable<Buffer>;
  readonly #client: HdfsClient;
  readonly #purpose: Purpose;
  readonly #path: string;
  readonly #stream: Readable;
  readonly #length: number;
  readonly #stop: () => void;
  #got = 0;
  /** Since when somebody waits for a chunk that does not come: changes with every chunk. */
  #waiting: object | undefined;
  #unwatch = () => {};

  constructor(
    client: HdfsClient,
    purpose: Purpose,
    what: {
      readonly info: ObjectInfo;
      readonly path: string;
      readonly body: Readable;
      readonly length: number;
    },
  ) {
    this.info = what.info;
    this.#client = client;
    this.#purpose = { ...purpose, operation: "read.body" };
    this.#path = what.path;
    this.#stream = what.body;
    this.#length = what.length;
    this.#stop = () => this.#stream.destroy();
    purpose.signal?.addEventListener("abort", this.#stop, { once: true });
    // Nobody else listens when it breaks before it is read; reading tells of it again.
    this.#stream.on("error", () => {});
    this.body = { [Symbol.asyncIterator]: () => this.#iterate() };
  }

  destroy(): void {
    this.#unwatch();
    this.#purpose.signal?.removeEventListener("abort", this.#stop);
    this.#stream.destroy();
  }

  // By hand, as in observed.ts.
  #iterate(): AsyncIterator<Buffer, undefined> {
    const chunks = this.#stream.iterator() as AsyncIterator<Buffer, undefined>;
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
    try {
      for (;;) {
        this.#waiting = {};
        const result = await chunks.next();
        this.#waiting = undefined;
        this.#purpose.signal?.throwIfAborted();
        if (result.done === true) break;
        this.#got += result.value.length;
        if (this.#got > this.#length) throw this.#wrongLength("has more than");
        if (result.value.length > 0) return result;
      }
      if (this.#got !== this.#length) throw this.#wrongLength(`ended after ${this.#got} of`);
      this.destroy();
      return { done: true, value: undefined };
    } catch (error) {
      this.destroy();
      throw this.#client.failure(error, this.#purpose, this.#path);
    }
  }

  /**
   * Ends a body that stands still. Looks once in a while instead of setting a timer for each chunk, so
   * a stall lasts up to twice its limit. Time in which nobody asks for more does not count.
   */
  #watch(waitedFor: object | undefined): void {
    const { clock, timeouts } = this.#client;
    this.#unwatch = clock.after(timeouts.stallMs, () => {
      const stalled = waitedFor !== undefined && waitedFor === this.#waiting;
      if (stalled) {
        this.#stream.destroy(this.#client.late(this.#purpose, this.#path, timeouts.stallMs));
      } else this.#watch(this.#waiting);
    });
  }

  #wrongLength(what: string): StorageError {
    const { operation, key } = this.#purpose;
    const place = this.#client.place(this.#path);
    const message = `the body of ${place} ${what} ${this.#length} bytes`;
    return new StorageError("unavailable", message, { operation, key });
  }
}

function refused(
  kind: "notFound" | "changed" | "invalidRange",
  { operation, key }: Purpose,
  what: string,
): StorageError {
  return new StorageError(kind, `${operation}: ${key} ${what}`, { operation, key });
}
