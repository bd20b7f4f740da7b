// The image of the program `pause`, as an archive that containerd imports: made with tar, no container engine.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { PAUSE_IMAGE } from "./node-files.ts";
import { pathOf } from "./programs.ts";

const run = promisify(execFile);

/** Made in `folder`. Resolves with the archive's path. */
export async function makePauseImage(folder: string): Promise<string> {
  const root = join(folder, "pause-image");
  mkdirSync(join(root, "layer"), { recursive: true });
  copyFileSync(pathOf("pause"), join(root, "layer", "pause"));
  const tar = (archive: string, from: string, ...names: string[]) =>
    run("tar", ["--owner=0", "--group=0", "-C", from, "-cf", join(root, archive), ...names]);
  await tar("layer.tar", join(root, "layer"), "pause");
  const layer = createHash("sha256")
    .update(readFileSync(join(root, "layer.tar")))
    .digest("hex");
  const config = {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: { Entrypoint: ["/pause"], User: "65532:65532" },
    rootfs: { type: "layers", diff_ids: [`sha256:${layer}`] },
  };
  const manifest = [{ Config: "config.json", RepoTags: [PAUSE_IMAGE], Layers: ["layer.tar"] }];
  writeFileSync(join(root, "config.json"), JSON.stringify(config));
  writeFileSync(join(root, "manifest.json"), JSON.stringify(manifest));
  await tar("image.tar", root, "manifest.json", "config.json", "layer.tar");
  return join(root, "image.tar");
}
