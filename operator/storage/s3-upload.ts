// An S3 multipart upload. `abort` first stops the parts that are under way: S3 keeps, and bills, a part
// that arrives after its upload was aborted.
import type { S3Client } from "@aws-sdk/client-s3";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { StorageError, isNotFound, isPermanent, isStorageError } from "./errors.ts";
import type { Part } from "./part-list.ts";
import { PartList } from "./part-list.ts";
import type { Purpose, S3Bucket, SendOptions } from "./s3-bucket.ts";
import { headS3Object } from "./s3-read.ts";
import type { CallOptions, ObjectInfo, PartOptions, Upload, UploadState } from "./storage.ts";

/** Begins an upload; resolves with its id. */
export async function createS3Upload(bucket: S3Bucket, purpose: Purpose): Promise<string> {
  const output = await bucket.send(purpose, (client, sendOptions) =>
    client.send(
      new CreateMultipartUploadCommand({
        Bucket: bucket.name,
        Key: bucket.objectKey(purpose.key),
        ...bucket.writtenAs(purpose),
      }),
      sendOptions,
    ),
  );
  const { operation, key } = purpose;
  if (output.UploadId !== undefined) return output.UploadId;
  const what = `${operation} of ${key}: the answer has no id of an upload`;
  throw new StorageError("unavailable", what, { operation, key });
}

/**
 * Makes the parts an object. One whose upload is gone and whose object is there has been completed: when an answer
 * was lost, the second try meets that. `size`: of all parts, when known.
 */
export async function completeS3Upload(
  bucket: S3Bucket,
  purpose: Purpose,
  upload: {
    readonly uploadId: string;
    readonly parts: readonly Part[];
    readonly size: number | undefined;
  },
): Promise<ObjectInfo> {
  const { size } = upload;
  try {
    const etag = await sendComplete(bucket, purpose, upload);
    if (size === undefined) return await headS3Object(bucket, purpose);
    return bucket.info(purpose, size, etag);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return completedBefore(bucket, purpose, { size, cause: error });
  }
}

async function sendComplete(
  bucket: S3Bucket,
  purpose: Purpose,
  { uploadId, parts }: { readonly uploadId: string; readonly parts: readonly Part[] },
): Promise<string | undefined> {
  const output = await bucket.send({ ...purpose, slow: true }, (client, sendOptions) =>
    client.send(
      new CompleteMultipartUploadCommand({
        Bucket: bucket.name,
        Key: bucket.objectKey(purpose.key),
        UploadId: uploadId,
        MultipartUpload: {
          Parts: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: `"${etag}"` })),
        },
      }),
      sendOptions,
    ),
  );
  return output.ETag;
}

/** The upload is gone: completed, when its object is there; else aborted. */
async function completedBefore(
  bucket: S3Bucket,
  purpose: Purpose,
  { size, cause }: { readonly size: number | undefined; readonly cause: unknown },
): Promise<ObjectInfo> {
  let there: ObjectInfo;
  try {
    there = await headS3Object(bucket, purpose);
  } catch (error) {
    throw isNotFound(error) ? cause : error;
  }
  if (there.size !== (size ?? there.size)) throw cause;
  return there;
}

/** Gives an upload up; one that is gone is fine. */
export async function abortS3Upload(
  bucket: S3Bucket,
  purpose: Purpose,
  uploadId: string,
): Promise<void> {
  try {
    await bucket.send(purpose, (client, sendOptions) =>
      client.send(
        new AbortMultipartUploadCommand({
          Bucket: bucket.name,
          Key: bucket.objectKey(purpose.key),
          UploadId: uploadId,
        }),
        sendOptions,
      ),
    );
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

export async function putS3Object(
  bucket: S3Bucket,
  purpose: Purpose,
  { body, ifAbsent }: { readonly body: Buffer; readonly ifAbsent: boolean },
): Promise<ObjectInfo> {
  const output = await sendBody(bucket, purpose, (client, sendOptions) =>
    client.send(
      new PutObjectCommand({
        Bucket: bucket.name,
        Key: bucket.objectKey(purpose.key),
        Body: body,
        ...bucket.writtenAs(purpose),
        ...(ifAbsent ? { IfNoneMatch: "*" } : {}),
      }),
      sendOptions,
    ),
  );
  return bucket.info(purpose, body.length, output.ETag);
}

/**
 * Sends an object's bytes. A store that refuses a body before it has read it may close the connection
 * before its answer can be read (seen with versitygw); wrong keys would look like a bad network. So
 * until a first body was taken, a broken connection leads to the question whether one may write here.
 */
async function sendBody<T>(
  bucket: S3Bucket,
  purpose: Purpose,
  request: (client: S3Client, options: SendOptions) => Promise<T>,
): Promise<T> {
  try {
    const output = await bucket.send(purpose, request);
    bucket.tookBody = true;
    return output;
  } catch (error) {
    if (!bucket.tookBody && brokeOff(error)) await requireWritable(bucket, purpose);
    throw error;
  }
}

/** Throws when the store refuses to begin an upload, which needs the same rights and has no body. */
async function requireWritable(bucket: S3Bucket, purpose: Purpose): Promise<void> {
  let uploadId: string;
  try {
    uploadId = await createS3Upload(bucket, purpose);
  } catch (error) {
    if (isPermanent(error)) throw error;
    return;
  }
  const { operation, key } = purpose;
  await abortS3Upload(bucket, { operation, key }, uploadId).catch(() => undefined);
}

/** The connection ended without an answer. */
function brokeOff(error: unknown): boolean {
  return isStorageError(error) && error.kind === "unavailable" && error.detail.status === undefined;
}

export class S3Upload implements Upload {
  readonly key: string;
  readonly #bucket: S3Bucket;
  readonly #uploadId: string;
  readonly #parts: PartList;
  readonly #sending = new Set<AbortController>();
  #done: ObjectInfo | undefined;
  #aborted = false;

  constructor(bucket: S3Bucket, state: UploadState) {
    this.key = state.key;
    this.#bucket = bucket;
    this.#uploadId = state.uploadId;
    this.#parts = PartList.of(state);
  }

  async part(body: Buffer, options: PartOptions = {}): Promise<void> {
    const number = this.#parts.take(options.number);
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#aborted) throw this.#givenUp();
    const sending = new AbortController();
    const follow = () => sending.abort(signal?.reason);
    signal?.addEventListener("abort", follow, { once: true });
    this.#sending.add(sending);
    try {
      await this.#send(number, body, sending.signal);
    } finally {
      this.#sending.delete(sending);
      signal?.removeEventListener("abort", follow);
    }
  }

  state(): UploadState {
    return { key: this.key, uploadId: this.#uploadId, parts: this.#parts.list() };
  }

  async complete(options: CallOptions = {}): Promise<ObjectInfo> {
    const parts = this.#parts.whole(this.key);
    this.#done ??= await this.#complete(parts, options);
    return this.#done;
  }

  async abort(options: CallOptions = {}): Promise<void> {
    this.#aborted = true;
    for (const sending of this.#sending) sending.abort(this.#givenUp());
    await abortS3Upload(this.#bucket, this.#purpose("upload.abort", options), this.#uploadId);
  }

  async #send(number: number, body: Buffer, signal: AbortSignal): Promise<void> {
    const purpose = this.#purpose("upload.part", { signal });
    const output = await sendBody(this.#bucket, purpose, (client, sendOptions) =>
      client.send(
        new UploadPartCommand({
          Bucket: this.#bucket.name,
          Key: this.#bucket.objectKey(this.key),
          UploadId: this.#uploadId,
          PartNumber: number,
          Body: body,
        }),
        sendOptions,
      ),
    );
    const { etag, size } = this.#bucket.info(purpose, body.length, output.ETag);
    this.#parts.store({ number, etag, size });
  }

  async #complete(parts: readonly Part[], options: CallOptions): Promise<ObjectInfo> {
    const purpose = this.#purpose("upload.complete", options);
    if (parts.length === 0) return this.#completeEmpty(purpose);
    const upload = { uploadId: this.#uploadId, parts, size: this.#parts.size() };
    return completeS3Upload(this.#bucket, purpose, upload);
  }

  // S3 completes no upload without parts.
  async #completeEmpty(purpose: Purpose): Promise<ObjectInfo> {
    const body = Buffer.alloc(0);
    const info = await putS3Object(this.#bucket, purpose, { body, ifAbsent: false });
    await abortS3Upload(this.#bucket, purpose, this.#uploadId);
    return info;
  }

  #purpose(operation: string, { signal }: CallOptions): Purpose {
    return { operation, key: this.key, signal };
  }

  #givenUp(): StorageError {
    const detail = { operation: "upload.part", key: this.key };
    return new StorageError("notFound", `the upload of ${this.key} was given up`, detail);
  }
}
