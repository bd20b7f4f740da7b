// A storage around a storage: `withLayer` passes every call of the contract through one function, so
// that counting, limiting, retrying and failing on purpose are each written once, not once per
// method. A layer that gives no function of its own for reads or listings sees their opening only.
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
} from "./storage.ts";

export type Operation =
  | "put"
  | "upload"
  | "upload.part"
  | "upload.complete"
  | "upload.abort"
  | "read"
  | "stat"
  | "list"
  | "copy"
  | "move"
  | "delete"
  | "deleteMany"
  | "listUploads"
  | "abortUpload"
  | "removeEmptyFolders";

/** A call that is about to be made. */
export interface Call {
  readonly operation: Operation;
  /** The key it is about: the source of a copy, the first of many, the prefix of a listing. */
  readonly key: string;
  /** What `put` and `upload.part` send. */
  readonly body?: Buffer;
  /** Of a `put`. */
  readonly ifAbsent?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Layer {
  /** Around every call that is answered once. May run `next` never, once or again. */
  call<T>(call: Call, next: () => Promise<T>): Promise<T>;
  /** Around a read with its body. Default: `call` around the opening. */
  read?(
    call: Call,
    options: ReadOptions,
    open: (options: ReadOptions) => Promise<ObjectReader>,
  ): Promise<ObjectReader>;
  /** Around a listing. Default: the rows as they are. */
  list?(
    call: Call,
    options: ListOptions,
    open: (options: ListOptions) => AsyncIterable<ListEntry>,
  ): AsyncIterable<ListEntry>;
  listUploads?(call: Call, open: () => AsyncIterable<UploadRef>): AsyncIterable<UploadRef>;
}

export function withLayer(inner: Storage, layer: Layer): Storage {
  return new LayeredStorage(inner, layer);
}

class LayeredStorage implements Storage {
  readonly location: string;
  readonly capabilities: Capabilities;
  readonly #inner: Storage;
  readonly #layer: Layer;

  constructor(inner: Storage, layer: Layer) {
    this.location = inner.location;
    this.capabilities = inner.capabilities;
    this.#inner = inner;
    this.#layer = layer;
  }

  put(key: string, body: Buffer, options: PutOptions = {}): Promise<ObjectInfo> {
    const { signal, ifAbsent = false } = options;
    const call: Call = { operation: "put", key, body, ifAbsent, signal };
    return this.#layer.call(call, () => this.#inner.put(key, body, options));
  }

  async upload(key: string, options: WriteOptions = {}): Promise<Upload> {
    const call: Call = { operation: "upload", key, signal: options.signal };
    const upload = await this.#layer.call(call, () => this.#inner.upload(key, options));
    return new LayeredUpload(upload, this.#layer);
  }

  resumeUpload(state: UploadState): Upload {
    return new LayeredUpload(this.#inner.resumeUpload(state), this.#layer);
  }

  read(key: string, options: ReadOptions = {}): Promise<ObjectReader> {
    const call: Call = { operation: "read", key, signal: options.signal };
    const open = (wanted: ReadOptions) => this.#inner.read(key, wanted);
    if (this.#layer.read !== undefined) return this.#layer.read(call, options, open);
    return this.#layer.call(call, () => open(options));
  }

  stat(key: string, options: CallOptions = {}): Promise<ObjectInfo | undefined> {
    const call: Call = { operation: "stat", key, signal: options.signal };
    return this.#layer.call(call, () => this.#inner.stat(key, options));
  }

  list(prefix: string, options: ListOptions = {}): AsyncIterable<ListEntry> {
    const call: Call = { operation: "list", key: prefix, signal: options.signal };
    const open = (wanted: ListOptions) => this.#inner.list(prefix, wanted);
    return this.#layer.list === undefined ? open(options) : this.#layer.list(call, options, open);
  }

  copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    const call: Call = { operation: "copy", key: from, signal: options.signal };
    return this.#layer.call(call, () => this.#inner.copy(from, to, options));
  }

  move(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    const call: Call = { operation: "move", key: from, signal: options.signal };
    return this.#layer.call(call, () => this.#inner.move(from, to, options));
  }

  delete(key: string, options: CallOptions = {}): Promise<void> {
    const call: Call = { operation: "delete", key, signal: options.signal };
    return this.#layer.call(call, () => this.#inner.delete(key, options));
  }

  deleteMany(keys: readonly string[], options: CallOptions = {}): Promise<void> {
    const call: Call = { operation: "deleteMany", key: keys[0] ?? "", signal: options.signal };
    return this.#layer.call(call, () => this.#inner.deleteMany(keys, options));
  }

  listUploads(prefix: string, options: CallOptions = {}): AsyncIterable<UploadRef> {
    const call: Call = { operation: "listUploads", key: prefix, signal: options.signal };
    const open = () => this.#inner.listUploads(prefix, options);
    return this.#layer.listUploads === undefined ? open() : this.#layer.listUploads(call, open);
  }

  abortUpload(upload: UploadRef, options: CallOptions = {}): Promise<void> {
    const call: Call = { operation: "abortUpload", key: upload.key, signal: options.signal };
    return this.#layer.call(call, () => this.#inner.abortUpload(upload, options));
  }

  removeEmptyFolders(prefix: string, options: CallOptions = {}): Promise<void> {
    const call: Call = { operation: "removeEmptyFolders", key: prefix, signal: options.signal };
    return this.#layer.call(call, () => this.#inner.removeEmptyFolders(prefix, options));
  }
}

class LayeredUpload implements Upload {
  readonly key: string;
  readonly #inner: Upload;
  readonly #layer: Layer;
  #next: number;

  constructor(inner: Upload, layer: Layer) {
    this.key = inner.key;
    this.#inner = inner;
    this.#layer = layer;
    this.#next = inner.state().parts.length + 1;
  }

  part(body: Buffer, options: PartOptions = {}): Promise<void> {
    // The number is given out here: a layer that calls again must send the same part again, and one
    // that delays calls must not change their order.
    const number = options.number ?? this.#next;
    this.#next = Math.max(this.#next, number + 1);
    const call: Call = { operation: "upload.part", key: this.key, body, signal: options.signal };
    return this.#layer.call(call, () => this.#inner.part(body, { ...options, number }));
  }

  state(): UploadState {
    return this.#inner.state();
  }

  complete(options: CallOptions = {}): Promise<ObjectInfo> {
    const call: Call = { operation: "upload.complete", key: this.key, signal: options.signal };
    return this.#layer.call(call, () => this.#inner.complete(options));
  }

  abort(options: CallOptions = {}): Promise<void> {
    const call: Call = { operation: "upload.abort", key: this.key, signal: options.signal };
    return this.#layer.call(call, () => this.#inner.abort(options));
  }
}
