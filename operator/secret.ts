// A value that must never be printed. It shows as `***` in logs, JSON, template strings and
// `util.inspect`; only `reveal()` gives it away, and that word is easy to search for.
import { inspect } from "node:util";

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it only where it leaves for the outside system it is meant for. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "***";
  }

  toJSON(): string {
    return "***";
  }

  [inspect.custom](): string {
    return "***";
  }
}
