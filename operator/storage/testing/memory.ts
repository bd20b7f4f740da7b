// A storage that lives in memory and keeps every promise of storage.ts, for tests. It imitates the
// strictest stores: small parts are refused, parts out of order are refused where a store wants order,
// `x` beside `x/y` is refused (posix-backed stores do), a buffer changed before its promise settled is
// stored changed, and nothing is answered in the same turn. It holds all bytes: not for sizes.
import { assert } from "../../assert.ts";
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
  WriteOptions,
} from "../storage.ts";

const CHUNK_BYTES = 64 * 1024;
const MAX_CODE_POINT = "\u{10FFFF}";

interface StoredObject {
  readonly info: ObjectInfo;
  readonly body: Buffer;
  readonly temporary: boolean;
}

interface StoredUpload extends UploadRef {
  readonly temporary: boolean;
  readonly parts: Map<number, StoredPart>;
}

interface StoredPart {
  readonly etag: string;
  readonly body: Buffer;
  /** What was sent for it; not all of it must be in `body` (see `chunkBytes`). */
  readonly sentBytes: number;
}

export interface MemoryStorageOptions {
  readonly location?: string;
  readonly clock?: Clock;
  readonly capabilities?: Partial<Capabilities>;
  /**
   * The store takes multiples of this alone, as GCS does; what is over waits for the next part or the end in
   * the upload's state. Needs `partsInOrder`. Default 1.
   */
  readonly chunkBytes?: number;
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

  set(key: string, body: Buffer, operation: string, temporary = false): ObjectInfo {
    if (this.#folders.has(key) || foldersOf(key).some((folder) => this.#objects.has(folder))) {
      throw failure("wrongConfiguration", operation, key, "is an object and a folder at once");
    }
    const info = { key, size: body.length, etag: this.nextEtag() };
    if (!this.#objects.has(key)) this.#count(key, 1);
    this.#objects.set(key, { info, body, temporary });
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

  /** Keys of what was written as temporary and neither copied nor moved, for a test to look at. */
  temporaryKeys(): readonly string[] {
    return this.keys().filter((key) => this.#store.get(key)?.temporary);
  }

  /** Keys of all uploads that are open, listed or not, for a test to look at. */
  openUploads(): readonly string[] {
    return [...this.#store.uploads.values()].map(({ key }) => key);
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
    return this.#store.set(key, Buffer.from(body), "put", options.temporary);
  }

  async upload(key: string, options: WriteOptions = {}): Promise<Upload> {
    requireKey(key);
    await turn(options);
    const uploadId = `upload-${this.#store.nextEtag().replaceAll('"', "")}`;
    const initiatedMs = (this.#options.clock ?? systemClock).now();
    const { temporary = false } = options;
    this.#store.uploads.set(uploadId, { key, uploadId, initiatedMs, temporary, parts: new Map() });
    return this.resumeUpload({ key, uploadId, parts: [] });
  }

  resumeUpload(state: UploadState): Upload {
    const { chunkBytes = 1 } = this.#options;
    return new MemoryUpload(this.#store, { ...this.capabilities, chunkBytes }, state);
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
    if (this.capabilities.atomicMove) return await this.#rename(from, to, options);
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
    if (!this.capabilities.uploadsListed) return;
    const found = [...this.#store.uploads.values()].filter((u) => u.key.startsWith(prefix));
    for (const { key, uploadId, initiatedMs } of found.sort((a, b) => compareKeys(a.key, b.key))) {
      yield { key, uploadId, initiatedMs };
    }
  }

  async abortUpload(upload: UploadRef, options: CallOptions = {}): Promise<void> {
    await turn(options);
    this.#store.uploads.delete(upload.uploadId);
  }

  /** There are none. */
  async removeEmptyFolders(): Promise<void> {}

  async #rename(from: string, to: string, options: CallOptions): Promise<ObjectInfo> {
    requirePair(from, to);
    await turn(options);
    const source = this.#store.get(from);
    const done = source === undefined ? this.#store.get(to) : undefined;
    if (done !== undefined) return done.info;
    const info = this.#store.set(to, this.#get("move", from).body, "move");
    this.#store.remove(from);
    return info;
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

interface UploadRules extends Capabilities {
  readonly chunkBytes: number;
}

class MemoryUpload implements Upload {
  readonly key: string;
  readonly #store: Store;
  readonly #rules: UploadRules;
  readonly #uploadId: string;
  readonly #parts: PartList;
  #tail: Buffer;
  /** Where parts follow each other: the one that was begun and has not resolved. */
  #pending: { readonly number: number; isRunning: boolean } | undefined;

  constructor(store: Store, rules: UploadRules, state: UploadState) {
    this.key = state.key;
    this.#store = store;
    this.#rules = rules;
    this.#uploadId = state.uploadId;
    this.#parts = PartList.of(state);
    this.#tail = Buffer.from(state.tail ?? "", "base64");
  }

  async part(body: Buffer, options: PartOptions = {}): Promise<void> {
    if (this.#rules.partsInOrder) this.#requireTurn(options);
    const number = this.#parts.take(options.number);
    const pending = { number, isRunning: true };
    this.#pending = pending;
    try {
      await turn(options);
      this.#take(number, body);
      this.#pending = undefined;
    } finally {
      pending.isRunning = false;
    }
  }

  state(): UploadState {
    const { key, tail } = { key: this.key, tail: this.#tail.toString("base64") };
    const state = { key, uploadId: this.#uploadId, parts: this.#parts.list() };
    return tail === "" ? state : { ...state, tail };
  }

  async complete(options: CallOptions = {}): Promise<ObjectInfo> {
    const wanted = this.#parts.whole(this.key);
    await turn(options);
    const done = this.#store.get(this.key);
    const ours = done !== undefined && done.info.size === (this.#parts.size() ?? done.info.size);
    if (!this.#store.uploads.has(this.#uploadId) && ours) return done.info;
    const { parts, temporary } = this.#get("upload.complete");
    const stored = wanted.map(({ number, etag }) => {
      const part = parts.get(number);
      if (part?.etag !== etag) throw this.#failure("changed", `lacks part ${number}`);
      return part;
    });
    const { partBytesMin } = this.#rules;
    if (stored.slice(0, -1).some(({ sentBytes }) => sentBytes < partBytesMin)) {
      throw this.#failure("wrongConfiguration", `has a part of less than ${partBytesMin} bytes`);
    }
    const body = Buffer.concat([...stored.map((part) => part.body), this.#tail]);
    const info = this.#store.set(this.key, body, "upload.complete", temporary);
    this.#store.uploads.delete(this.#uploadId);
    return info;
  }

  async abort(options: CallOptions = {}): Promise<void> {
    await turn(options);
    this.#store.uploads.delete(this.#uploadId);
  }

  #requireTurn({ number }: PartOptions): void {
    const { key } = this;
    const pending = this.#pending;
    assert(
      pending?.isRunning !== true,
      () => `a part of ${key} was sent before the last had ended`,
    );
    const turn = pending?.number ?? this.#parts.list().length + 1;
    const sent = number ?? (pending === undefined ? turn : turn + 1);
    assert(sent === turn, () => `part ${sent} of ${key} was sent, and it is the turn of ${turn}`);
  }

  #take(number: number, sent: Buffer): void {
    const upload = this.#get("upload.part");
    const all = Buffer.concat([this.#tail, sent]);
    const whole = all.length - (all.length % this.#rules.chunkBytes);
    const etag = this.#store.nextEtag();
    const body = all.subarray(0, whole);
    upload.parts.set(number, { etag, body, sentBytes: sent.length });
    this.#tail = all.subarray(whole);
    this.#parts.store({ number, etag, size: sent.length });
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
