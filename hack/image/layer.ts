// One folder as one layer: a tar archive whose bytes depend on the files alone. Names in order, everything of root and
// of the same time; what differs between machines (inodes, owners, times, the order of a directory) is not in it.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, type Stats } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { pack, type Pack } from "tar-stream";

/** Reproducible builds' usual choice: what a container sees as the time of all files. */
export const MTIME = new Date(0);

export interface Layer {
  /** Of the compressed bytes, "sha256:…": how registries call it. */
  readonly digest: string;
  readonly size: number;
  /** Of the plain tar. */
  readonly diffId: string;
  /** The compressed bytes. */
  readonly file: string;
}

/** Below `folder`, relative to it, folders before what is in them; by code points, as no locale changes them. */
export async function walk(folder: string, below = ""): Promise<readonly string[]> {
  const names = (await readdir(join(folder, below), { withFileTypes: true })).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const paths: string[] = [];
  for (const entry of names) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    paths.push(path);
    if (entry.isDirectory()) paths.push(...(await walk(folder, path)));
  }
  return paths;
}

/** Writes `file`, which holds what is below `folder`. */
export async function packLayer(folder: string, file: string): Promise<Layer> {
  const tar = pack();
  const plain = new Hashing();
  const compressed = new Hashing();
  const written = pipeline(
    tar,
    plain,
    createGzip({ level: 9 }),
    compressed,
    createWriteStream(file),
  );
  await Promise.all([written, addAll(tar, folder).catch((error: Error) => tar.destroy(error))]);
  return { digest: compressed.digest(), size: compressed.size, diffId: plain.digest(), file };
}

async function addAll(tar: Pack, folder: string): Promise<void> {
  for (const path of await walk(folder)) await add(tar, folder, path);
  tar.finalize();
}

async function add(tar: Pack, folder: string, path: string): Promise<void> {
  const status = await lstat(join(folder, path));
  const common = { name: path, mode: status.mode & 0o7777, uid: 0, gid: 0, mtime: MTIME };
  if (status.isSymbolicLink()) {
    const linkname = await readlink(join(folder, path));
    tar.entry({ ...common, mode: 0o777, type: "symlink", linkname });
  } else if (status.isDirectory()) tar.entry({ ...common, type: "directory" });
  else await addFile(tar, join(folder, path), common, status);
}

async function addFile(
  tar: Pack,
  file: string,
  header: Parameters<Pack["entry"]>[0],
  { size }: Stats,
): Promise<void> {
  const entry = tar.entry({ ...header, type: "file", size });
  await pipeline(createReadStream(file), entry as unknown as NodeJS.WritableStream);
}

/** Lets bytes through, and knows their digest and number afterwards. */
class Hashing extends Transform {
  readonly #hash = createHash("sha256");
  size = 0;

  override _transform(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error: null, chunk: Buffer) => void,
  ): void {
    this.#hash.update(chunk);
    this.size += chunk.length;
    done(null, chunk);
  }

  /** Once, at the end. */
  digest(): string {
    return `sha256:${this.#hash.digest("hex")}`;
  }
}
