// A folder of files that change together, as the kubelet writes Secret, ConfigMap and downward-API volumes:
// the files lie in a timestamped folder, `..data` is a symbolic link to it that is replaced by a rename,
// and each visible name is a link through `..data`. A reader sees all of the old or all of the new.
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { isDeepStrictEqual } from "node:util";

const DATA = "..data";
const DATA_NEXT = "..data_tmp";

export interface VolumeFile {
  readonly content: Buffer;
  readonly mode: number;
}

/** By path relative to the volume. */
export type Payload = ReadonlyMap<string, VolumeFile>;

export class AtomicWriter {
  readonly #dir: string;
  #written: Payload | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Makes the folder hold exactly `payload`; resolves to whether anything changed. */
  async write(payload: Payload): Promise<boolean> {
    if (isDeepStrictEqual(payload, this.#written)) return false;
    for (const path of payload.keys()) requireInside(path);
    await mkdir(this.#dir, { recursive: true });
    const folder = await this.#writeFiles(payload);
    const old = await readlink(join(this.#dir, DATA)).catch(() => undefined);
    await rm(join(this.#dir, DATA_NEXT), { force: true });
    await symlink(folder, join(this.#dir, DATA_NEXT));
    await rename(join(this.#dir, DATA_NEXT), join(this.#dir, DATA));
    await this.#showNames(payload);
    if (old !== undefined) await rm(join(this.#dir, old), { recursive: true, force: true });
    this.#written = payload;
    return true;
  }

  async #writeFiles(payload: Payload): Promise<string> {
    const now = new Date().toISOString().replaceAll(/[-T:]/g, "_").replace("Z", "");
    const folder = `..${now}.${randomBytes(4).readUInt32BE()}`;
    await mkdir(join(this.#dir, folder));
    for (const [path, { content, mode }] of payload) {
      const file = join(this.#dir, folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content, { mode });
    }
    return folder;
  }

  /** Names whose files are gone go first: they point nowhere already. */
  async #showNames(payload: Payload): Promise<void> {
    const wanted = new Set([...payload.keys()].map((path) => path.split("/", 1)[0] ?? path));
    const links = await readdir(this.#dir, { withFileTypes: true });
    const shown = links.filter((e) => e.isSymbolicLink() && !e.name.startsWith(".."));
    for (const { name } of shown) {
      if (!wanted.has(name)) await rm(join(this.#dir, name));
    }
    const there = new Set(shown.map((entry) => entry.name));
    for (const name of wanted) {
      if (!there.has(name)) await symlink(join(DATA, name), join(this.#dir, name));
    }
  }
}

function requireInside(path: string): void {
  const [first] = normalize(path).split("/", 1);
  if (path === "" || path.startsWith("/") || first?.startsWith("..") === true) {
    throw new Error(`a volume's file cannot be called ${JSON.stringify(path)}`);
  }
}
