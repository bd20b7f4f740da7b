// A storage that lives in memory and keeps every promise of storage.ts, for tests. It imitates the
// strictest stores: small parts are refused, `x` beside `x/y` is refused (posix-backed stores do), a
// buffer changed before its promise settled is stored changed, and nothing is answered in the same
// turn. It holds all bytes: not for sizes.
import type { Clock } from "../../clock.ts";
import { systemClock } from "../../clock.ts";
import type { StorageErrorKind } from "../errors.ts";
import { StorageError, isNotFound } from "../errors.ts";
import { compareKeys, requireKey, requirePair } from "../key.ts";
import { PartList } from "../part-list.ts";
import type {
  CallOptions,
  Capabilities,
  CopyOptions,
  ListEntry,
  ListOptions,
  ObjectInfo,
  ObjectReader,
  PartOptions,
  PutOptions,
  ReadOptions,
  Storage,
  Upload,
  UploadRef,
  UploadState,
} from "../storage.ts";

const CHUNK_BYTES = 64 * 1024;
const MAX_CODE_POINT = "\u{10FFFF}";

interface StoredObject {
  readonly info: ObjectInfo;
  readonly body: Buffer;
}

interface StoredUpload extends UploadRef {
  readonly parts: Map<number, { readonly etag: string; readonly body: Buffer }>;
}

export interface MemoryStorageOptions {
  readonly location?: string;
  readonly clock?: Clock;
  readonly capabilities?: Partial<Capabilities>;
}

/** What several `MemoryStorage` of one place share. */
class Store {
  readonly uploads = new Map<string, StoredUpload>();
  readonly #objects = new Map<string, StoredObject>();
  /** Every folder, with the number of objects under it. */
  readonly #folders = new Map<string, number>();
  #sorted: readonly string[] | undefined;
  #etags = 0;

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  set(key: string, body: Buffer, operation: string): ObjectInfo {
    if (this.#folders.has(key) || foldersOf(key).some((folder) => this.#objects.has(folder))) {
      throw failure("wrongConfiguration", operation, key, "is an object and a folder at once");
    }
    const info = { key, size: body.length, etag: this.nextEtag() };
    if (!this.#objects.has(key)) this.#count(key, 1);
    this.#objects.set(key, { info, body });
    return info;
  }

  remove(key: string): void {
    if (this.#objects.delete(key)) this.#count(key, -1);
  }

  nextEtag(): string {
    this.#etags += 1;
    return `"memory-${this.#etags}"`;
  }

  keys(): readonly string[] {
    this.#sorted ??= [...this.#objects.keys()].sort(compareKeys);
    return this.#sorted;
  }

  #count(key: string, by: number): void {
    this.#sorted = undefined;
    for (const folder of foldersOf(key)) {
      const objects = (this.#folders.get(folder) ?? 0) + by;
      if (objects === 0) this.#folders.delete(folder);
      else this.#folders.set(folder, objects);
    }
  }
}

export class MemoryStorage implements Storage {
  readonly location: string;
  readonly capabilities: Capabilities;
  readonly #options: MemoryStorageOptions;
  readonly #store: Store;

  constructor(options: MemoryStorageOptions = {}, store = new Store()) {
    this.#options = options;
    this.#store = store;
    this.location = options.location ?? "memory://test";
    this.capabilities = {
      atomicMove: false,
      conditionalPut: true,
      partBytesMin: 5 * 1024 * 1024,
      partsMax: 10_000,
      partsInOrder: false,
      uploadsListed: true,
      ...options.capabilities,
    };
  }

  /** Another client of the same place, as another process would be. */
  another(): MemoryStorage {
    return new MemoryStorage(this.#options, this.#store);
  }

  /** All keys, for a test to look at. */
  keys(): readonly string[] {
    return this.#store.keys();
  }

  /** The whole content, for a test to look at. */
  content(key: string): Buffer | undefined {
    return this.#store.get(key)?.body;
  }

  async put(key: string, body: Buffer, options: PutOptions = {}): Promise<ObjectInfo> {
    requireKey(key);
    await turn(options);
    if (options.ifAbsent === true && this.#store.get(key) !== undefined) {
      throw failure("alreadyExists", "put", key, "is there already");
    }
    return this.#store.set(key, Buffer.from(body), "put");
  }

  async upload(key: string, options: CallOptions = {}): Promise<Upload> {
    requireKey(key);
    await turn(options);
    const uploadId = `upload-${this.#store.nextEtag().replaceAll('"', "")}`;
    const initiatedMs = (this.#options.clock ?? systemClock).now();
    this.#store.uploads.set(uploadId, { key, uploadId, initiatedMs, parts: new Map() });
    return this.resumeUpload({ key, uploadId, parts: [] });
  }

  resumeUpload(state: UploadState): Upload {
    return new MemoryUpload(this.#store, this.capabilities, state);
  }

  async read(key: string, options: ReadOptions = {}): Promise<ObjectReader> {
    requireKey(key);
    await turn(options);
    const { info, body } = this.#get("read", key);
    if (options.etag !== undefined && options.etag !== info.etag) {
      throw failure("changed", "read", key, "is another object now");
    }
    const start = options.start ?? 0;
    if (start > 0 && start >= info.size) {
      throw failure("invalidRange", "read", key, `has ${info.size} bytes, not ${start}`);
    }
    const wanted = body.subarray(start, start + (options.length ?? info.size));
    return new MemoryReader(info, wanted, options);
  }

  async stat(key: string, options: CallOptions = {}): Promise<ObjectInfo | undefined> {
    requireKey(key);
    await turn(options);
    return this.#store.get(key)?.info;
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<ListEntry> {
    await turn(options);
    const start = options.startAfter ?? "";
    let after = start;
    for (;;) {
      const entry = this.#next(prefix, after, options.folded === true);
      if (entry === undefined) return;
      const name = entry.kind === "object" ? entry.key : entry.prefix;
      if (compareKeys(name, start) > 0) yield entry;
      options.signal?.throwIfAborted();
      after = entry.kind === "object" ? name : name + MAX_CODE_POINT;
    }
  }

  async copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    requirePair(from, to);
    await turn(options);
    return this.#store.set(to, this.#get("copy", from).body, "copy");
  }

  async move(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    let info: ObjectInfo;
    try {
      info = await this.copy(from, to, options);
    } catch (error) {
      const done = isNotFound(error) ? this.#store.get(to) : undefined;
      if (done === undefined) throw error;
      return done.info;
    }
    await this.delete(from, options);
    return info;
  }

  async delete(key: string, options: CallOptions = {}): Promise<void> {
    requireKey(key);
    await turn(options);
    this.#store.remove(key);
  }

  async deleteMany(keys: readonly string[], options: CallOptions = {}): Promise<void> {
    for (const key of keys) await this.delete(key, options);
  }

  async *listUploads(prefix: string, options: CallOptions = {}): AsyncIterable<UploadRef> {
    await turn(options);
    const found = [...this.#store.uploads.values()].filter((u) => u.key.startsWith(prefix));
    for (const { key, uploadId, initiatedMs } of found.sort((a, b) => compareKeys(a.key, b.key))) {
      yield { key, uploadId, initiatedMs };
    }
  }

  async abortUpload(upload: UploadRef, options: CallOptions = {}): Promise<void> {
    await turn(options);
    this.#store.uploads.delete(upload.uploadId);
  }

  #get(operation: string, key: string): StoredObject {
    const found = this.#store.get(key);
    if (found === undefined) throw failure("notFound", operation, key, "is not there");
    return found;
  }

  /** The first row after a place in the order. Looked up anew each time: the world may move on. */
  #next(prefix: string, after: string, folded: boolean): ListEntry | undefined {
    const keys = this.#store.keys();
    const from = compareKeys(prefix, after) > 0 ? prefix : after;
    let at = firstFrom(keys, from);
    if (keys[at] === after) at += 1;
    const key = keys[at];
    if (key?.startsWith(prefix) !== true) return undefined;
    const slash = key.indexOf("/", prefix.length);
    if (folded && slash >= 0) return { kind: "prefix", prefix: key.slice(0, slash + 1) };
    return { kind: "object", ...this.#get("list", key).info };
  }
}

class MemoryUpload implements Upload {
  readonly key: string;
  readonly #store: Store;
  readonly #capabilities: Capabilities;
  readonly #uploadId: string;
  readonly #parts: PartList;

  constructor(store: Store, capabilities: Capabilities, state: UploadState) {
    this.key = state.key;
    this.#store = store;
    this.#capabilities = capabilities;
    this.#uploadId = state.uploadId;
    this.#parts = PartList.of(state);
  }

  async part(body: Buffer, options: PartOptions = {}): Promise<void> {
    const number = this.#parts.take(options.number);
    await turn(options);
    const etag = this.#store.nextEtag();
    this.#get("upload.part").parts.set(number, { etag, body: Buffer.from(body) });
    this.#parts.store({ number, etag, size: body.length });
  }

  state(): UploadState {
    return { key: this.key, uploadId: this.#uploadId, parts: this.#parts.list() };
  }

  async complete(options: CallOptions = {}): Promise<ObjectInfo> {
    const wanted = this.#parts.whole(this.key);
    await turn(options);
    const done = this.#store.get(this.key);
    const ours = done !== undefined && done.info.size === (this.#parts.size() ?? done.info.size);
    if (!this.#store.uploads.has(this.#uploadId) && ours) return done.info;
    const { parts } = this.#get("upload.complete");
    const bodies = wanted.map(({ number, etag }) => {
      const part = parts.get(number);
      if (part?.etag !== etag) throw this.#failure("changed", `lacks part ${number}`);
      return part.body;
    });
    const { partBytesMin } = this.#capabilities;
    if (bodies.slice(0, -1).some((body) => body.length < partBytesMin)) {
      throw this.#failure("wrongConfiguration", `has a part of less than ${partBytesMin} bytes`);
    }
    const info = this.#store.set(this.key, Buffer.concat(bodies), "upload.complete");
    this.#store.uploads.delete(this.#uploadId);
    return info;
  }

  async abort(options: CallOptions = {}): Promise<void> {
    await turn(options);
    this.#store.uploads.delete(this.#uploadId);
  }

  #get(operation: string): StoredUpload {
    const found = this.#store.uploads.get(this.#uploadId);
    if (found === undefined) throw failure("notFound", operation, this.key, "has no such upload");
    return found;
  }

  #failure(kind: StorageErrorKind, what: string): StorageError {
    return failure(kind, "upload.complete", this.key, what);
  }
}

class MemoryReader implements ObjectReader {
  readonly info: ObjectInfo;
  readonly body: AsyncIterable<Buffer>;
  #destroyed = false;

  constructor(info: ObjectInfo, wanted: Buffer, options: CallOptions) {
    this.info = info;
    this.body = this.#chunks(wanted, options);
  }

  destroy(): void {
    this.#destroyed = true;
  }

  async *#chunks(wanted: Buffer, options: CallOptions): AsyncIterable<Buffer> {
    for (let at = 0; at < wanted.length; at += CHUNK_BYTES) {
      await turn(options);
      if (this.#destroyed) throw failure("unavailable", "read.body", this.info.key, "was let go");
      yield wanted.subarray(at, at + CHUNK_BYTES);
    }
  }
}

function foldersOf(key: string): string[] {
  const segments = key.split("/").slice(0, -1);
  return segments.map((_, i) => segments.slice(0, i + 1).join("/"));
}

function firstFrom(keys: readonly string[], from: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle] ?? "", from) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function turn(options: CallOptions): Promise<void> {
  options.signal?.throwIfAborted();
  await Promise.resolve();
  options.signal?.throwIfAborted();
}

function failure(
  kind: StorageErrorKind,
  operation: string,
  key: string,
  what: string,
): StorageError {
  return new StorageError(kind, `${operation}: ${key} ${what}`, { operation, key });
}
