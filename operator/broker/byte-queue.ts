// Bytes that arrived and were not taken yet: what lies between a socket and the codec.
// Chunks are kept as they came; a value is copied only where it lies across two chunks, and bytes
// taken with `takeChunk` never are. Reading more than `length` is a bug of the caller.
//
// A peer may send byte by byte. Each chunk object costs far more than one byte, so small chunks that
// pile up are joined: memory stays near the number of bytes held.
import { assert, must } from "../assert.ts";

/** Chunks up to this size are joined when others wait before them. */
const SMALL_BYTES = 512;
const SLAB_BYTES = 4096;

export class ByteQueue {
  readonly #chunks: Buffer[] = [];
  /** Index of the first chunk that still has bytes; those before it are used up. */
  #first = 0;
  /** Bytes of that chunk that were taken. */
  #offset = 0;
  #length = 0;
  /** Our own memory behind the last chunk, when that one was joined; and how much of it is used. */
  #slab: Buffer | undefined;
  #slabUsed = 0;

  /** Bytes that can be taken. */
  get length(): number {
    return this.#length;
  }

  /** Adds bytes at the end. The queue keeps the chunk: it must not be changed any more. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (chunk.length <= SMALL_BYTES && this.#length > 0) this.#join(chunk);
    else this.#append(chunk);
    this.#length += chunk.length;
  }

  readByte(): number {
    const { chunk, at } = this.#contiguous(1);
    return chunk.readUInt8(at);
  }

  readInt16(): number {
    const { chunk, at } = this.#contiguous(2);
    return chunk.readInt16BE(at);
  }

  readInt32(): number {
    const { chunk, at } = this.#contiguous(4);
    return chunk.readInt32BE(at);
  }

  readInt64(): bigint {
    const { chunk, at } = this.#contiguous(8);
    return chunk.readBigInt64BE(at);
  }

  /** The next `count` bytes in one piece: a view where they lie in one chunk, else a copy. */
  take(count: number): Buffer {
    if (count === 0) return Buffer.alloc(0);
    const { chunk, at } = this.#contiguous(count);
    return chunk.subarray(at, at + count);
  }

  /** The next bytes that lie together, at least one and at most `countMax`; never a copy. */
  takeChunk(countMax: number): Buffer {
    assert(this.#length > 0 && countMax > 0, "no bytes to take");
    const chunk = this.#head();
    const at = this.#offset;
    const count = Math.min(countMax, chunk.length - at);
    this.#advance(count);
    return chunk.subarray(at, at + count);
  }

  skip(count: number): void {
    for (let left = count; left > 0;) left -= this.takeChunk(left).length;
  }

  /** Takes `count` bytes and says where they stand in one buffer. */
  #contiguous(count: number): { chunk: Buffer; at: number } {
    assert(count <= this.#length, () => `${count} bytes wanted, ${this.#length} there`);
    const chunk = this.#head();
    const at = this.#offset;
    if (chunk.length - at >= count) {
      this.#advance(count);
      return { chunk, at };
    }
    const joined = Buffer.allocUnsafe(count);
    for (let filled = 0; filled < count;) {
      filled += this.takeChunk(count - filled).copy(joined, filled);
    }
    return { chunk: joined, at: 0 };
  }

  #head(): Buffer {
    return must(this.#chunks[this.#first], "first chunk");
  }

  #advance(count: number): void {
    this.#length -= count;
    this.#offset += count;
    if (this.#offset < this.#head().length) return;
    this.#offset = 0;
    this.#first += 1;
    if (this.#first === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#first = 0;
      this.#slab = undefined;
    } else if (this.#first >= 64 && this.#first * 2 >= this.#chunks.length) {
      // Not one by one: shifting a long array each time would make its use quadratic.
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
    }
  }

  #append(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#slab = undefined;
  }

  /** Copies a small chunk behind the last one that was joined, or into a new slab. */
  #join(chunk: Buffer): void {
    if (this.#slab !== undefined && this.#slabUsed + chunk.length <= SLAB_BYTES) {
      // Views that were handed out keep their bytes: only unused ones behind them are written.
      chunk.copy(this.#slab, this.#slabUsed);
      const last = must(this.#chunks.pop(), "last chunk");
      this.#slabUsed += chunk.length;
      this.#chunks.push(
        this.#slab.subarray(this.#slabUsed - chunk.length - last.length, this.#slabUsed),
      );
      return;
    }
    const slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    chunk.copy(slab);
    this.#append(slab.subarray(0, chunk.length));
    this.#slab = slab;
    this.#slabUsed = chunk.length;
  }
}
