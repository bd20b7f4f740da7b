// Decodes calls from pushed bytes without sockets, payloads included. Holds the codec to its word: a
// step may ask only for bytes that are not there yet, and never for more than the limits allow.
import { assert } from "../../assert.ts";
import { ByteQueue } from "../byte-queue.ts";
import { decodeCall } from "../codec.ts";
import type { IncomingCall } from "../codec.ts";
import { CALL_LIMITS } from "../codec-wire.ts";
import type { CodecLimits } from "../codec-wire.ts";
import type { Steps } from "../codec-reader.ts";

export interface DecodedCall {
  readonly call: IncomingCall;
  /** Data of a pwrite. */
  readonly payload: Buffer | undefined;
}

export class CallDecoder {
  readonly queue = new ByteQueue();
  readonly calls: DecodedCall[] = [];
  /** How often a step was resumed; bounds the work. */
  resumptions = 0;
  /** The largest number of bytes that a step wanted to be there at once. */
  neededMax = 0;
  readonly #run: Generator<number, never, undefined>;
  #needed = 0;

  constructor(limits: CodecLimits = CALL_LIMITS) {
    this.#run = this.#decodeAll(limits);
  }

  /** Decodes what these bytes complete. Throws what the codec throws. */
  push(chunk: Buffer): void {
    this.queue.push(chunk);
    while (this.queue.length >= this.#needed) {
      this.resumptions += 1;
      this.#needed = this.#run.next().value;
      this.neededMax = Math.max(this.neededMax, this.#needed);
    }
  }

  *#decodeAll(limits: CodecLimits): Generator<number, never, undefined> {
    for (;;) {
      const call = yield* this.#checked(decodeCall(this.queue, limits));
      const payload = yield* this.#payload(call);
      if (call.payload !== undefined) yield* this.#checked(call.payload.tail);
      this.calls.push({ call, payload });
    }
  }

  *#payload({ payload }: IncomingCall): Steps<Buffer | undefined> {
    if (payload === undefined) return undefined;
    const chunks: Buffer[] = [];
    for (let left = payload.length; left > 0;) {
      if (this.queue.length === 0) yield 1;
      const chunk = this.queue.takeChunk(left);
      chunks.push(chunk);
      left -= chunk.length;
    }
    return Buffer.concat(chunks);
  }

  *#checked<T>(steps: Steps<T>): Steps<T> {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      assert(step.value > this.queue.length, "a step asks for bytes that are there");
      yield step.value;
    }
  }
}

/** Decodes bytes that hold whole calls only. */
export function decodeCalls(bytes: Buffer, limits?: CodecLimits): readonly DecodedCall[] {
  const decoder = new CallDecoder(limits);
  decoder.push(bytes);
  assert(decoder.queue.length === 0, "bytes are left behind the last call");
  return decoder.calls;
}
