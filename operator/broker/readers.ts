// All files being read. Each holds a slot of the pool for what it reads ahead, so that readers wait for
// each other instead of growing memory.
import { Readable } from "node:stream";
import type { Clock } from "../clock.ts";
import type { ObjectInfo, ObjectReader, Storage } from "../storage/storage.ts";
import { UnknownDescriptorError } from "./broker-error.ts";
import type { BufferPool, Slot } from "./buffer-pool.ts";
import { HandleTable } from "./handles.ts";
import type { BrokerFd } from "./protocol.ts";
import { Reader } from "./reader.ts";

/** Read ahead of the caller. One pread of a 3.4+ BE (`download_buffer_size`). Bytes. */
const AHEAD_BYTES = 4 * 1024 * 1024;
/** BEs ping every 5 s; the FE reads `__info` and `__meta` at a stretch. */
const IDLE_MAX_MS = 600_000;
/** When all memory is taken: a BE that has not read for so long lost its answer or its connection. */
const IDLE_UNDER_PRESSURE_MS = 60_000;

interface OpenReader {
  readonly reader: Reader;
  readonly slot: Slot | undefined;
}

export interface OpenRequest {
  readonly key: string;
  readonly clientId: string;
  readonly startOffset: number;
}

export class Readers {
  readonly #storage: Storage;
  readonly #pool: BufferPool;
  readonly #open: HandleTable<OpenReader>;
  readonly #byKey = new Map<string, ObjectInfo>();

  constructor(storage: Storage, pool: BufferPool, clock: Clock) {
    this.#storage = storage;
    this.#pool = pool;
    this.#open = new HandleTable(clock, pool.slots * 4);
  }

  get count(): number {
    return this.#open.size;
  }

  /** Opens an object with one request, which also serves the first reads. */
  async open(request: OpenRequest, signal: AbortSignal): Promise<BrokerFd> {
    const slot = this.#pool.tryAcquire() ?? (await this.#waitForSlot(signal));
    let reader: Reader | undefined;
    try {
      const start = request.startOffset === 0 ? {} : { start: request.startOffset };
      const opened = await this.#storage.read(request.key, { ...start, signal });
      const options = {
        clientId: request.clientId,
        start: request.startOffset,
        aheadBytes: Math.min(AHEAD_BYTES, this.#pool.slotBytes),
      };
      reader = new Reader(this.#storage, opened, options);
      return this.#add(reader, request.clientId, slot);
    } catch (error) {
      reader?.close();
      slot.release();
      throw error;
    }
  }

  /** Opens content that the agent makes up itself. */
  openBytes(key: string, bytes: Buffer, clientId: string): BrokerFd {
    const source = new BytesSource(bytes);
    const options = { clientId, start: 0, aheadBytes: AHEAD_BYTES };
    return this.#add(new Reader(source, source.open(key, 0), options), clientId, undefined);
  }

  /** Throws `BrokerError` for a descriptor that is not open here. */
  get(fd: BrokerFd): Reader {
    const open = this.#open.get(fd);
    if (open === undefined) throw new UnknownDescriptorError();
    return open.reader;
  }

  /** Closes, and tells what was closed; a descriptor that is not open is fine (a repeat). */
  close(fd: BrokerFd): Reader | undefined {
    const open = this.#open.get(fd);
    if (open === undefined) return undefined;
    this.#open.remove(fd);
    this.#end(open);
    return open.reader;
  }

  /** The size and identity of an object that is open now. */
  infoOf(key: string): ObjectInfo | undefined {
    return this.#byKey.get(key);
  }

  touch(clientId: string): void {
    this.#open.touch(clientId);
  }

  /** Closes what its client has left alone for too long. Call it now and then. */
  expire(): void {
    for (const open of this.#open.expire()) this.#end(open);
  }

  closeAll(): void {
    for (const open of this.#open.takeWhere(() => true)) this.#end(open);
  }

  /** A close that got lost on the network must not keep others from reading for long. */
  async #waitForSlot(signal: AbortSignal): Promise<Slot> {
    const idle = this.#open.takeIdle(IDLE_UNDER_PRESSURE_MS);
    if (idle !== undefined) this.#end(idle);
    return await this.#pool.acquire(signal);
  }

  #add(reader: Reader, clientId: string, slot: Slot | undefined): BrokerFd {
    const fd = this.#open.add({ reader, slot }, clientId, IDLE_MAX_MS);
    this.#byKey.set(reader.key, reader.info);
    return fd;
  }

  #end(open: OpenReader): void {
    open.reader.close();
    open.slot?.release();
    this.#byKey.delete(open.reader.key);
  }
}

/** Bytes in memory, read like an object. */
class BytesSource implements Pick<Storage, "read"> {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  async read(key: string, options: { readonly start?: number } = {}): Promise<ObjectReader> {
    return await Promise.resolve(this.open(key, options.start ?? 0));
  }

  open(key: string, start: number): ObjectReader {
    const body = Readable.from([this.#bytes.subarray(start)]);
    const info = { key, size: this.#bytes.length, etag: "" };
    return { info, body, destroy: () => body.destroy() };
  }
}
