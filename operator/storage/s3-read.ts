// Reading an object from S3. A body that ends before its length is an error, never an end, and so is
// one that stands still while somebody waits for it. An early exit gives the connection back by
// closing it: what was not read would otherwise have to be.
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { GetObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { Readable } from "node:stream";
import { isStorageError, StorageError } from "./errors.ts";
import type { Purpose, S3Bucket } from "./s3-bucket.ts";
import type { ObjectInfo, ObjectReader, ReadOptions } from "./storage.ts";

/** One GET; one more request only where S3 cannot say "nothing" (empty ranges, empty objects). */
export async function readS3Object(
  bucket: S3Bucket,
  key: string,
  options: ReadOptions,
): Promise<ObjectReader> {
  const purpose: Purpose = { operation: "read", key, signal: options.signal };
  const start = options.start ?? 0;
  if (options.length === 0) return nothingOf(bucket, purpose, start);
  try {
    const output = await bucket.send(purpose, (client, sendOptions) =>
      client.send(
        new GetObjectCommand({
          Bucket: bucket.name,
          Key: bucket.objectKey(key),
          ...(options.etag === undefined ? {} : { IfMatch: `"${options.etag}"` }),
          ...rangeOf(start, options.length),
        }),
        sendOptions,
      ),
    );
    return open(bucket, purpose, { output, start });
  } catch (error) {
    const beyond = isStorageError(error) && error.kind === "invalidRange";
    // An empty object has no first byte that a range could name.
    if (beyond && start === 0) return nothingOf(bucket, purpose, start);
    throw error;
  }
}

export async function headS3Object(bucket: S3Bucket, purpose: Purpose): Promise<ObjectInfo> {
  const output = await bucket.send(purpose, (client, sendOptions) =>
    client.send(
      new HeadObjectCommand({ Bucket: bucket.name, Key: bucket.objectKey(purpose.key) }),
      sendOptions,
    ),
  );
  return bucket.info(purpose, output.ContentLength, output.ETag);
}

async function nothingOf(bucket: S3Bucket, purpose: Purpose, start: number): Promise<ObjectReader> {
  const info = await headS3Object(bucket, purpose);
  if (start > 0 && start >= info.size) {
    const { operation, key } = purpose;
    const message = `${operation} of ${key} begins at ${start} of ${info.size} bytes`;
    throw new StorageError("invalidRange", message, { operation, key });
  }
  return new S3Reader(bucket, purpose, { info, body: Readable.from([]), length: 0 });
}

function rangeOf(start: number, length: number | undefined): { Range?: string } {
  if (length !== undefined) return { Range: `bytes=${start}-${start + length - 1}` };
  return start === 0 ? {} : { Range: `bytes=${start}-` };
}

function open(
  bucket: S3Bucket,
  purpose: Purpose,
  { output, start }: { readonly output: GetObjectCommandOutput; readonly start: number },
): ObjectReader {
  const body = output.Body as Readable;
  try {
    const [, first, last, total] =
      /^bytes (\d+)-(\d+)\/(\d+)$/.exec(output.ContentRange ?? "") ?? [];
    const ranged = first !== undefined;
    if (Number(first ?? 0) !== start) throw ignoredRange(purpose, start);
    const length = ranged ? Number(last) - start + 1 : output.ContentLength;
    const info = bucket.info(purpose, ranged ? Number(total) : length, output.ETag);
    return new S3Reader(bucket, purpose, { info, body, length: length ?? info.size });
  } catch (error) {
    body.destroy();
    throw error;
  }
}

function ignoredRange({ operation, key }: Purpose, start: number): StorageError {
  return new StorageError(
    "wrongConfiguration",
    `${operation} of ${key}: the store answered another range than from ${start}; it, or a proxy before it, does not know ranges`,
    { operation, key },
  );
}

class S3Reader implements ObjectReader {
  readonly info: ObjectInfo;
  readonly body: AsyncIterable<Buffer>;
  readonly #bucket: S3Bucket;
  readonly #purpose: Purpose;
  readonly #stream: Readable;
  readonly #length: number;
  readonly #stop: () => void;
  #got = 0;
  /** Since when somebody waits for a chunk that does not come: changes with every chunk. */
  #waiting: object | undefined;
  #unwatch = () => {};

  constructor(
    bucket: S3Bucket,
    purpose: Purpose,
    what: { readonly info: ObjectInfo; readonly body: Readable; readonly length: number },
  ) {
    this.info = what.info;
    this.#bucket = bucket;
    this.#purpose = { ...purpose, operation: "read.body" };
    this.#stream = what.body;
    this.#length = what.length;
    this.#stop = () => this.#stream.destroy();
    purpose.signal?.addEventListener("abort", this.#stop, { once: true });
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
        if (result.value.length > 0) return result;
      }
      if (this.#got !== this.#length) throw this.#cutOff();
      this.destroy();
      return { done: true, value: undefined };
    } catch (error) {
      this.destroy();
      throw this.#bucket.failure(error, this.#purpose);
    }
  }

  /**
   * Ends a body that stands still. Looks once in a while instead of setting a timer for each chunk, so
   * a stall lasts up to twice its limit. Time in which nobody asks for more does not count.
   */
  #watch(waitedFor: object | undefined): void {
    const { clock, timeouts } = this.#bucket;
    this.#unwatch = clock.after(timeouts.stallMs, () => {
      const stalled = waitedFor !== undefined && waitedFor === this.#waiting;
      if (stalled) this.#stream.destroy(this.#bucket.late(this.#purpose, timeouts.stallMs));
      else this.#watch(this.#waiting);
    });
  }

  #cutOff(): StorageError {
    const { operation, key } = this.#purpose;
    const { name } = this.#bucket;
    return new StorageError(
      "unavailable",
      `the body of s3://${name}/${this.#bucket.objectKey(key)} ended after ${this.#got} of ${this.#length} bytes`,
      { operation, key },
    );
  }
}
