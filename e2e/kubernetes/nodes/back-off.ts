// How long a container waits before it is started again: doubling, up to a limit, from the beginning again
// once it ran for a while.

export interface BackOffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

export class BackOff {
  readonly #options: BackOffOptions;
  #nextMs: number;

  constructor(options: BackOffOptions) {
    this.#options = options;
    this.#nextMs = options.firstMs;
  }

  /** The wait after a life of `ranMs`. */
  after(ranMs: number): number {
    const { firstMs, maxMs } = this.#options;
    // The kubelet forgets after twice the longest wait.
    if (ranMs >= 2 * maxMs) this.#nextMs = firstMs;
    const wait = this.#nextMs;
    this.#nextMs = Math.min(this.#nextMs * 2, maxMs);
    return wait;
  }
}
