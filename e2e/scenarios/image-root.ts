// The image's root filesystem, unpacked, and its programs run in it as a pod runs them: its user, a root that cannot be
// written, none of the machine's files. Without a container engine: a mount namespace and chroot, which end with the
// program. Needs root.
import { spawnSync } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { extract } from "tar-stream";
import { NODE_FLAGS } from "../../operator/agent/node-flags.ts";
import { must } from "../../operator/assert.ts";
import { IMAGE } from "../../operator/controllers/jobs.ts";

const USER = "65532:65532";

/** What is missing here for {@link unpackImage} and {@link inImage}; undefined: nothing. */
export function missingForImages(): string | undefined {
  const tools = ["apt-get", "dpkg-deb", "tar", "unshare", "chroot"];
  if (spawnSync("unshare", ["--mount", "true"]).status !== 0) return "root";
  return tools.find((tool) => spawnSync(tool, ["--version"]).error !== undefined);
}

/** Lays the layers of the archive's only image into `folder`, in their order; returns their digests. */
export async function unpackImage(archive: string, folder: string): Promise<readonly string[]> {
  const blobs = new Map<string, Buffer>();
  const entries = extract();
  createReadStream(archive).pipe(entries);
  for await (const entry of entries) blobs.set(entry.header.name, await buffer(entry));
  interface Digests {
    readonly manifests: readonly { readonly digest: string }[];
    readonly layers: readonly { readonly digest: string }[];
  }
  const json = (name: string) => JSON.parse(must(blobs.get(name)).toString()) as Digests;
  const blob = (digest: string): string => `blobs/${digest.replace(":", "/")}`;
  const [top] = json("index.json").manifests;
  const { layers } = json(blob(must(top).digest));
  await mkdir(folder, { recursive: true });
  for (const { digest } of layers) {
    const { status, stderr } = spawnSync("tar", ["--extract", "--gzip", "--directory", folder], {
      input: must(blobs.get(blob(digest))),
    });
    if (status !== 0) throw new Error(`tar: ${stderr.toString()}`);
  }
  return layers.map(({ digest }) => digest);
}

/** `$0` the root, `$1` a folder that the program may write, or nothing; then the program. */
const ENTER = `
set -e
root="$0" own="$1"; shift
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
if [ -n "$own" ]; then
  mount -t tmpfs tmpfs "$root/tmp"
  mkdir -p "$root$own"
  mount --bind "$own" "$root$own"
  chown ${USER} "$own"
  mount -o remount,ro "$root/tmp"
fi
exec chroot --userspec=${USER} "$root" "$@"`;

/** The words that start one of the image's programs in `root`. `own`, below /tmp, is all that it may write. */
export function inImage(
  root: string,
  program: "operator" | "agent" | "node",
  own = "",
): readonly string[] {
  const main = program === "node" ? [] : [...NODE_FLAGS, IMAGE[program]];
  return ["unshare", "--mount", "sh", "-c", ENTER, root, own, IMAGE.node, ...main];
}
