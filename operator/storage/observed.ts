// Looking on while somebody iterates. Written out instead of as an async generator, because bodies come
// in thousands of chunks per gigabyte through several layers, and a generator costs each chunk several
// turns of the microtask queue.

export interface Observer<T> {
  item?(item: T): void;
  /** It ended, failed or was left early; once. */
  end?(): void;
  failure?(error: unknown): void;
}

/** The same items. May be iterated once, as its source. */
export function observed<T>(source: AsyncIterable<T>, observer: Observer<T>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => new Observed(source[Symbol.asyncIterator](), observer) };
}

class Observed<T> implements AsyncIterator<T, undefined> {
  readonly #source: AsyncIterator<T, unknown>;
  readonly #observer: Observer<T>;
  #ended = false;

  constructor(source: AsyncIterator<T, unknown>, observer: Observer<T>) {
    this.#source = source;
    this.#observer = observer;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#source.next().then(this.#pass, this.#fail);
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    try {
      await this.#source.return?.();
    } finally {
      this.#end();
    }
    return { done: true, value: undefined };
  }

  readonly #pass = (result: IteratorResult<T, unknown>): IteratorResult<T, undefined> => {
    if (result.done === true) {
      this.#end();
      return { done: true, value: undefined };
    }
    this.#observer.item?.(result.value);
    return result;
  };

  readonly #fail = (error: unknown): never => {
    this.#observer.failure?.(error);
    this.#end();
    throw error;
  };

  #end(): void {
    if (!this.#ended) this.#observer.end?.();
    this.#ended = true;
  }
}
