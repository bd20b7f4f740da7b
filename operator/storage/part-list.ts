// Which parts of an upload exist: numbers given out in the order of the calls, ETags noted when the
// store has them. Every driver with numbered parts keeps one; it is what makes a hole in an object
// impossible.
import { assert } from "../assert.ts";
import type { UploadState } from "./storage.ts";

export type Part = UploadState["parts"][number];

export class PartList {
  #next = 1;
  readonly #stored = new Map<number, Part>();

  static of(state: UploadState): PartList {
    const parts = new PartList();
    for (const part of state.parts) {
      parts.take(part.number);
      parts.store(part);
    }
    return parts;
  }

  /** The number of a part about to be sent: the next one, or `again` for one sent before. */
  take(again?: number): number {
    const number = again ?? this.#next;
    this.#next = Math.max(this.#next, number + 1);
    return number;
  }

  store(part: Part): void {
    this.#stored.set(part.number, part);
  }

  /** The stored parts in order. */
  list(): Part[] {
    return [...this.#stored.values()].sort((a, b) => a.number - b.number);
  }

  /** The same, when every part that was begun is stored; else `AssertionError`. */
  whole(key: string): Part[] {
    const parts = this.list();
    assert(
      parts.length === this.#next - 1,
      () => `the upload of ${key} has ${parts.length} of ${this.#next - 1} parts`,
    );
    return parts;
  }

  /** Bytes of all parts; undefined when one of them does not say. */
  size(): number | undefined {
    let sum = 0;
    for (const { size } of this.#stored.values()) {
      if (size === undefined) return undefined;
      sum += size;
    }
    return sum;
  }
}
