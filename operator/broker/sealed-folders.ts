// What a sealed snapshot holds, folder by folder, as numbers: a folder that lost files since it was checked looks
// whole to a BE before 4.2, which restores what is listed (starrocks.md §9, #77732). Names and sizes count; content
// is the BE's to check, by the md5 in the name.
//
// Memory: some 150 bytes a folder. A sum of digests does not tell a file from another with the same 48 bits, which
// is enough against accidents; who can write there on purpose can write the manifest, too.
import { createHash } from "node:crypto";

export interface SealedFile {
  readonly name: string;
  /** In bytes. */
  readonly size: number;
}

const DIGEST_BYTES = 6;
const MODULUS = 2 ** (8 * DIGEST_BYTES);

export class SealedFolders {
  /** By folder, without a slash at its end. */
  readonly #sums = new Map<string, number>();

  /** A file of the manifest: its path below the snapshot's folder. */
  add(path: string, size: number): void {
    const slash = path.lastIndexOf("/");
    const folder = path.slice(0, Math.max(0, slash));
    const sum = this.#sums.get(folder) ?? 0;
    this.#sums.set(folder, (sum + digest(path.slice(slash + 1), size)) % MODULUS);
  }

  /** Whether a folder holds just these files. */
  isAsSealed(folder: string, files: readonly SealedFile[]): boolean {
    const sum = files.reduce((all, { name, size }) => (all + digest(name, size)) % MODULUS, 0);
    return sum === (this.#sums.get(folder) ?? 0);
  }
}

function digest(name: string, size: number): number {
  return createHash("md5").update(`${size} ${name}`).digest().readUIntBE(0, DIGEST_BYTES);
}
