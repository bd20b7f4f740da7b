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
    this.body = this.#chunks();
  }

  destroy(): void {
    this.#stream.destroy();
  }

  async *#chunks(): AsyncIterable<Buffer> {
    const { signal } = this.#purpose;
    const follow = () => this.#stream.destroy();
    signal?.addEventListener("abort", follow, { once: true });
    try {
      const chunks = this.#stream.iterator() as AsyncIterator<Buffer, undefined>;
      let got = 0;
      for (;;) {
        const chunk = await this.#next(chunks);
        if (chunk === undefined) break;
        got += chunk.length;
        if (chunk.length > 0) yield chunk;
      }
      if (got !== this.#length) throw this.#cutOff(got);
    } finally {
      signal?.removeEventListener("abort", follow);
      this.#stream.destroy();
    }
  }

  async #next(chunks: AsyncIterator<Buffer, undefined>): Promise<Buffer | undefined> {
    const { stallMs } = this.#bucket.timeouts;
    const stalled = () => this.#stream.destroy(this.#bucket.late(this.#purpose, stallMs));
    const cancel = this.#bucket.clock.after(stallMs, stalled);
    try {
      const { done, value } = await chunks.next();
      this.#purpose.signal?.throwIfAborted();
      return done === true ? undefined : value;
    } catch (error) {
      throw this.#bucket.failure(error, this.#purpose);
    } finally {
      cancel();
    }
  }

  #cutOff(got: number): StorageError {
    const { operation, key } = this.#purpose;
    return new StorageError(
      "unavailable",
      `the body of s3://${this.#bucket.name}/${this.#bucket.objectKey(key)} ended after ${got} of ${this.#length} bytes`,
      { operation, key },
    );
  }
}
