// Runs promises beside each other, a few at a time. The first failure is thrown at the next call, so a
// loop that feeds tasks ends soon after one of them failed; no rejection is ever left unhandled.

export class BoundedTasks {
  readonly #limit: number;
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Waits for a free place, then starts `task`. Rejects with the first failure so far. */
  async start(task: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#limit) await Promise.race(this.#running);
    this.#throwFailure();
    const run: Promise<void> = this.#watch(task).then(() => void this.#running.delete(run));
    this.#running.add(run);
  }

  /** Waits for all. Rejects with the first failure. */
  async drain(): Promise<void> {
    await Promise.all(this.#running);
    this.#throwFailure();
  }

  async #watch(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
