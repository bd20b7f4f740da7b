// Node's published program, byte for byte, and its licence, from the npm package that holds them for a platform.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { IMAGE } from "../../operator/controllers/jobs.ts";
import { run } from "./command.ts";
import { NODE, PLATFORMS, type Architecture } from "./contents.ts";
import { unpackGzip } from "./unpack.ts";

const PLACES: Readonly<Record<string, string>> = {
  "package/bin/node": IMAGE.node.slice(1),
  "package/LICENSE": "usr/share/doc/nodejs/LICENSE",
};

/** Into `folder`, which becomes the image's root. `work` is for what is fetched. Rejects a package that is not the known one. */
export async function addNode(
  folder: string,
  architecture: Architecture,
  work: string,
): Promise<void> {
  const { nodePackage, nodeIntegrity } = PLATFORMS[architecture];
  await mkdir(work, { recursive: true });
  const args = ["pack", `${nodePackage}@${NODE.version}`, "--silent", "--pack-destination", work];
  const archive = join(work, (await run("npm", args, work)).trim());
  const found = `sha512-${createHash("sha512")
    .update(await readFile(archive))
    .digest("base64")}`;
  if (found !== nodeIntegrity) {
    throw new Error(
      `${nodePackage} ${NODE.version} is ${found}, not what hack/image/contents.ts says`,
    );
  }
  await unpackGzip(archive, folder, (path) => PLACES[path]);
  await rm(archive);
}
