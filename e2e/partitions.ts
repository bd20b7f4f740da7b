// Which addresses do not reach each other. An island is cut off from everything outside of it and whole within;
// nobody is told: what was sent waits, as TCP's repeats would have it, and passes when the island is joined again.
// Relays, FEs and BEs of the stand-ins ask here; whoever keeps connections is told of every change.

export class Partitions {
  readonly #islands = new Map<string, (address: string) => boolean>();
  readonly #listeners = new Set<() => void>();

  /** Cuts off whatever `contains`; the same name again replaces it. */
  isolate(name: string, contains: (address: string) => boolean): void {
    this.#islands.set(name, contains);
    this.#tell();
  }

  /** The island is one with the rest again. */
  join(name: string): void {
    this.#islands.delete(name);
    this.#tell();
  }

  joinAll(): void {
    this.#islands.clear();
    this.#tell();
  }

  separate(one: string, other: string): boolean {
    return [...this.#islands.values()].some((contains) => contains(one) !== contains(other));
  }

  /** Called after every change, until the result is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when they reach each other; rejects as a socket does when that takes longer. */
  async passable(one: string, other: string, timeoutMs: number): Promise<void> {
    if (!this.separate(one, other)) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const forget = this.onChange(() => {
      if (!this.separate(one, other)) resolve();
    });
    const error = new Error("java.net.SocketTimeoutException: connect timed out");
    const timer = setTimeout(() => reject(error), timeoutMs);
    await promise.finally(() => {
      clearTimeout(timer);
      forget();
    });
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
