// Takes files out of tar archives, and writes them as the image shall have them: root's, readable for all,
// writable for nobody else. Whatever the archive says of owners and times is left behind.
import { createReadStream } from "node:fs";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { finished } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";

export const FILE_MODE = 0o644;
export const PROGRAM_MODE = 0o755;

/** Where an entry goes, relative to the folder; undefined: nowhere. */
export type Placing = (path: string) => string | undefined;

/** Of an archive's files and symbolic links, those that `place` wants. A path that leads out of the folder is an error. */
export async function unpack(archive: Readable, folder: string, place: Placing): Promise<void> {
  const entries = extract();
  const failed = finished(archive.on("error", (error) => entries.destroy(error)));
  archive.pipe(entries);
  for await (const entry of entries) {
    const { name, type, mode, linkname } = entry.header;
    const path = place(normalize(name).replace(/\/$/, ""));
    if (path === undefined || type === "directory") {
      entry.resume();
      continue;
    }
    requireInside(path);
    if (type === "symlink") await writeLink(join(folder, path), linkname);
    else if (type === "file") {
      await writeEntry(join(folder, path), await buffer(entry), (mode & 0o111) !== 0);
    } else throw new Error(`${name} in an archive is a ${type}: that is not expected`);
    entry.resume();
  }
  await failed;
}

/** {@link unpack} of a compressed file. */
export async function unpackGzip(path: string, folder: string, place: Placing): Promise<void> {
  const file = createReadStream(path);
  const plain = createGunzip();
  file.on("error", (error) => plain.destroy(error));
  await unpack(file.pipe(plain), folder, place);
}

export async function writeEntry(
  path: string,
  content: string | Uint8Array,
  isProgram = false,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  await chmod(path, isProgram ? PROGRAM_MODE : FILE_MODE);
}

export async function writeLink(path: string, target: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path);
}

function requireInside(path: string): void {
  if (path.startsWith("/") || path.split("/").includes("..")) {
    throw new Error(`${path} in an archive leads out of its folder`);
  }
}
