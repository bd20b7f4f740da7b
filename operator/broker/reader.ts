// One file being read through the broker. StarRocks reads from front to back in pieces of 1 or 4 MiB; the
// store is asked once, for everything from there to the end, and a bounded amount is read ahead. A read
// elsewhere (a repeat, a seek) opens the object anew at that place.
//
// Never more bytes than asked (the BE copies them into a fixed buffer, fs_broker.cpp), and a short object
// is an error, never an early end.
import { must } from "../assert.ts";
import type { ObjectInfo, ObjectReader, Storage } from "../storage/storage.ts";
import { BrokerError } from "./broker-error.ts";
import { BROKER_STATUS } from "./protocol.ts";

/** What one pread answers at the most; callers accept short answers. Bytes. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

export interface ReaderOptions {
  readonly clientId: string;
  /** Where `opened` begins. */
  readonly start: number;
  /** How much may wait in memory. Bytes. */
  readonly aheadBytes: number;
}

export class Reader {
  readonly key: string;
  readonly clientId: string;
  readonly info: ObjectInfo;
  readonly #storage: Pick<Storage, "read">;
  readonly #aheadBytes: number;
  #source: ReadAhead;
  #servedEnd = false;
  #closed = false;
  #tail: Promise<unknown> = Promise.resolve();

  /** `opened` is the object read from `start` to its end; the reader takes it over. */
  constructor(storage: Pick<Storage, "read">, opened: ObjectReader, options: ReaderOptions) {
    this.key = opened.info.key;
    this.clientId = options.clientId;
    this.info = opened.info;
    this.#storage = storage;
    this.#aheadBytes = options.aheadBytes;
    this.#source = new ReadAhead(opened, options.start, options.aheadBytes);
  }

  /** Whether the last byte has been handed out. */
  get servedEnd(): boolean {
    return this.#servedEnd;
  }

  /** Up to `length` bytes from `offset`; empty at the end of the file and nowhere else. */
  async read(offset: number, length: number, signal: AbortSignal): Promise<readonly Buffer[]> {
    if (offset < 0 || length <= 0) {
      throw new BrokerError(
        BROKER_STATUS.INVALID_ARGUMENT,
        `cannot read ${length} bytes from offset ${offset}`,
      );
    }
    const run = this.#tail.then(() => this.#readNow(offset, length, signal));
    this.#tail = run.catch(() => {});
    return await run;
  }

  /** Gives the object back; a read that runs fails. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#source.destroy();
  }

  async #readNow(offset: number, length: number, signal: AbortSignal): Promise<readonly Buffer[]> {
    signal.throwIfAborted();
    if (this.#closed) throw closed(this.key);
    const wanted = Math.min(length, ANSWER_BYTES_MAX, Math.max(0, this.info.size - offset));
    if (wanted === 0) return [];
    if (!this.#source.canServe(offset)) await this.#reopen(offset, signal);
    const taken = await this.#source.take(offset, wanted, signal);
    const end = offset + taken.reduce((sum, chunk) => sum + chunk.length, 0);
    this.#servedEnd ||= end === this.info.size;
    return taken;
  }

  async #reopen(start: number, signal: AbortSignal): Promise<void> {
    this.#source.destroy();
    const opened = await this.#storage.read(this.key, { start, etag: this.info.etag, signal });
    if (this.#closed) {
      opened.destroy();
      throw closed(this.key);
    }
    this.#source = new ReadAhead(opened, start, this.#aheadBytes);
  }
}

/** A body that is pulled in the background until enough of it waits. */
class ReadAhead {
  readonly #opened: ObjectReader;
  readonly #iterator: AsyncIterator<Buffer>;
  readonly #aheadBytes: number;
  #chunks: Buffer[] = [];
  #waitingBytes = 0;
  /** Offset in the file of the first waiting byte. */
  #position: number;
  #ended = false;
  #destroyed = false;
  #failure: unknown;
  #pulling = false;
  #changed: (() => void) | undefined;

  constructor(opened: ObjectReader, position: number, aheadBytes: number) {
    this.#opened = opened;
    this.#position = position;
    this.#aheadBytes = aheadBytes;
    this.#iterator = opened.body[Symbol.asyncIterator]();
  }

  canServe(offset: number): boolean {
    return !this.#destroyed && this.#failure === undefined && offset === this.#position;
  }

  async take(offset: number, wanted: number, signal: AbortSignal): Promise<readonly Buffer[]> {
    this.#pull();
    while (this.#waitingBytes < Math.min(wanted, this.#aheadBytes) && !this.#ended) {
      if (this.#failure !== undefined) throw this.#failure as Error;
      if (this.#destroyed) throw closed(this.#opened.info.key);
      await this.#untilChanged(signal);
    }
    if (this.#waitingBytes === 0) throw shrunk(this.#opened.info, offset);
    const taken = this.#takeWaiting(wanted);
    this.#pull();
    return taken;
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#chunks = [];
    this.#waitingBytes = 0;
    this.#opened.destroy();
    this.#changed?.();
  }

  #takeWaiting(wanted: number): Buffer[] {
    const taken: Buffer[] = [];
    let missing = wanted;
    while (missing > 0 && this.#chunks.length > 0) {
      const first = must(this.#chunks[0]);
      if (first.length <= missing) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(missing);
      const part = first.length <= missing ? first : first.subarray(0, missing);
      taken.push(part);
      missing -= part.length;
    }
    this.#waitingBytes -= wanted - missing;
    this.#position += wanted - missing;
    return taken;
  }

  /** Runs at most once at a time; stops by itself when enough waits. */
  #pull(): void {
    if (this.#pulling || this.#ended || this.#destroyed) return;
    this.#pulling = true;
    this.#pullOn()
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => {
        this.#pulling = false;
        this.#changed?.();
      });
  }

  async #pullOn(): Promise<void> {
    while (this.#waitingBytes < this.#aheadBytes && !this.#destroyed) {
      const next = await this.#iterator.next();
      if (next.done === true) {
        this.#ended = true;
        return;
      }
      if (this.#destroyed) return;
      this.#chunks.push(next.value);
      this.#waitingBytes += next.value.length;
      this.#changed?.();
    }
  }

  async #untilChanged(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason as Error);
      if (signal.aborted) onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
      this.#changed = () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
    });
  }
}

function closed(key: string): BrokerError {
  return new BrokerError(
    BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
    `${key} was closed while it was read`,
  );
}

function shrunk(info: ObjectInfo, offset: number): BrokerError {
  return new BrokerError(
    BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
    `${info.key} ended at ${offset} of ${info.size} bytes: it was replaced while it was read`,
  );
}
