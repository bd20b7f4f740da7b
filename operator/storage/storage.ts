// The storage contract: what the agent needs of S3, GCS or HDFS, and what each driver promises.
// `testing/contract.ts` is this page as tests; every driver passes it.
//
// Keys are relative to the Repository's location: segments joined by `/`, no leading slash, no empty
// segment, no `.` or `..`. A driver refuses any other key (key.ts). Layouts built on this
// contract never need an object `x` beside objects `x/…`: posix-backed stores refuse that.
//
// Guarantees, all drivers
// - A write that resolved is durable and visible to every later read and list, from any process.
// - A write that rejected, or an upload that was not completed, leaves nothing half-written under its
//   key. One whose answer was lost (kinds `unavailable` and `timeout`, or aborted) may have taken
//   effect, then whole: nobody can know before looking.
// - `put`, `copy`, `move`, `delete` and `complete` may be repeated with the same arguments: a `move`
//   whose source is gone and whose target is there has been done.
// - Every failure is a `StorageError` (errors.ts); the only silent ones are those named here
//   (deleting what is not there; `stat` of what is not there answers `undefined`).
//
// Assumptions
// - One key is written with one content only, or by one writer at a time: names carry md5 or ids.
// - Calls that can be slow take a signal; an aborted call rejects with the signal's reason and leaves
//   nothing behind but what a stale-upload sweep finds.

/** What a stored object is, as listings and answers tell it. */
export interface ObjectInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Changes whenever the content is written anew. Opaque; never taken for an md5. */
  readonly etag: string;
}

/** One row of a listing. A prefix ends with `/` and stands for everything under it. */
export type ListEntry =
  ({ readonly kind: "object" } & ObjectInfo) | { readonly kind: "prefix"; readonly prefix: string };

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface WriteOptions extends CallOptions {
  /**
   * It will be moved or deleted soon. Stores leave the Repository's storage class off it: the cheaper ones are
   * billed for 30 days and more of each object. Its `copy` or `move` has the class. Encryption and tags stay.
   */
  readonly temporary?: boolean | undefined;
}

export interface PutOptions extends WriteOptions {
  /**
   * Fail with kind `alreadyExists` when the key is taken. Enforced where the store can; a store that
   * cannot (capability `conditionalPut: false`) checks first, which two writers can race.
   */
  readonly ifAbsent?: boolean;
}

export interface ListOptions extends CallOptions {
  /** Fold everything below the next `/` into one prefix row. Default: list every object. */
  readonly folded?: boolean;
  /** Leave out rows up to and including this key; a prefix row counts by its own name. */
  readonly startAfter?: string;
}

export interface CopyOptions extends CallOptions {
  /**
   * Bytes of the source, when the caller knows them: spares a driver whose store does not say a
   * request. Told back in the answer; never decides how much is copied.
   */
  readonly size?: number | undefined;
}

export interface ReadOptions extends CallOptions {
  /** First byte wanted, default 0. At or past the end: kind `invalidRange`, but 0 is always good. */
  readonly start?: number;
  /** How many bytes at the most, default: to the end. */
  readonly length?: number;
  /** Fail with kind `changed` when the object is no longer this one. */
  readonly etag?: string;
}

/** An object being read. The body may be consumed once, and must be consumed or destroyed. */
export interface ObjectReader {
  /** `size` is that of the whole object, also for a ranged read. */
  readonly info: ObjectInfo;
  /** Chunks as they arrive, never empty ones. Ends early only by throwing a `StorageError`. */
  readonly body: AsyncIterable<Buffer>;
  /** Gives the connection back. Idempotent; also after the end. */
  destroy(): void;
}

/** Names an upload so that another process can finish or abort it: plain data, fit for a JSON note. */
export interface UploadState {
  readonly key: string;
  readonly uploadId: string;
  readonly parts: readonly {
    readonly number: number;
    readonly etag: string;
    /** Bytes, when known: then `complete` can tell its own object from another of the same key. */
    readonly size?: number | undefined;
  }[];
  /** Bytes that the store takes only together with the last ones; base64, at most a few hundred KiB. */
  readonly tail?: string | undefined;
}

export interface PartOptions extends CallOptions {
  /**
   * Sends this part anew instead of the next one: for a retry of one whose promise rejected. May be the
   * next one's too. Counted from 1.
   */
  readonly number?: number | undefined;
}

/** One object of unknown length being written part by part. Nothing is visible until `complete`. */
export interface Upload {
  readonly key: string;
  /**
   * Sends the next part; parts are numbered in the order of the calls, and may run in parallel unless
   * `capabilities.partsInOrder`. All but the last have at least `capabilities.partBytesMin`. The buffer
   * belongs to the driver until the promise settles. A part that resolved is durable, or in `state()`.
   */
  part(body: Buffer, options?: PartOptions): Promise<void>;
  /** The parts sent so far. Meaningful when every `part` promise has resolved. */
  state(): UploadState;
  /**
   * Makes the object visible. Waits for nothing: every `part` must have resolved, and a hole is an
   * `AssertionError`. Without any part the object is empty. Idempotent: one whose upload is gone
   * and whose object is there has been completed.
   */
  complete(options?: CallOptions): Promise<ObjectInfo>;
  /** Gives the upload up and frees what was stored. Idempotent; also after a failed `complete`. */
  abort(options?: CallOptions): Promise<void>;
}

/** What a store can do, as data: callers choose their way by it instead of knowing drivers. */
export interface Capabilities {
  /** `move` is one atomic metadata operation (HDFS), not a copy and a delete. */
  readonly atomicMove: boolean;
  /** `ifAbsent` is enforced by the store itself. */
  readonly conditionalPut: boolean;
  /** Every part but the last must be at least this large. Bytes. */
  readonly partBytesMin: number;
  /** Parts one upload may have. */
  readonly partsMax: number;
  /**
   * Parts follow each other as one stream (GCS, HDFS): the next may be sent when the last has resolved, and one
   * that failed must be sent anew before it: any other is an `AssertionError`. Otherwise they may run in parallel
   * and be sent anew in any order.
   */
  readonly partsInOrder: boolean;
  /** `listUploads` finds what was begun. A store that cannot tell (GCS) lets go of it by itself, unpaid. */
  readonly uploadsListed: boolean;
}

export interface Storage {
  /** The kind and place, for logs and messages: `s3://bucket/prefix`. No credentials in it. */
  readonly location: string;
  readonly capabilities: Capabilities;

  /** Writes a whole object, replacing one of the same key. */
  put(key: string, body: Buffer, options?: PutOptions): Promise<ObjectInfo>;
  /** Begins an object of unknown length. */
  upload(key: string, options?: WriteOptions): Promise<Upload>;
  /** Takes up an upload that another process began. Only `complete` and `abort` may be called. */
  resumeUpload(state: UploadState): Upload;
  /** Opens an object; resolves when its first byte (or its emptiness) is known. */
  read(key: string, options?: ReadOptions): Promise<ObjectReader>;
  /** The object, or `undefined` when there is none. */
  stat(key: string, options?: CallOptions): Promise<ObjectInfo | undefined>;
  /**
   * Everything whose key begins with `prefix` (a string prefix, not only whole segments), in the
   * byte order of UTF-8 keys, page by page: memory does not grow with the number of keys. Keys that
   * end with `/` (folder markers that consoles make) are left out.
   */
  list(prefix: string, options?: ListOptions): AsyncIterable<ListEntry>;
  /** Copies within the store, at any size, without the bytes passing through this process. */
  copy(from: string, to: string, options?: CopyOptions): Promise<ObjectInfo>;
  /** `copy` and then `delete` of the source, or one step where the store can. */
  move(from: string, to: string, options?: CopyOptions): Promise<ObjectInfo>;
  /** Deletes; a key that is not there is fine. */
  delete(key: string, options?: CallOptions): Promise<void>;
  /**
   * Deletes many, in as few requests as the store allows. Rejects naming the first that stayed. Takes keys as
   * {@link list} tells them, also those that nothing here could write: others may have written beside us.
   */
  deleteMany(keys: readonly string[], options?: CallOptions): Promise<void>;
  /** Uploads that were begun under `prefix` and neither completed nor aborted, in key order. */
  listUploads(prefix: string, options?: CallOptions): AsyncIterable<UploadRef>;
  /** Aborts one of them. One that is gone is fine. */
  abortUpload(upload: UploadRef, options?: CallOptions): Promise<void>;
  /**
   * Removes the folders at and below `prefix` (which ends with `/`) that hold no object and no upload, and those
   * above that become empty so: what a process leaves that dies between the last file of a folder and the folder.
   * May run beside writers. Nothing where a store has no folders.
   */
  removeEmptyFolders(prefix: string, options?: CallOptions): Promise<void>;
}

export interface UploadRef {
  readonly key: string;
  readonly uploadId: string;
  /** When it was begun; milliseconds since 1970, by the store's clock. */
  readonly initiatedMs: number;
}
