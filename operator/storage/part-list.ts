// Which parts of an upload exist: numbers given out in the order of the calls, ETags noted when the
// store has them. Every driver with numbered parts keeps one; it is what makes a hole in an object
// impossible.
import { assert } from "../assert.ts";
import type { UploadState } from "./storage.ts";

export type Part = UploadState["parts"][number];

export class PartList {
  #next = 1;
  readonly #stored = new Map<number, string>();

  static of(state: UploadState): PartList {
    const parts = new PartList();
    for (const { number, etag } of state.parts) parts.store(parts.take(number), etag);
    return parts;
  }

  /** The number of a part about to be sent: the next one, or `again` for one sent before. */
  take(again?: number): number {
    const number = again ?? this.#next;
    this.#next = Math.max(this.#next, number + 1);
    return number;
  }

  store(number: number, etag: string): void {
    this.#stored.set(number, etag);
  }

  /** The stored parts in order. */
  list(): Part[] {
    return [...this.#stored]
      .map(([number, etag]) => ({ number, etag }))
      .sort((a, b) => a.number - b.number);
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
}
