// Scenarios that mostly wait, begun together: mocha itself runs one test after another. They must not meet, so each has
// databases and names of its own; what all must leave behind, nothing, is looked at when the last one has ended.
type Run = () => Promise<void>;
type Define = (name: string, run: Run) => void;

/**
 * Tests that `define` names, `width` of them at a time; each test tells the end of its own scenario. All begin when the first
 * is asked for, also those that --grep leaves out. With a width of 1 they are mocha's plain tests, and `check` follows each.
 */
export function atOnce(width: number, check: Run, define: (it: Define) => void): void {
  if (width === 1) {
    describe("one at a time", () => {
      afterEach(check);
      define(it);
    });
    return;
  }
  describe(`${width} at a time`, () => {
    const scenarios = new Scenarios(width);
    after(check);
    define((name, run) => {
      const ended = scenarios.add(run);
      it(name, ended);
    });
  });
}

class Scenarios {
  readonly #width: number;
  readonly #waiting: Run[] = [];
  #begun = false;

  constructor(width: number) {
    this.#width = width;
  }

  /** Settles as `run` does. The first call begins all. */
  add(run: Run): Run {
    const end = Promise.withResolvers<void>();
    // One that nobody waits for yet may fail.
    end.promise.catch(() => {});
    this.#waiting.push(async () => await run().then(end.resolve, end.reject));
    return async () => {
      this.#begin();
      await end.promise;
    };
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    for (let i = 0; i < this.#width; i++) void this.#work();
  }

  async #work(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) await next();
  }
}
