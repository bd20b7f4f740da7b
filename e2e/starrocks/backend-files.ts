// A BE's view of a broker as a file system (fs_broker.cpp): which statuses mean what, which calls are
// repeated, and that a file object closes its descriptor in the end whatever went wrong before.
import type { BackendProfile } from "./profile.ts";
import type { BrokerAddress } from "./sql/statement.ts";
import type { Violations } from "./violations.ts";
import type {
  BrokerFd,
  BrokerProperties,
  FileStatus,
  MethodName,
  OperationStatus,
  Requests,
  Responses,
} from "./wire/broker-structs.ts";
import type { CachedClient, ClientCache } from "./wire/client-cache.ts";

const OK = 0;
const END_OF_FILE = 301;
const NOT_AUTHORIZED = 401;
const FILE_NOT_FOUND = 501;
const APPEND = 1;

/** BEFS to_status. */
const STATUS_KINDS: Readonly<Record<number, string>> = {
  301: "End of file",
  401: "IO error: No broker permission",
  402: "Internal error",
  403: "Invalid argument",
  404: "Not found",
  405: "Invalid argument",
  501: "Not found",
  502: "Internal error",
  503: "Not supported",
};

/** A status other than OK, in the BE's words. */
export class BackendStatus extends Error {
  override readonly name = "BackendStatus" as const;
}

export interface BrokerFilesOptions {
  readonly cache: ClientCache;
  readonly profile: BackendProfile;
  readonly address: BrokerAddress;
  readonly properties: BrokerProperties;
  /** `<be host>:<be_port>`. */
  readonly clientId: string;
  readonly violations: Violations;
}

export class BrokerFiles {
  readonly options: BrokerFilesOptions;

  constructor(options: BrokerFilesOptions) {
    this.options = options;
  }

  /** A call over whichever connection comes next. */
  call<M extends MethodName>(
    method: M,
    request: Requests[M],
    repeat = true,
  ): Promise<Responses[M]> {
    const { cache, address, profile } = this.options;
    return cache.call(address, method, request, { timeoutMs: profile.callTimeoutMs, repeat });
  }

  /** `<dir>/*` over the task's own connection; nothing there is no error. */
  async listDirectory(held: CachedClient, dir: string): Promise<readonly FileStatus[]> {
    const { cache, profile, properties } = this.options;
    const path = `${dir}/*`;
    const { opStatus, files } = await cache.callOn(
      held,
      "listPath",
      { path, isRecursive: false, properties, fileNameOnly: true },
      { timeoutMs: profile.directoryTimeoutMs, repeat: true },
    );
    if (opStatus.statusCode === FILE_NOT_FOUND) return [];
    this.require(opStatus, `failed to list files in remote path: ${path}`);
    return files ?? [];
  }

  async rename(held: CachedClient, srcPath: string, destPath: string): Promise<void> {
    const { cache, profile, properties } = this.options;
    const status = await cache.callOn(
      held,
      "renamePath",
      { srcPath, destPath, properties },
      { timeoutMs: profile.directoryTimeoutMs, repeat: true },
    );
    this.require(status, `Fail to rename file: ${srcPath} to: ${destPath}`);
  }

  /** Refuses a path that exists: a broker's file cannot be truncated (#3683, #53631). */
  async openWritable(path: string): Promise<WritableFile> {
    const { properties, clientId } = this.options;
    if (await this.exists(path)) {
      throw new BackendStatus(`Not supported: Cannot truncate a file by broker, path=${path}`);
    }
    const { opStatus, fd } = await this.call("openWriter", {
      path,
      openMode: APPEND,
      clientId,
      properties,
    });
    this.require(opStatus, `failed to open writer, path=${path}`);
    return new WritableFile(this, path, this.#descriptor("openWriter", path, fd));
  }

  /** Only a plain yes is one. */
  async exists(path: string): Promise<boolean> {
    const { properties } = this.options;
    const { opStatus, isPathExist } = await this.call("checkPathExist", { path, properties });
    return opStatus.statusCode === OK && isPathExist;
  }

  async openReadable(path: string): Promise<ReadableFile> {
    const found = await this.openIfThere(path);
    if (found !== undefined) return found;
    throw new BackendStatus(`Not found: failed to open reader, path=${path}`);
  }

  /** Undefined: the broker knows no such file. */
  async openIfThere(path: string): Promise<ReadableFile | undefined> {
    const { properties, clientId } = this.options;
    const { opStatus, fd } = await this.call("openReader", {
      path,
      startOffset: 0,
      clientId,
      properties,
    });
    if (opStatus.statusCode === FILE_NOT_FOUND) return undefined;
    this.require(opStatus, `failed to open reader, path=${path}`);
    return new ReadableFile(this, path, this.#descriptor("openReader", path, fd));
  }

  /** The size by a listing of exactly this path. */
  async sizeOf(path: string): Promise<number> {
    const { properties } = this.options;
    const { opStatus, files } = await this.call("listPath", {
      path,
      isRecursive: false,
      properties,
      fileNameOnly: true,
    });
    if (opStatus.statusCode === FILE_NOT_FOUND || opStatus.statusCode === NOT_AUTHORIZED) {
      throw new BackendStatus(`Not found: ${opStatus.message ?? ""}: path=${path}`);
    }
    this.require(opStatus, `failed to list, path=${path}`);
    const [only] = files ?? [];
    if (only === undefined || files?.length !== 1) {
      throw new BackendStatus(`Internal error: unexpected file list size=${files?.length ?? 0}`);
    }
    return only.size;
  }

  require(status: OperationStatus, what: string): void {
    if (status.statusCode === OK) return;
    const kind = STATUS_KINDS[status.statusCode] ?? "Internal error";
    throw new BackendStatus(`${kind}: ${what}, msg: ${status.message ?? ""}`);
  }

  #descriptor(method: string, path: string, fd: BrokerFd | undefined): BrokerFd {
    if (fd === undefined) {
      this.options.violations.note(`${method} ${path}: OK without a descriptor`);
      return { high: 0n, low: 0n };
    }
    if (fd.high === 0n && fd.low === 0n) {
      this.options.violations.note(
        `${method} ${path}: descriptor {0,0}, which FEs close by mistake`,
      );
    }
    return fd;
  }
}

export class WritableFile {
  readonly #files: BrokerFiles;
  readonly #path: string;
  readonly #fd: BrokerFd;
  #offset = 0;
  #closed = false;

  constructor(files: BrokerFiles, path: string, fd: BrokerFd) {
    this.#files = files;
    this.#path = path;
    this.#fd = fd;
  }

  /** Not repeated on any error: the task fails and the tablet comes again later. */
  async append(data: Buffer): Promise<void> {
    const request = { fd: this.#fd, offset: this.#offset, data };
    const status = await this.#files.call("pwrite", request, false);
    this.#files.require(status, `failed to write, path=${this.#path}`);
    this.#offset += data.length;
  }

  async close(): Promise<void> {
    const status = await this.#files.call("closeWriter", { fd: this.#fd });
    this.#files.require(status, `failed to close writer, path=${this.#path}`);
    this.#closed = true;
  }

  /** The destructor: closes what was not closed, even after an error, and does not say how it went. */
  async dispose(): Promise<void> {
    if (this.#closed) return;
    await this.close().catch(() => undefined);
  }
}

export class ReadableFile {
  readonly #files: BrokerFiles;
  readonly path: string;
  readonly #fd: BrokerFd;
  #offset = 0;

  constructor(files: BrokerFiles, path: string, fd: BrokerFd) {
    this.#files = files;
    this.path = path;
    this.#fd = fd;
  }

  /** Fills the buffer up to the file's end: asks for what is left until nothing comes. */
  async read(buffer: Buffer): Promise<number> {
    let filled = 0;
    while (filled < buffer.length) {
      const length = buffer.length - filled;
      const data = await this.#pread(length);
      if (data.length === 0) break;
      if (data.length > length) {
        const note = `pread ${this.path}: ${data.length} bytes for ${length} asked: memory overwritten`;
        this.#files.options.violations.note(note);
        throw new BackendStatus(`Internal error: ${note}`);
      }
      data.copy(buffer, filled);
      filled += data.length;
      this.#offset += data.length;
    }
    return filled;
  }

  /** The destructor's: the answer is not looked at. */
  async close(): Promise<void> {
    await this.#files.call("closeReader", { fd: this.#fd }).catch(() => undefined);
  }

  async #pread(length: number): Promise<Buffer> {
    const { opStatus, data } = await this.#files.call("pread", {
      fd: this.#fd,
      offset: this.#offset,
      length,
    });
    if (opStatus.statusCode === END_OF_FILE) return Buffer.alloc(0);
    this.#files.require(opStatus, `failed to read, path=${this.path}`);
    return data ?? Buffer.alloc(0);
  }
}
