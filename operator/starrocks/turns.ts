// One piece of work at a time, in order of arrival, and no more than so many that wait.

export class Turns {
  readonly #waitingMax: number;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  get isFull(): boolean {
    return this.#waiting >= this.#waitingMax;
  }

  /** Runs `work` when all that came before has ended, well or not. Not to be called when full. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    let end: () => void = () => {};
    this.#last = new Promise((resolve) => {
      end = resolve;
    });
    this.#waiting += 1;
    await before;
    this.#waiting -= 1;
    try {
      return await work();
    } finally {
      end();
    }
  }
}
