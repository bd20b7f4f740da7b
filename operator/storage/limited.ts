// Bounds what is under way at once, so that a crowd of writers queues here, in order, and not in the
// store's throttling or in the sockets. Calls and bodies being read are bounded apart: a reader that
// somebody holds open must not keep writes from ending. Listings are not bounded; few run.
//
// Sits inside the retries: a call that waits for its next try holds no place.
import type { Call, Layer } from "./layer.ts";
import { withLayer } from "./layer.ts";
import { observed } from "./observed.ts";
import type { ObjectReader, ReadOptions, Storage } from "./storage.ts";

export interface Limits {
  /** Calls in flight. */
  readonly calls: number;
  /** Readers open: from `read` until the end of the body or `destroy`. */
  readonly bodies: number;
}

export function limited(inner: Storage, limits: Limits): Storage {
  return withLayer(inner, new LimitingLayer(limits));
}

class LimitingLayer implements Layer {
  readonly #calls: Places;
  readonly #bodies: Places;

  constructor(limits: Limits) {
    this.#calls = new Places(limits.calls);
    this.#bodies = new Places(limits.bodies);
  }

  async call<T>(call: Call, next: () => Promise<T>): Promise<T> {
    const leave = await this.#calls.enter(call.signal);
    try {
      return await next();
    } finally {
      leave();
    }
  }

  async read(
    call: Call,
    options: ReadOptions,
    open: (options: ReadOptions) => Promise<ObjectReader>,
  ): Promise<ObjectReader> {
    const leave = await this.#bodies.enter(call.signal);
    try {
      const reader = await this.call(call, () => open(options));
      return {
        info: reader.info,
        body: observed(reader.body, { end: leave }),
        destroy: () => letGo(reader, leave),
      };
    } catch (error) {
      leave();
      throw error;
    }
  }
}

function letGo(reader: ObjectReader, leave: () => void): void {
  reader.destroy();
  leave();
}

/** A bounded number of places, given in the order of asking. */
export class Places {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(places: number) {
    this.#free = places;
  }

  /** Resolves with the function that gives the place back (once, however often it is called). */
  async enter(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait(signal);
    let inside = true;
    return () => {
      if (inside) this.#pass();
      inside = false;
    };
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    const turn = Promise.withResolvers<void>();
    const giveUp = () => {
      if (this.#waiting.delete(turn.resolve)) turn.reject(signal?.reason as Error);
    };
    this.#waiting.add(turn.resolve);
    signal?.addEventListener("abort", giveUp, { once: true });
    try {
      await turn.promise;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** Hands a place to whoever waits longest. */
  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
    } else {
      this.#waiting.delete(next);
      next();
    }
  }
}
