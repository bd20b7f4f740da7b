// The two ends of Apache's protocol class on a socket, without the copies its own transports make: data
// goes out as it lies in memory, and comes in to one buffer that is kept from message to message.
import type thrift from "thrift";
import type { Socket } from "node:net";

type Transport = ConstructorParameters<typeof thrift.TBinaryProtocol>[0];

/** The message is not whole yet: wait for more bytes and start over. */
export class Underrun extends Error {
  override readonly name = "Underrun" as const;
}

const UNDERRUN = new Underrun("more bytes are needed");
const FIRST_BYTES = 64 * 1024;

/**
 * A transport that only writes. The pieces must not change until the answer is there, which holds: a
 * caller waits for it before it uses its buffer again.
 */
export function socketWriter(socket: Socket): Transport {
  const pieces: Buffer[] = [];
  return {
    ...UNUSED,
    write: (piece: Buffer | string) => {
      pieces.push(typeof piece === "string" ? Buffer.from(piece) : piece);
    },
    flush: () => {
      // One segment for the many small pieces, and the data behind them as it is.
      socket.cork();
      for (const piece of joinSmall(pieces.splice(0))) socket.write(piece);
      socket.uncork();
    },
  };
}

const SMALL_BYTES = 4096;

function joinSmall(pieces: readonly Buffer[]): readonly Buffer[] {
  const joined: Buffer[] = [];
  let small: Buffer[] = [];
  for (const piece of pieces) {
    if (piece.length <= SMALL_BYTES) {
      small.push(piece);
      continue;
    }
    joined.push(Buffer.concat(small), piece);
    small = [];
  }
  return small.length === 0 ? joined : [...joined, Buffer.concat(small)];
}

/** What came in and was not read yet. A message is read from its start until it is whole. */
export class ReadBuffer {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #start = 0;
  #at = 0;
  #end = 0;

  append(data: Buffer): void {
    if (this.#end + data.length > this.#bytes.length) this.#makeRoom(data.length);
    data.copy(this.#bytes, this.#end);
    this.#end += data.length;
  }

  /** The message was read: what follows is the next one's. */
  commit(): void {
    this.#start = this.#at;
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#at = 0;
      this.#end = 0;
    }
  }

  rollback(): void {
    this.#at = this.#start;
  }

  get transport(): Transport {
    return {
      ...UNUSED,
      read: (length: number) => Buffer.from(this.#take(length)),
      readByte: () => this.#take(1).readInt8(0),
      readI16: () => this.#take(2).readInt16BE(0),
      readI32: () => this.#take(4).readInt32BE(0),
      readDouble: () => this.#take(8).readDoubleBE(0),
      // The declared type has no argument; the protocol passes the length.
      readString: ((length: number) => this.#take(length).toString("utf8")) as () => string,
    };
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.#end) throw UNDERRUN;
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  #makeRoom(more: number): void {
    const kept = this.#bytes.subarray(this.#start, this.#end);
    const needed = kept.length + more;
    const target =
      needed > this.#bytes.length
        ? Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
        : this.#bytes;
    kept.copy(target);
    this.#bytes = target;
    this.#at -= this.#start;
    this.#end = kept.length;
    this.#start = 0;
  }
}

function unused(): never {
  throw new Error("this transport does not do that");
}

const UNUSED: Transport = {
  commitPosition: unused,
  rollbackPosition: unused,
  isOpen: () => true,
  open: () => true,
  close: () => true,
  setCurrSeqId: () => undefined,
  ensureAvailable: unused,
  read: unused,
  readByte: unused,
  readI16: unused,
  readI32: unused,
  readDouble: unused,
  readString: unused,
  write: unused,
  flush: unused,
};
