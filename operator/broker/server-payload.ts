// The data of one pwrite on its way from the socket to the handler. What the handler leaves is thrown
// away afterwards, so that the call can be answered and the connection used again.
import { assert } from "../assert.ts";
import type { PendingPayload } from "./codec.ts";
import type { Payload } from "./server-handlers.ts";
import type { Wire } from "./server-wire.ts";

export class SocketPayload implements Payload {
  readonly length: number;
  readonly #wire: Wire;
  readonly #pending: PendingPayload;
  #left: number;
  #asked = false;
  #over = false;

  constructor(wire: Wire, pending: PendingPayload) {
    this.#wire = wire;
    this.#pending = pending;
    this.length = pending.length;
    this.#left = pending.length;
  }

  /** The connection ended before the last byte. */
  get lost(): boolean {
    return this.#wire.inputEnd !== undefined && this.#wire.queue.length < this.#left;
  }

  chunks(): AsyncIterable<Buffer> {
    assert(!this.#asked, "a payload can be read once");
    this.#asked = true;
    return this.#read();
  }

  /** Takes what is left and what follows it. Rejects when the connection ends before that. */
  async finish(): Promise<void> {
    this.#over = true;
    while (this.#left > 0) {
      await this.#wire.atLeast(1);
      this.#take();
    }
    await this.#wire.run(this.#pending.tail);
  }

  async *#read(): AsyncIterable<Buffer> {
    for (;;) {
      this.#requireCall();
      if (this.#left === 0) return;
      await this.#wire.atLeast(1);
      this.#requireCall();
      yield this.#take();
    }
  }

  /** A reader that outlives its call must not take the end of the draining for the end of the data. */
  #requireCall(): void {
    assert(!this.#over, "a payload was read after its call had ended");
  }

  #take(): Buffer {
    const chunk = this.#wire.queue.takeChunk(this.#left);
    this.#left -= chunk.length;
    return chunk;
  }
}
