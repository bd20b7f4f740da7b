// Bytes on their way into one object: collected into slots of the pool, hashed while they pass, sent
// as parts when a slot is full. Content that fits into one slot never begins an upload: it stays in
// memory until somebody says where to `put` it.
//
// A failed part, a lost connection in mid-append or `abort` poison the stream for good. Memory that the
// store may still read from is given back only when its part or put has settled, whatever happens to the
// stream meanwhile: the next file would be written into the bytes of this one.
import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { assert, must } from "../assert.ts";
import type { Storage, Upload, WriteOptions } from "../storage/storage.ts";
import type { BufferPool, Slot } from "./buffer-pool.ts";

/** Parts of one file that may be on their way at a time; the pool bounds all files together. */
const PARTS_IN_FLIGHT_MAX = 4;
/** Where each waits for the one before: one is sent, one is full. */
const PARTS_IN_ORDER_MAX = 2;

export interface Append {
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
}

/** Where an upload goes if one becomes necessary, and whether it stays there. */
export interface UploadTo {
  readonly key: string;
  readonly temporary: boolean;
}

export class PartStream {
  readonly #storage: Storage;
  readonly #pool: BufferPool;
  readonly #uploadTo: UploadTo;
  readonly #hash: Hash = createHash("md5");
  readonly #inFlight = new Set<Promise<void>>();
  readonly #givenUp = new AbortController();
  #slot: Slot | undefined;
  #filled = 0;
  #upload: Upload | undefined;
  #parts = 0;
  #failure: Error | undefined;
  #md5: string | undefined;
  #position = 0;
  #last: Append | undefined;

  constructor(storage: Storage, pool: BufferPool, uploadTo: UploadTo) {
    this.#storage = storage;
    this.#pool = pool;
    this.#uploadTo = uploadTo;
  }

  /** Bytes taken so far. */
  get position(): number {
    return this.#position;
  }

  /** The append that was taken last; an exact repeat of it is no new content. */
  get last(): Append | undefined {
    return this.#last;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Whether the content has outgrown memory. */
  get isUploading(): boolean {
    return this.#upload !== undefined;
  }

  /** md5 of all content, 32 lower-case hex digits. No append may follow. */
  md5(): string {
    this.#md5 ??= this.#hash.digest("hex");
    return this.#md5;
  }

  /** Takes one pwrite's bytes. One call at a time. A rejection poisons the stream. */
  async append(chunks: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    this.#requireHealthy();
    assert(this.#md5 === undefined, "no append after the end");
    const offset = this.#position;
    let crc = 0;
    try {
      for await (const chunk of chunks) {
        crc = crc32(chunk, crc);
        this.#hash.update(chunk);
        await this.#store(chunk, signal);
      }
      // A caller that was told of a failure will not send the rest.
      signal.throwIfAborted();
      this.#requireHealthy();
    } catch (error) {
      throw this.fail(error);
    }
    this.#last = { offset, length: this.#position - offset, crc };
  }

  /** Sends what is left of an upload and waits for every part. Nothing to do for content in memory. */
  async flush(): Promise<void> {
    this.#requireHealthy();
    if (this.#upload === undefined) return;
    if (this.#filled > 0) this.#send(this.#upload);
    await Promise.all(this.#inFlight);
    this.#requireHealthy();
  }

  /** Stores content that never left memory. Rejects too when the stream was given up meanwhile. */
  async put(key: string, options: WriteOptions): Promise<void> {
    assert(this.#upload === undefined, "the content is not in memory");
    this.#requireHealthy();
    const { slot, body } = this.#takeFilled();
    try {
      await this.#storage.put(key, body, options);
    } finally {
      slot?.release();
    }
    this.#requireHealthy();
  }

  /** The upload with all parts sent; call {@link flush} first. */
  uploaded(): Upload {
    assert(this.#inFlight.size === 0 && this.#filled === 0, "parts are still on their way");
    return must(this.#upload, "the upload");
  }

  /** Poisons the stream and gives its memory back. Answers its first failure. Idempotent. */
  fail(error: unknown): Error {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    this.#takeFilled().slot?.release();
    return this.#failure;
  }

  /**
   * Gives everything up: memory at once, stored parts when those on their way have ended, which are told
   * to. Idempotent.
   */
  async abort(reason: Error): Promise<void> {
    this.fail(reason);
    this.#givenUp.abort(reason);
    await Promise.all(this.#inFlight);
    await this.#upload?.abort();
  }

  async #store(chunk: Buffer, signal: AbortSignal): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      const slot = this.#slot ?? (await this.#nextSlot(signal));
      const taken = rest.copy(slot.buffer, this.#filled);
      this.#filled += taken;
      this.#position += taken;
      rest = rest.subarray(taken);
      if (rest.length > 0) await this.#sendFull(signal);
    }
  }

  async #nextSlot(signal: AbortSignal): Promise<Slot> {
    const slot = await this.#pool.acquire(signal);
    // The stream may have been aborted while it waited; nobody would give this slot back.
    if (this.#failure !== undefined) {
      slot.release();
      throw this.#failure;
    }
    this.#slot = slot;
    return slot;
  }

  /** Called only when more content follows: a file that just fills its slot stays in memory. */
  async #sendFull(signal: AbortSignal): Promise<void> {
    this.#requireRoom();
    this.#send(this.#upload ?? (await this.#beginUpload(signal)));
    const { partsInOrder } = this.#storage.capabilities;
    if (this.#inFlight.size >= (partsInOrder ? PARTS_IN_ORDER_MAX : PARTS_IN_FLIGHT_MAX)) {
      await Promise.race([...this.#inFlight, aborted(signal)]);
    }
    this.#requireHealthy();
  }

  async #beginUpload(signal: AbortSignal): Promise<Upload> {
    const { key, temporary } = this.#uploadTo;
    const upload = await this.#storage.upload(key, { signal, temporary });
    // The stream may have been aborted meanwhile; nobody would abort this upload.
    if (this.#failure !== undefined) {
      await upload.abort();
      throw this.#failure;
    }
    this.#upload = upload;
    return upload;
  }

  /** Bound to the file, not to any call's deadline: the calls come and go. */
  #send(upload: Upload): void {
    const { slot, body } = this.#takeFilled();
    this.#parts += 1;
    const sent = this.#turn()
      .then(() => upload.part(body, { signal: this.#givenUp.signal }))
      .catch((error: unknown) => {
        this.fail(error);
      })
      .finally(() => {
        this.#inFlight.delete(sent);
        slot?.release();
      });
    this.#inFlight.add(sent);
  }

  /** Where parts follow each other: the end of those before. A failed one stops all that come after. */
  async #turn(): Promise<void> {
    if (!this.#storage.capabilities.partsInOrder) return;
    await Promise.all(this.#inFlight);
    this.#requireHealthy();
  }

  /** Takes out what waits in memory. Whoever takes it gives the slot back. */
  #takeFilled(): { readonly slot: Slot | undefined; readonly body: Buffer } {
    const slot = this.#slot;
    const body = slot?.buffer.subarray(0, this.#filled) ?? Buffer.alloc(0);
    this.#slot = undefined;
    this.#filled = 0;
    return { slot, body };
  }

  #requireRoom(): void {
    const { partsMax } = this.#storage.capabilities;
    // The last part is still to come, hence one less.
    if (this.#parts < partsMax - 1) return;
    const limit = Math.floor((partsMax * this.#pool.slotBytes) / 2 ** 30);
    throw new Error(`the file is larger than ${limit} GiB: raise limits.partMiB of the agent`);
  }

  #requireHealthy(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
