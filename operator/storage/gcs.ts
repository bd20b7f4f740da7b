// The driver of Google Cloud Storage, over its JSON API. A call of the contract is one request wherever the API allows
// it. Nothing is retried here but the single requests of calls that take many (`steps`).
//
// What would surprise: an object's etag is its generation, which changes with each write, also of the same content; and
// an upload is one stream (gcs-upload.ts), which nobody can list: what is not completed ends by itself after a week.
import type { Clock } from "../clock.ts";
import { StorageError, isNotFound, isStorageError } from "./errors.ts";
import type { GcsObject, GcsTimeouts, GcsWriting, Purpose } from "./gcs-bucket.ts";
import { GcsBucket, OBJECT_FIELDS } from "./gcs-bucket.ts";
import type { GcsClient } from "./gcs-client.ts";
import { GcsRefusal } from "./gcs-errors.ts";
import type { GcsLocation } from "./gcs-location.ts";
import { formatGcsLocation } from "./gcs-location.ts";
import { readGcsObject, statGcsObject } from "./gcs-read.ts";
import { GcsSession, beginGcsSession } from "./gcs-session.ts";
import { GcsUpload, putGcsObject } from "./gcs-upload.ts";
import { requireKey, requirePair } from "./key.ts";
import type { Layer } from "./layer.ts";
import { pagesOf, rowsInOrder } from "./paging.ts";
import { forEachParallel } from "./parallel.ts";
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

export interface GcsStorageOptions {
  readonly client: GcsClient;
  readonly location: GcsLocation;
  readonly clock: Clock;
  /** Around each request of a call that takes several; retries belong here. Default: nothing. */
  readonly steps?: Pick<Layer, "call"> | undefined;
  readonly writing?: GcsWriting | undefined;
  readonly timeouts?: Partial<GcsTimeouts> | undefined;
}

const TIMEOUTS: GcsTimeouts = { requestMs: 60_000, slowRequestMs: 600_000, stallMs: 30_000 };
const PAGE_ROWS = 1000;
/** There is no request that deletes many. */
const DELETE_PARALLEL = 16;
const onlyOnce: Pick<Layer, "call"> = { call: (_call, next) => next() };

export class GcsStorage implements Storage {
  readonly location: string;
  readonly capabilities: Capabilities = {
    atomicMove: false,
    conditionalPut: true,
    partBytesMin: 1,
    // Not a limit of the store's: it bounds the notes that name an upload.
    partsMax: 10_000,
    partsInOrder: true,
    uploadsListed: false,
  };
  readonly #bucket: GcsBucket;
  readonly #steps: Pick<Layer, "call">;
  #bucketSeen = false;

  constructor(options: GcsStorageOptions) {
    const { client, location, clock, writing = {}, steps = onlyOnce } = options;
    this.location = formatGcsLocation(location);
    const timeouts = { ...TIMEOUTS, ...options.timeouts };
    this.#bucket = new GcsBucket(client, location, { clock, timeouts, writing });
    this.#steps = steps;
  }

  async put(key: string, body: Buffer, options: PutOptions = {}): Promise<ObjectInfo> {
    const { signal, temporary } = options;
    const purpose: Purpose = { operation: "put", key: requireKey(key), signal, temporary };
    return putGcsObject(this.#bucket, purpose, { body, ifAbsent: options.ifAbsent === true });
  }

  async upload(key: string, { signal, temporary }: WriteOptions = {}): Promise<Upload> {
    const purpose: Purpose = { operation: "upload", key: requireKey(key), signal, temporary };
    const uploadId = await beginGcsSession(this.#bucket, purpose);
    return new GcsUpload(this.#bucket, { key, uploadId, parts: [] }, { unsure: false });
  }

  resumeUpload(state: UploadState): Upload {
    return new GcsUpload(this.#bucket, state, { unsure: true });
  }

  async read(key: string, options: ReadOptions = {}): Promise<ObjectReader> {
    return readGcsObject(this.#bucket, requireKey(key), options);
  }

  async stat(key: string, options: CallOptions = {}): Promise<ObjectInfo | undefined> {
    const purpose: Purpose = { operation: "stat", key: requireKey(key), signal: options.signal };
    try {
      const info = await statGcsObject(this.#bucket, purpose);
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
      // Some of this protocol's stores say an empty text where there is no more.
      next: ({ nextPageToken }) => (nextPageToken === "" ? undefined : nextPageToken),
      place: this.location,
      advice: "what answers at gcs.endpoint does not list by pages: correct gcs.endpoint",
    });
    yield* rowsInOrder(this.#rows(purpose, pages), options);
  }

  async copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    requirePair(from, to);
    return this.#rewrite(from, to, { signal: options.signal });
  }

  async move(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    requirePair(from, to);
    const { signal } = options;
    const call = { operation: "move", key: from, signal } as const;
    const source = await this.#steps.call(call, () => this.stat(from, { signal }));
    if (source === undefined) return this.#movedBefore(from, to, options);
    let info: ObjectInfo;
    try {
      info = await this.#rewrite(from, to, { signal, generation: source.etag });
    } catch (error) {
      // Another one did the same meanwhile.
      if (isNotFound(error)) return this.#movedBefore(from, to, options);
      throw error;
    }
    await this.#steps.call({ ...call, operation: "delete" }, () =>
      this.#delete({ operation: "delete", key: from, signal }, source.etag),
    );
    return info;
  }

  async delete(key: string, options: CallOptions = {}): Promise<void> {
    await this.#delete({ operation: "delete", key: requireKey(key), signal: options.signal });
  }

  async deleteMany(keys: readonly string[], options: CallOptions = {}): Promise<void> {
    await forEachParallel(keys, DELETE_PARALLEL, (key) => {
      const purpose = { operation: "deleteMany", key, signal: options.signal } as const;
      return this.#steps.call(purpose, () => this.#delete(purpose));
    });
  }

  /** Nothing, by capability. */
  async *listUploads(_prefix: string, { signal }: CallOptions = {}): AsyncIterable<UploadRef> {
    signal?.throwIfAborted();
    yield* [];
  }

  async abortUpload({ key, uploadId }: UploadRef, { signal }: CallOptions = {}): Promise<void> {
    await new GcsSession(this.#bucket, uploadId).cancel({ operation: "abortUpload", key, signal });
  }

  /** There are none. */
  async removeEmptyFolders(): Promise<void> {}

  async #listPage(
    purpose: Purpose,
    { folded, startAfter }: ListOptions,
    pageToken: string | undefined,
  ): Promise<ListPage> {
    const answer = await this.#bucket.send(purpose, {
      method: "GET",
      path: this.#bucket.path(),
      query: {
        prefix: this.#bucket.objectKey(purpose.key),
        delimiter: folded === true ? "/" : undefined,
        startOffset: startAfter === undefined ? undefined : this.#bucket.objectKey(startAfter),
        pageToken,
        maxResults: String(PAGE_ROWS),
        fields: "prefixes,items(name,size,generation),nextPageToken",
      },
    });
    this.#bucketSeen = true;
    return this.#bucket.parse(purpose, answer);
  }

  async *#rows(
    purpose: Purpose,
    pages: AsyncIterable<ListPage>,
  ): AsyncIterable<readonly ListEntry[]> {
    for await (const page of pages) yield this.#entries(purpose, page);
  }

  #entries(purpose: Purpose, { items = [], prefixes = [] }: ListPage): ListEntry[] {
    const rows: ListEntry[] = [];
    for (const object of items) {
      const { name = "" } = object;
      if (name === "" || name.endsWith("/")) continue;
      const about: Purpose = { ...purpose, key: this.#bucket.contractKey(name) };
      rows.push({ kind: "object", ...this.#bucket.info(about, object) });
    }
    for (const prefix of prefixes) {
      rows.push({ kind: "prefix", prefix: this.#bucket.contractKey(prefix) });
    }
    return rows;
  }

  /** As many requests as the store wants; each goes on where the one before stopped. */
  async #rewrite(
    from: string,
    to: string,
    { signal, generation }: { readonly signal?: AbortSignal | undefined; generation?: string },
  ): Promise<ObjectInfo> {
    const purpose: Purpose = { operation: "copy", key: from, signal, slow: true };
    const { storageClass, kmsKeyName } = this.#bucket.writing(purpose);
    // With a body of any kind the metadata is taken from it instead of from the source.
    const about =
      storageClass === undefined
        ? {}
        : {
            headers: { "content-type": "application/json; charset=utf-8" },
            body: [Buffer.from(JSON.stringify({ storageClass }))],
          };
    let rewriteToken: string | undefined;
    for (;;) {
      const ask = () =>
        this.#bucket.send(purpose, {
          method: "POST",
          path: this.#bucket.rewritePath(from, to),
          query: {
            rewriteToken,
            ifSourceGenerationMatch: generation,
            destinationKmsKeyName: kmsKeyName,
            fields: `done,rewriteToken,resource(${OBJECT_FIELDS})`,
          },
          ...about,
        });
      const answer = await this.#steps.call({ operation: "copy", key: from, signal }, ask);
      const page: Rewritten = this.#bucket.parse(purpose, answer);
      if (page.done === true) {
        return this.#bucket.info({ ...purpose, key: to }, page.resource ?? {});
      }
      if (page.rewriteToken === undefined) throw unfinished(from);
      rewriteToken = page.rewriteToken;
    }
  }

  /** The source is gone: moved, when the target is there. */
  async #movedBefore(from: string, to: string, options: CopyOptions): Promise<ObjectInfo> {
    const { signal, size } = options;
    const there = await this.stat(to, { signal });
    if (there !== undefined && there.size === (size ?? there.size)) return there;
    const detail = { operation: "move", key: from };
    throw new StorageError("notFound", `move of ${this.location}/${from}: it is not there`, detail);
  }

  /** `generation`: this one only; another that was written meanwhile stays. */
  async #delete(purpose: Purpose, generation?: string): Promise<void> {
    await this.#bucket.send(
      { ...purpose, accept: [200, 204, 404, ...(generation === undefined ? [] : [412])] },
      {
        method: "DELETE",
        path: this.#bucket.path(purpose.key),
        query: { ifGenerationMatch: generation },
      },
    );
  }

  /** Throws kind `noSuchBucket` when that is why nothing was found. Asked once in a process's life. */
  async #requireBucket(purpose: Purpose): Promise<void> {
    if (this.#bucketSeen) return;
    try {
      // By a listing, not by the bucket itself: that would need one more right.
      await this.#bucket.send(purpose, {
        method: "GET",
        path: this.#bucket.path(),
        query: { maxResults: "1", fields: "nextPageToken" },
      });
    } catch (error) {
      if (isNotFound(error)) throw this.#bucket.failure(noBucket(), purpose);
      // Forbidden to ask: then there is something to be forbidden.
      if (!isStorageError(error) || error.kind !== "accessDenied") throw error;
    }
    this.#bucketSeen = true;
  }
}

interface ListPage {
  readonly items?: readonly GcsObject[];
  readonly prefixes?: readonly string[];
  readonly nextPageToken?: string;
}

interface Rewritten {
  readonly done?: boolean;
  readonly rewriteToken?: string;
  readonly resource?: GcsObject;
}

function noBucket(): GcsRefusal {
  return new GcsRefusal(404, {}, "The specified bucket does not exist.");
}

function unfinished(key: string): StorageError {
  const detail = { operation: "copy", key };
  return new StorageError("unavailable", `copy of ${key}: half done, and no way to go on`, detail);
}
