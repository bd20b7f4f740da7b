// The one place where file content waits in memory: a fixed number of equally large slots. Writers
// fill a slot and send it as one part; readers reserve one for what they read ahead. Whoever finds
// none waits in line. The memory of an agent is bounded by this pool and one socket chunk a connection.
import { assert, must } from "../assert.ts";

/** A slot's memory, lent until `release`. */
export interface Slot {
  readonly buffer: Buffer;
  /** Gives it back. Exactly once. */
  release(): void;
}

interface Waiter {
  readonly give: (slot: Slot) => void;
  readonly cancel: () => void;
}

export class BufferPool {
  readonly slotBytes: number;
  readonly slots: number;
  readonly #free: Buffer[] = [];
  readonly #waiting: Waiter[] = [];
  #made = 0;

  /** Memory is taken when it is first needed and then kept. */
  constructor(slots: number, slotBytes: number) {
    assert(slots >= 2 && slotBytes > 0, "a pool needs two slots at least");
    this.slots = slots;
    this.slotBytes = slotBytes;
  }

  /** How many slots are lent. */
  get used(): number {
    return this.#made - this.#free.length;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** A slot, first come first served; rejects with the signal's reason when it is aborted first. */
  async acquire(signal: AbortSignal): Promise<Slot> {
    signal.throwIfAborted();
    return this.tryAcquire() ?? (await this.#wait(signal));
  }

  /** A slot if one is free and nobody waits. */
  tryAcquire(): Slot | undefined {
    if (this.#waiting.length > 0) return undefined;
    const buffer = this.#free.pop();
    if (buffer !== undefined) return this.#lend(buffer);
    if (this.#made === this.slots) return undefined;
    this.#made += 1;
    return this.#lend(Buffer.allocUnsafeSlow(this.slotBytes));
  }

  #wait(signal: AbortSignal): Promise<Slot> {
    return new Promise<Slot>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        give: resolve,
        cancel: () => signal.removeEventListener("abort", onAbort),
      };
      this.#waiting.push(waiter);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #lend(buffer: Buffer): Slot {
    let lent = true;
    return {
      buffer,
      release: () => {
        assert(lent, "a slot is given back once");
        lent = false;
        this.#takeBack(buffer);
      },
    };
  }

  #takeBack(buffer: Buffer): void {
    if (this.#waiting.length === 0) {
      this.#free.push(buffer);
      return;
    }
    const next = must(this.#waiting.shift());
    next.cancel();
    next.give(this.#lend(buffer));
  }
}
