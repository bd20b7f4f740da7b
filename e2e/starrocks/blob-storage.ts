// The FE's broker calls (BlobStorage.java), each with a broker of its own choice. What a broker gets
// wrong here costs an FE dearly: an unset list is a NullPointerException, a non-OK read or write an
// IllegalFormatConversionException that ends the whole handler cycle, an empty read at an OK an endless
// loop. The stand-in throws the exceptions as they are and notes the loop as a violation.
import { createHash } from "node:crypto";
import { open, readFile, stat } from "node:fs/promises";
import { NoBroker, type Broker, type FrontendBrokers } from "./frontend-brokers.ts";
import type { BrokerAddress } from "./sql/statement.ts";
import { ViolationError, type Violations } from "./violations.ts";
import { TransportProblem, type BrokerConnection } from "./wire/broker-connection.ts";
import type {
  BrokerFd,
  BrokerProperties,
  FileStatus,
  MethodName,
  OperationStatus,
  Requests,
  Responses,
} from "./wire/broker-structs.ts";
import type { FrontendPool } from "./wire/frontend-pool.ts";

const OK = 0;
const APPEND = 1;
const READ_BYTES = 1024 * 1024;
/** The comment beside it says 1 MB; the buffer is 1 KiB. */
const WRITE_BYTES = 1024;
const WRITE_RETRIES = 3;

/** `com.starrocks.backup.Status` with a code other than OK. */
export class StatusError extends Error {
  override readonly name = "StatusError" as const;
  readonly code: string;
  /** The call failed on the wire: its connection is of no more use. */
  readonly broken: boolean;

  constructor(code: string, message: string, broken = false) {
    super(message);
    this.code = code;
    this.broken = broken;
  }
}

/** A RuntimeException: nobody on the way expects it. */
export class RuntimeFailure extends Error {
  override readonly name = "RuntimeFailure" as const;
}

export interface BlobOptions {
  readonly brokers: FrontendBrokers;
  readonly pool: FrontendPool;
  readonly violations: Violations;
  /** The FE's own host string: a broker of the same is preferred. */
  readonly host: string;
  /** `<fe host>:<edit_log_port>`. */
  readonly clientId: string;
  readonly timeoutMs: number;
  /** 3.3.2+: throws instead of a Status when there is no broker. */
  readonly noBrokerThrows: boolean;
  /** 3.3.0 and 3.3.1 (#48292): each call of one read or write picks a broker, too. */
  readonly brokerPerCall: boolean;
}

/** An operation's place: one broker and one connection. */
interface Place {
  readonly broker: Broker;
  readonly connection: BrokerConnection;
}

export class BlobStorage {
  readonly #name: string;
  readonly #properties: BrokerProperties;
  readonly #options: BlobOptions;

  constructor(brokerName: string, properties: BrokerProperties, options: BlobOptions) {
    this.#name = brokerName;
    this.#properties = properties;
    this.#options = options;
  }

  /** `fileNameOnly`, not recursive; nothing there is an empty list, any status else an error. */
  async list(path: string): Promise<readonly FileStatus[]> {
    return this.#at(async (place) => {
      const request = {
        path,
        isRecursive: false,
        properties: this.#properties,
        fileNameOnly: true,
      };
      const what = `failed to list remote path: ${path}`;
      const { opStatus, files } = await this.#call(place, what, "listPath", request);
      this.#require(opStatus, what, place);
      if (files === undefined) {
        this.#options.violations.note(`listPath ${path}: OK without files`);
        throw new RuntimeFailure("java.lang.NullPointerException");
      }
      return files;
    });
  }

  async exists(path: string): Promise<boolean> {
    return this.#at(async (place) => {
      const request = { path, properties: this.#properties };
      const what = `failed to check remote path exist: ${path}`;
      const found = await this.#call(place, what, "checkPathExist", request);
      this.#require(found.opStatus, what, place);
      return found.isPathExist;
    });
  }

  async delete(path: string): Promise<void> {
    await this.#at(async (place) => {
      const request = { path, properties: this.#properties };
      const what = `failed to delete remote path: ${path}`;
      this.#require(await this.#call(place, what, "deletePath", request), what, place);
    });
  }

  async rename(srcPath: string, destPath: string): Promise<void> {
    await this.#at(async (place) => {
      const request = { srcPath, destPath, properties: this.#properties };
      const what = `failed to rename ${srcPath} to ${destPath}`;
      this.#require(await this.#call(place, what, "renamePath", request), what, place);
    });
  }

  /** Exactly `sizeBytes` bytes: the size is the listing's, and the loop knows no other end. */
  async read(path: string, sizeBytes: number): Promise<Buffer> {
    return this.#at(async (place) => {
      const what = `failed to open reader on broker: ${path}`;
      const { opStatus, fd } = await this.#call(place, what, "openReader", {
        path,
        startOffset: 0,
        clientId: this.#options.clientId,
        properties: this.#properties,
      });
      this.#require(opStatus, what, place);
      const descriptor = this.#descriptor("openReader", path, fd);
      const parts: Buffer[] = [];
      for (let offset = 0; offset < sizeBytes;) {
        const length = Math.min(READ_BYTES, sizeBytes - offset);
        const data = await this.#pread(place, path, { fd: descriptor, offset, length });
        parts.push(data);
        offset += data.length;
      }
      const close = `failed to close reader on broker: ${path}`;
      this.#require(
        await this.#call(place, close, "closeReader", { fd: descriptor }),
        close,
        place,
      );
      return Buffer.concat(parts);
    });
  }

  /** `__repo_info`: one write; the close is sent even for a writer that never opened, and not heard. */
  async writeSmall(path: string, content: string): Promise<void> {
    await this.#at(async (place) => {
      let fd: BrokerFd = { high: 0n, low: 0n };
      try {
        fd = await this.#openWriter(place, path);
        const data = Buffer.from(content);
        const what = `write exception: ${path}`;
        this.#requireWritten(await this.#call(place, what, "pwrite", { fd, offset: 0, data }));
      } finally {
        await this.#call(place, "", "closeWriter", { fd }).catch(() => undefined);
      }
    });
  }

  /**
   * A local file under `path.part`, then renamed to `path.<md5>`: delete, delete, write, rename, each but
   * the write at a broker of its own choice (Repository.upload).
   */
  async upload(localPath: string, path: string): Promise<void> {
    const found = await stat(localPath).catch(() => undefined);
    if (found === undefined) throw new StatusError("COMMON_ERROR", `file is invalid: ${localPath}`);
    const md5 = createHash("md5")
      .update(await readFile(localPath))
      .digest("hex");
    await this.delete(`${path}.part`);
    await this.delete(`${path}.${md5}`);
    await this.#at((place) => this.#uploadTo(place, localPath, `${path}.part`));
    await this.rename(`${path}.part`, `${path}.${md5}`);
  }

  async #uploadTo(place: Place, localPath: string, path: string): Promise<void> {
    const fd = await this.#openWriter(place, path);
    const file = await open(localPath, "r");
    try {
      const buffer = Buffer.alloc(WRITE_BYTES);
      for (let offset = 0; ;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
        if (bytesRead === 0) break;
        const data = buffer.subarray(0, bytesRead);
        this.#requireWritten(await this.#pwrite(place, path, { fd, offset, data }));
        offset += bytesRead;
      }
    } finally {
      await file.close();
    }
    const what = `failed to close writer on broker: ${path}`;
    this.#require(await this.#call(place, what, "closeWriter", { fd }), what, place);
  }

  async #openWriter(place: Place, path: string): Promise<BrokerFd> {
    const what = `failed to open writer on broker: ${path}`;
    const { opStatus, fd } = await this.#call(place, what, "openWriter", {
      path,
      openMode: APPEND,
      clientId: this.#options.clientId,
      properties: this.#properties,
    });
    this.#require(opStatus, what, place);
    return this.#descriptor("openWriter", path, fd);
  }

  async #pwrite(place: Place, path: string, request: Requests["pwrite"]): Promise<OperationStatus> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#send(place, "pwrite", request);
      } catch (error) {
        const again = error instanceof TransportProblem && error.kind === "timeout";
        if (!again || tries >= WRITE_RETRIES) {
          const text = this.#text(`write exception: ${path}`, error, place);
          throw new StatusError("COMMON_ERROR", text, true);
        }
      }
    }
  }

  async #pread(place: Place, path: string, request: Requests["pread"]): Promise<Buffer> {
    const what = `read exception: ${path}`;
    const { opStatus, data } = await this.#call(place, what, "pread", request);
    if (opStatus.statusCode !== OK) {
      throw new RuntimeFailure("d != com.starrocks.thrift.TBrokerOperationStatusCode");
    }
    if (data === undefined) {
      this.#options.violations.note(`pread ${path}: OK without data`);
      throw new RuntimeFailure("java.lang.NullPointerException");
    }
    if (data.length === 0 || data.length > request.length) {
      const note = `pread ${path}: ${data.length} bytes at ${request.offset} for ${request.length} asked`;
      this.#options.violations.note(`${note}: the FE loops for ever or reads past the end`);
      throw new ViolationError(note);
    }
    return data;
  }

  /** The IllegalFormatConversionException of a write that was not OK. */
  #requireWritten(status: OperationStatus): void {
    if (status.statusCode !== OK) {
      throw new RuntimeFailure("d != com.starrocks.thrift.TBrokerOperationStatusCode");
    }
  }

  #descriptor(method: string, path: string, fd: BrokerFd | undefined): BrokerFd {
    if (fd === undefined) {
      this.#options.violations.note(`${method} ${path}: OK without a descriptor`);
      throw new RuntimeFailure("java.lang.NullPointerException");
    }
    if (fd.high === 0n && fd.low === 0n) {
      this.#options.violations.note(
        `${method} ${path}: descriptor {0,0}, which FEs close by mistake`,
      );
    }
    return fd;
  }

  /** Picks a broker, borrows a connection unseen, and returns it unless a call broke it. */
  async #at<T>(work: (place: Place) => Promise<T>): Promise<T> {
    const { pool } = this.#options;
    const broker = this.#pick();
    const { host, port } = broker;
    let connection: BrokerConnection;
    try {
      connection = await pool.borrow(host, port);
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      throw new StatusError("COMMON_ERROR", `failed to get broker client: ${javaCause(cause)}`);
    }
    try {
      const result = await work({ broker, connection });
      pool.giveBack(host, port, connection);
      return result;
    } catch (error) {
      // Only a call that failed on the wire spoils the connection (BlobStorage: needReturn).
      if (error instanceof StatusError && error.broken) pool.invalidate(connection);
      else pool.giveBack(host, port, connection);
      throw error;
    }
  }

  #pick(): Broker {
    const { brokers, host, noBrokerThrows } = this.#options;
    try {
      return brokers.pick(this.#name, host);
    } catch (error) {
      if (!(error instanceof NoBroker)) throw error;
      const text = `failed to get a broker address: ${error.message}`;
      if (noBrokerThrows) throw new NoBroker(text);
      throw new StatusError("COMMON_ERROR", text);
    }
  }

  async #call<M extends MethodName>(
    place: Place,
    what: string,
    method: M,
    request: Requests[M],
  ): Promise<Responses[M]> {
    try {
      return await this.#send(place, method, request);
    } catch (error) {
      throw new StatusError("COMMON_ERROR", this.#text(what, error, place), true);
    }
  }

  async #send<M extends MethodName>(
    place: Place,
    method: M,
    request: Requests[M],
  ): Promise<Responses[M]> {
    const { brokerPerCall, pool, timeoutMs } = this.#options;
    if (!brokerPerCall) return place.connection.call(method, request, timeoutMs);
    const { host, port } = this.#pick();
    const connection = await pool.borrow(host, port);
    try {
      const answer = await connection.call(method, request, timeoutMs);
      pool.giveBack(host, port, connection);
      return answer;
    } catch (error) {
      pool.invalidate(connection);
      throw error;
    }
  }

  #require(status: OperationStatus, what: string, place: Place): void {
    if (status.statusCode === OK) return;
    throw new StatusError("COMMON_ERROR", this.#text(what, new Error(status.message ?? ""), place));
  }

  #text(what: string, error: unknown, place: Place): string {
    const cause = error instanceof Error ? error.message : String(error);
    return `${what}. msg: ${cause}, broker: ${this.#name}[${networkAddress(place.broker)}]`;
  }
}

export function networkAddress(address: BrokerAddress): string {
  return `TNetworkAddress(hostname:${address.host}, port:${address.port})`;
}

/** The exception's name as Java prints it before a connect error's text. */
export function javaCause(cause: string): string {
  return cause.startsWith("java.") ? cause : `java.net.ConnectException: ${cause}`;
}
