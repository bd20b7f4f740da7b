// Copies inside S3: one request up to a size (5 GiB on AWS), above it as a multipart upload whose parts
// are copied, several at a time. Some stores copy less in one request than S3 does: their refusal
// leads to the same second way.
import { CopyObjectCommand, UploadPartCopyCommand } from "@aws-sdk/client-s3";
import { isNotFound, isStorageError, StorageError } from "./errors.ts";
import type { Layer } from "./layer.ts";
import { forEachParallel } from "./parallel.ts";
import { PartList } from "./part-list.ts";
import type { Purpose, S3Bucket } from "./s3-bucket.ts";
import type { S3Dialect } from "./s3-dialect.ts";
import { headS3Object } from "./s3-read.ts";
import { abortS3Upload, completeS3Upload, createS3Upload } from "./s3-upload.ts";
import { copiedAs } from "./s3-written.ts";
import type { CopyOptions, ObjectInfo } from "./storage.ts";

export interface CopyLimits {
  /** Larger objects are copied in parts. Bytes. */
  readonly singleBytesMax: number;
  readonly partBytes: number;
  readonly partsMax: number;
  /** Parts at the same time. */
  readonly parallel: number;
}

const GIB = 1024 ** 3;

export const S3_COPY_LIMITS: CopyLimits = {
  singleBytesMax: 5 * GIB,
  partBytes: GIB / 4,
  partsMax: 10_000,
  parallel: 8,
};

/** Codes with which stores refuse a source that is too large for one request. */
const TOO_LARGE: readonly (string | undefined)[] = ["InvalidRequest", "EntityTooLarge"];
/** No store refuses a source up to this size for its size. */
const SURELY_SINGLE_BYTES = 1024 * 1024;

export interface CopierOptions {
  readonly limits: CopyLimits;
  readonly steps: Pick<Layer, "call">;
  readonly dialect: S3Dialect;
}

export class S3Copier {
  readonly #bucket: S3Bucket;
  readonly #limits: CopyLimits;
  readonly #steps: Pick<Layer, "call">;
  readonly #dialect: S3Dialect;

  /** `steps` goes around each request of a copy in parts: a retry of one must not redo them all. */
  constructor(bucket: S3Bucket, how: CopierOptions) {
    this.#bucket = bucket;
    this.#limits = how.limits;
    this.#steps = how.steps;
    this.#dialect = how.dialect;
  }

  /** Exactly one request when the caller tells the size and it is within the limit. */
  async copy(from: string, to: string, options: CopyOptions): Promise<ObjectInfo> {
    const purpose: Purpose = { operation: "copy", key: from, signal: options.signal };
    const known = options.size ?? (await headS3Object(this.#bucket, purpose)).size;
    if (known > this.#limits.singleBytesMax) {
      return this.#dialect.either(
        "partCopy",
        () => this.#copyParts(purpose, to),
        // A store without copies in parts copies any size at once, or nothing helps.
        () => this.#copyWhole(purpose, to, known),
      );
    }
    try {
      return await this.#copyWhole(purpose, to, known);
    } catch (error) {
      const refused = isStorageError(error) && TOO_LARGE.includes(error.detail.code);
      if (!refused || known <= SURELY_SINGLE_BYTES) throw error;
      return this.#copyParts(purpose, to);
    }
  }

  async #copyWhole(purpose: Purpose, to: string, size: number): Promise<ObjectInfo> {
    const output = await this.#bucket.send({ ...purpose, slow: true }, (client, sendOptions) =>
      client.send(
        new CopyObjectCommand({
          Bucket: this.#bucket.name,
          Key: this.#bucket.objectKey(to),
          CopySource: this.#source(purpose.key),
          ...copiedAs(this.#bucket.writtenAs()),
        }),
        sendOptions,
      ),
    );
    return this.#bucket.info({ ...purpose, key: to }, size, output.CopyObjectResult?.ETag);
  }

  async #copyParts(purpose: Purpose, to: string): Promise<ObjectInfo> {
    // Asked anew: how much is copied must never hang on what a caller believes.
    const source = await this.#step(purpose, () => headS3Object(this.#bucket, purpose));
    const target: Purpose = { ...purpose, key: to };
    const uploadId = await this.#step(target, () => createS3Upload(this.#bucket, target));
    try {
      const parts = await this.#copyRanges(target, source, uploadId);
      const upload = { uploadId, parts: parts.whole(to), size: source.size };
      return await this.#step(target, () => this.#complete(target, upload));
    } catch (error) {
      // Without the signal: an aborted copy must clean up too. What fails here, a sweep finds.
      const cleanup: Purpose = { operation: "copy", key: to };
      await this.#step(cleanup, () => abortS3Upload(this.#bucket, cleanup, uploadId)).catch(
        () => undefined,
      );
      throw error;
    }
  }

  async #copyRanges(target: Purpose, source: ObjectInfo, uploadId: string): Promise<PartList> {
    const parts = new PartList();
    await forEachParallel(rangesOf(source.size, this.#limits), this.#limits.parallel, (range) => {
      const number = parts.take();
      return this.#step(target, async () => {
        const output = await this.#bucket.send({ ...target, slow: true }, (client, sendOptions) =>
          client.send(
            new UploadPartCopyCommand({
              Bucket: this.#bucket.name,
              Key: this.#bucket.objectKey(target.key),
              UploadId: uploadId,
              PartNumber: number,
              CopySource: this.#source(source.key),
              CopySourceIfMatch: `"${source.etag}"`,
              CopySourceRange: `bytes=${range.first}-${range.last}`,
            }),
            sendOptions,
          ),
        );
        if (output.CopyPartResult === undefined) throw this.#unheeded(target);
        const size = range.last - range.first + 1;
        const { etag } = this.#bucket.info(target, size, output.CopyPartResult.ETag);
        parts.store({ number, etag, size });
      });
    });
    return parts;
  }

  /** Nobody else knows this upload: when it is gone and there is no object, an earlier try is still at work. */
  async #complete(
    target: Purpose,
    upload: Parameters<typeof completeS3Upload>[2],
  ): Promise<ObjectInfo> {
    try {
      return await completeS3Upload(this.#bucket, target, upload);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const { operation, key } = target;
      const what = `${operation} to ${key}: neither the upload of its parts nor the object is there`;
      throw new StorageError("unavailable", what, { operation, key }, { cause: error });
    }
  }

  /** The store took the request for a part without bytes: it would become an object without bytes. */
  #unheeded({ operation, key }: Purpose): StorageError {
    const what = `${operation} of ${key}: the store did not heed that a part is to be copied`;
    return new StorageError("wrongConfiguration", what, { operation, key, code: "NotImplemented" });
  }

  #step<T>({ key, signal }: Purpose, request: () => Promise<T>): Promise<T> {
    return this.#steps.call({ operation: "copy", key, signal }, request);
  }

  // The client does not encode this header.
  #source(key: string): string {
    const path = `${this.#bucket.name}/${this.#bucket.objectKey(key)}`;
    return path.split("/").map(encodeURIComponent).join("/");
  }
}

function* rangesOf(
  size: number,
  { partBytes, partsMax }: CopyLimits,
): Iterable<{ readonly first: number; readonly last: number }> {
  const step = Math.max(partBytes, Math.ceil(size / partsMax));
  for (let first = 0; first < size; first += step) {
    yield { first, last: Math.min(first + step, size) - 1 };
  }
}
