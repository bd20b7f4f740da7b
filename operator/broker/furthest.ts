// How far each file got, so that what is sent again counts once: a BE whose tablet fails begins it anew, for ever, and
// bytes that only repeat themselves must not look as if something moved.
//
// Memory: some 80 bytes a file, for the last 200,000 files. A file that was forgotten counts anew.
import { createHash } from "node:crypto";

const FILES_MAX = 200_000;
const DIGEST_BYTES = 6;

/** One client's transfer of one file. */
export interface Transfer {
  readonly key: string;
  readonly clientId: string;
}

export class Furthest {
  /** The one that was touched last stands last. */
  readonly #reached = new Map<number, number>();
  readonly #filesMax: number;

  constructor(filesMax = FILES_MAX) {
    this.#filesMax = filesMax;
  }

  /** Bytes between where this transfer has been before and `upTo`; 0 for a repeat. */
  advance(transfer: Transfer, upTo: number): number {
    const id = idOf(transfer);
    const reached = this.#reached.get(id) ?? 0;
    this.#reached.delete(id);
    if (this.#reached.size >= this.#filesMax) this.#forgetOldest();
    this.#reached.set(id, Math.max(reached, upTo));
    return Math.max(0, upTo - reached);
  }

  /** Whether it is over for the first time. */
  finish(transfer: Transfer): boolean {
    return this.advance(transfer, Infinity) > 0;
  }

  #forgetOldest(): void {
    const [oldest] = this.#reached.keys();
    if (oldest !== undefined) this.#reached.delete(oldest);
  }
}

function idOf({ key, clientId }: Transfer): number {
  return createHash("md5").update(`${clientId}\n${key}`).digest().readUIntBE(0, DIGEST_BYTES);
}
