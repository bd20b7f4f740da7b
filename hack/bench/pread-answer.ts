// Where the data begins in the answer to a pread, without decoding it: the load generator counts bytes
// and must not cost more CPU than a BE. Knows the answers of our own server only, whose fields come in
// the order of their ids; pread-answer.test.ts holds it against the codec.
import { BROKER_STATUS } from "../../operator/broker/protocol.ts";

/** More than the part before the data ever takes, messages included. Bytes. */
const HEAD_BYTES_MAX = 4096;
const REPLY = 0x8001_0002;
/** Ends of the two structs around the data. */
const TAIL_BYTES = 2;

export interface PreadAnswer {
  /** 0 at the end of the file. */
  readonly dataBytes: number;
  /** Bytes of the whole answer. */
  readonly answerBytes: number;
}

/** Reads the head of an answer; undefined when more bytes are needed. Throws on any failure. */
export function readPreadAnswer(head: Buffer): PreadAnswer | undefined {
  const cursor = new Cursor(head);
  try {
    const type = cursor.uint32();
    cursor.skip(cursor.uint32());
    cursor.skip(4);
    if (type !== REPLY) throw new Error(`pread was answered with type ${type.toString(16)}`);
    // success (struct 0), opStatus (struct 1), statusCode (i32 1).
    cursor.skip(3 + 3 + 3);
    const status = cursor.uint32();
    const message = cursor.field() === 2 ? cursor.text() : "";
    if (message !== "") cursor.skip(1);
    if (status !== BROKER_STATUS.OK && status !== BROKER_STATUS.END_OF_FILE) {
      throw new Error(`pread failed with ${status}: ${message}`);
    }
    if (cursor.field() !== 2) throw new Error("pread was answered without data");
    const dataBytes = cursor.uint32();
    return { dataBytes, answerBytes: cursor.at + dataBytes + TAIL_BYTES };
  } catch (error) {
    if (error instanceof RangeError && head.length < HEAD_BYTES_MAX) return undefined;
    throw error;
  }
}

/** Reads forward; beyond the end it throws Buffer's own RangeError. */
class Cursor {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  skip(count: number): void {
    this.at += count;
    if (this.at > this.#bytes.length) throw new RangeError("not there yet");
  }

  uint32(): number {
    const value = this.#bytes.readUInt32BE(this.at);
    this.at += 4;
    return value;
  }

  /** A field's id; 0 for the end of a struct. */
  field(): number {
    const type = this.#bytes.readUInt8(this.at);
    this.at += 1;
    if (type === 0) return 0;
    const id = this.#bytes.readUInt16BE(this.at);
    this.at += 2;
    return id;
  }

  text(): string {
    const length = this.uint32();
    const from = this.at;
    this.skip(length);
    return this.#bytes.toString("utf8", from, this.at);
  }
}
