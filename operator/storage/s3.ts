// The S3 driver: AWS and the stores that speak its protocol. A call of the contract is one request
// wherever S3 allows it: a put, a read, a part, a complete, a copy whose size is known. Nothing is
// retried here but the single requests of calls that take many (`steps`).
//
// What would surprise: an answer to HEAD cannot say that the bucket is missing, so the first "not
// there" of a process asks for the bucket too.
import type {
  _Error,
  ListMultipartUploadsCommandOutput,
  ListObjectsV2CommandOutput,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  HeadBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
} from "@aws-sdk/client-s3";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { silentLog } from "../log.ts";
import { StorageError, isNotFound, isStorageError } from "./errors.ts";
import { requireKey, requirePair } from "./key.ts";
import type { Layer } from "./layer.ts";
import { pagesOf, rowsInOrder } from "./paging.ts";
import { forEachParallel } from "./parallel.ts";
import type { Purpose, Timeouts } from "./s3-bucket.ts";
import { S3Bucket } from "./s3-bucket.ts";
import type { CopyLimits } from "./s3-copy.ts";
import { S3Copier, S3_COPY_LIMITS } from "./s3-copy.ts";
import { S3Dialect } from "./s3-dialect.ts";
import { classifyS3Code } from "./s3-errors.ts";
import type { S3Location } from "./s3-location.ts";
import { formatS3Location } from "./s3-location.ts";
import { headS3Object, readS3Object } from "./s3-read.ts";
import { S3Upload, abortS3Upload, createS3Upload, putS3Object } from "./s3-upload.ts";
import type { WrittenAs } from "./s3-written.ts";
import type {
  CallOptions,
  Capabilities,
  CopyOptions,
  ListEntry,
  ListOptions,
  ObjectInfo,
  ObjectReader,
  PutOptions,
  ReadOptions,
  Storage,
  Upload,
  UploadRef,
  UploadState,
  WriteOptions,
} from "./storage.ts";

export interface S3StorageOptions {
  readonly client: S3Client;
  readonly location: S3Location;
  readonly clock: Clock;
  /** Default: silent. */
  readonly log?: Log | undefined;
  /** Around each request of a call that takes several; retries belong here. Default: nothing. */
  readonly steps?: Pick<Layer, "call"> | undefined;
  readonly copyLimits?: Partial<CopyLimits> | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Of every object that is written. Default: what the bucket says. */
  readonly written?: WrittenAs | undefined;
  /** The store knows `If-None-Match: *`. Default true; without it `ifAbsent` looks first. */
  readonly conditionalPut?: boolean | undefined;
}

const TIMEOUTS: Timeouts = { requestMs: 60_000, slowRequestMs: 600_000, stallMs: 30_000 };
const DELETE_BATCH = 1000;
const DELETE_PARALLEL = 4;
/** Of each batch, where a store knows no batches. */
const DELETE_EACH_PARALLEL = 8;
const PART_BYTES_MIN = 5 * 1024 * 1024;
const onlyOnce: Pick<Layer, "call"> = { call: (_call, next) => next() };

export class S3Storage implements Storage {
  readonly location: string;
  readonly capabilities: Capabilities;
  readonly #bucket: S3Bucket;
  readonly #copier: S3Copier;
  readonly #steps: Pick<Layer, "call">;
  readonly #dialect: S3Dialect;
  #bucketSeen = false;

  constructor(options: S3StorageOptions) {
    const { client, location, clock, log = silentLog, steps = onlyOnce } = options;
    const dialect = new S3Dialect(log);
    const limits = { ...S3_COPY_LIMITS, ...options.copyLimits };
    this.location = formatS3Location(location);
    this.capabilities = {
      atomicMove: false,
      get conditionalPut() {
        return options.conditionalPut !== false && !dialect.lacks("conditionalPut");
      },
      partBytesMin: PART_BYTES_MIN,
      partsMax: limits.partsMax,
      partsInOrder: false,
      uploadsListed: true,
    };
    this.#bucket = new S3Bucket(client, location, {
      clock,
      timeouts: { ...TIMEOUTS, ...options.timeouts },
      written: options.written ?? {},
    });
    this.#copier = new S3Copier(this.#bucket, { limits, steps, dialect });
    this.#steps = steps;
    this.#dialect = dialect;
  }

  async put(key: string, body: Buffer, options: PutOptions = {}): Promise<ObjectInfo> {
    const { signal, temporary } = options;
    const purpose: Purpose = { operation: "put", key: requireKey(key), signal, temporary };
    const write = (ifAbsent: boolean) => putS3Object(this.#bucket, purpose, { body, ifAbsent });
    if (options.ifAbsent !== true) return write(false);
    const look = async () => {
      await this.#requireAbsent(purpose);
      return write(false);
    };
    if (!this.capabilities.conditionalPut) return look();
    return this.#dialect.either("conditionalPut", () => write(true), look);
  }

  async upload(key: string, { signal, temporary }: WriteOptions = {}): Promise<Upload> {
    const purpose: Purpose = { operation: "upload", key: requireKey(key), signal, temporary };
    const uploadId = await createS3Upload(this.#bucket, purpose);
    return new S3Upload(this.#bucket, { key, uploadId, parts: [] });
  }

  resumeUpload(state: UploadState): Upload {
    return new S3Upload(this.#bucket, state);
  }

  async read(key: string, options: ReadOptions = {}): Promise<ObjectReader> {
    return readS3Object(this.#bucket, requireKey(key), options);
  }

  async stat(key: string, options: CallOptions = {}): Promise<ObjectInfo | undefined> {
    const purpose: Purpose = { operation: "stat", key: requireKey(key), signal: options.signal };
    try {
      const info = await headS3Object(this.#bucket, purpose);
      this.#bucketSeen = true;
      return info;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await this.#requireBucket(purpose);
      return undefined;
    }
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<ListEntry> {
    const purpose: Purpose = { operation: "list", key: prefix, signal: options.signal };
    const pages = pagesOf({
      ...purpose,
      ask: (token) => this.#listPage(purpose, options, token),
      next: (page) => (page.IsTruncated === true ? (page.NextContinuationToken ?? "") : undefined),
      place: this.location,
      advice: "this store lacks ListObjectsV2, without which only the first rows would be seen",
    });
    yield* rowsInOrder(this.#rows(purpose, pages), options);
  }

  async copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    requirePair(from, to);
    return this.#copier.copy(from, to, options);
  }

  async move(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    const { signal, size } = options;
    let info: ObjectInfo;
    try {
      info = await this.copy(from, to, options);
    } catch (error) {
      const there = isNotFound(error) ? await this.stat(to, { signal }) : undefined;
      if (there === undefined || there.size !== (size ?? there.size)) throw error;
      return there;
    }
    const call = { operation: "delete", key: from, signal } as const;
    await this.#steps.call(call, () => this.delete(from, { signal }));
    return info;
  }

  async delete(key: string, options: CallOptions = {}): Promise<void> {
    await this.#deleteOne({ operation: "delete", key: requireKey(key), signal: options.signal });
  }

  async deleteMany(keys: readonly string[], options: CallOptions = {}): Promise<void> {
    const batches: (readonly string[])[] = [];
    for (let at = 0; at < keys.length; at += DELETE_BATCH) {
      batches.push(keys.slice(at, at + DELETE_BATCH));
    }
    await forEachParallel(batches, DELETE_PARALLEL, (batch) => {
      const purpose = {
        operation: "deleteMany",
        key: batch[0] ?? "",
        signal: options.signal,
      } as const;
      return this.#dialect.either(
        "batchDelete",
        () => this.#steps.call(purpose, () => this.#deleteBatch(purpose, batch)),
        () => this.#deleteEach(batch, options),
      );
    });
  }

  async *listUploads(prefix: string, options: CallOptions = {}): AsyncIterable<UploadRef> {
    const purpose: Purpose = { operation: "listUploads", key: prefix, signal: options.signal };
    const pages = pagesOf({
      ...purpose,
      ask: (place) => this.#listUploadsPage(purpose, place),
      next: nextMarkers,
      place: this.location,
      advice: "this store lacks pages of ListMultipartUploads, without which uploads would stay",
    });
    for await (const page of pages) {
      for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
        if (Key === undefined || UploadId === undefined) continue;
        const initiatedMs = Initiated?.getTime() ?? 0;
        yield { key: this.#bucket.contractKey(Key), uploadId: UploadId, initiatedMs };
      }
    }
  }

  async abortUpload(upload: UploadRef, options: CallOptions = {}): Promise<void> {
    const { key, uploadId } = upload;
    const purpose: Purpose = { operation: "abortUpload", key, signal: options.signal };
    await abortS3Upload(this.#bucket, purpose, uploadId);
  }

  /** There are none. */
  async removeEmptyFolders(): Promise<void> {}

  #listPage(
    purpose: Purpose,
    { folded, startAfter }: ListOptions,
    token: string | undefined,
  ): Promise<ListObjectsV2CommandOutput> {
    const after =
      startAfter === undefined ? {} : { StartAfter: this.#bucket.objectKey(startAfter) };
    return this.#bucket.send(purpose, (client, sendOptions) =>
      client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket.name,
          Prefix: this.#bucket.objectKey(purpose.key),
          ...(folded === true ? { Delimiter: "/" } : {}),
          ...(token === undefined ? after : { ContinuationToken: token }),
        }),
        sendOptions,
      ),
    );
  }

  async *#rows(
    purpose: Purpose,
    pages: AsyncIterable<ListObjectsV2CommandOutput>,
  ): AsyncIterable<readonly ListEntry[]> {
    for await (const page of pages) yield this.#entries(purpose, page);
  }

  #entries(purpose: Purpose, page: ListObjectsV2CommandOutput): ListEntry[] {
    const rows: ListEntry[] = [];
    for (const { Key, Size, ETag } of page.Contents ?? []) {
      if (Key === undefined || Key.endsWith("/")) continue;
      const about: Purpose = { ...purpose, key: this.#bucket.contractKey(Key) };
      rows.push({ kind: "object", ...this.#bucket.info(about, Size, ETag) });
    }
    for (const { Prefix } of page.CommonPrefixes ?? []) {
      if (Prefix !== undefined) {
        rows.push({ kind: "prefix", prefix: this.#bucket.contractKey(Prefix) });
      }
    }
    return rows;
  }

  async #deleteOne(purpose: Purpose): Promise<void> {
    const Key = this.#bucket.objectKey(purpose.key);
    try {
      await this.#bucket.send(purpose, (client, sendOptions) =>
        client.send(new DeleteObjectCommand({ Bucket: this.#bucket.name, Key }), sendOptions),
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #deleteBatch(purpose: Purpose, keys: readonly string[]): Promise<void> {
    const output = await this.#bucket.send(purpose, (client, sendOptions) =>
      client.send(
        new DeleteObjectsCommand({
          Bucket: this.#bucket.name,
          Delete: {
            Quiet: true,
            Objects: keys.map((key) => ({ Key: this.#bucket.objectKey(key) })),
          },
        }),
        sendOptions,
      ),
    );
    for (const failed of output.Errors ?? []) this.#requireDeleted(purpose, failed);
  }

  async #deleteEach(keys: readonly string[], { signal }: CallOptions): Promise<void> {
    await forEachParallel(keys, DELETE_EACH_PARALLEL, (key) => {
      const purpose: Purpose = { operation: "deleteMany", key, signal };
      return this.#steps.call({ operation: "deleteMany", key, signal }, () =>
        this.#deleteOne(purpose),
      );
    });
  }

  #requireDeleted(purpose: Purpose, { Key = "", Code = "Unknown", Message = "" }: _Error): void {
    const key = this.#bucket.contractKey(Key);
    const error = classifyS3Code(Code, Message, this.#bucket.call({ ...purpose, key }));
    if (!isNotFound(error)) throw error;
  }

  #listUploadsPage(
    purpose: Purpose,
    place: string | undefined,
  ): Promise<ListMultipartUploadsCommandOutput> {
    const markers = place === undefined ? {} : (JSON.parse(place) as Markers);
    return this.#bucket.send(purpose, (client, sendOptions) =>
      client.send(
        new ListMultipartUploadsCommand({
          Bucket: this.#bucket.name,
          Prefix: this.#bucket.objectKey(purpose.key),
          ...markers,
        }),
        sendOptions,
      ),
    );
  }

  async #requireAbsent(purpose: Purpose): Promise<void> {
    const { operation, key, signal } = purpose;
    const there = await this.stat(key, { signal });
    if (there === undefined) return;
    throw new StorageError("alreadyExists", `${operation} of ${key}: it is there already`, {
      operation,
      key,
    });
  }

  /** Throws kind `noSuchBucket` when that is why nothing was found. Asked once in a process's life. */
  async #requireBucket(purpose: Purpose): Promise<void> {
    if (this.#bucketSeen) return;
    try {
      await this.#bucket.send(purpose, (client, sendOptions) =>
        client.send(new HeadBucketCommand({ Bucket: this.#bucket.name }), sendOptions),
      );
    } catch (error) {
      if (isNotFound(error)) {
        throw classifyS3Code("NoSuchBucket", "", this.#bucket.call(purpose));
      }
      // Forbidden to ask: then there is something to be forbidden.
      if (!isStorageError(error) || error.kind !== "accessDenied") throw error;
    }
    this.#bucketSeen = true;
  }
}

/** Of a key that has several uploads, the one that the next page begins after. */
interface Markers {
  readonly KeyMarker: string;
  readonly UploadIdMarker?: string;
}

function nextMarkers(page: ListMultipartUploadsCommandOutput): string | undefined {
  const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page;
  if (IsTruncated !== true) return undefined;
  if (NextKeyMarker === undefined) return "";
  const markers: Markers = {
    KeyMarker: NextKeyMarker,
    ...(NextUploadIdMarker === undefined ? {} : { UploadIdMarker: NextUploadIdMarker }),
  };
  return JSON.stringify(markers);
}
