// The command line of `npm run image`. `--rootfs` is what the Dockerfile uses: a folder for each layer.
import { copyFile, mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildArchive } from "./build.ts";
import { LAYERS, PLATFORMS, type Architecture } from "./contents.ts";
import { fillLayer } from "./fill.ts";

const USAGE = `usage: npm run image [-- options]
  --platform linux/amd64,linux/arm64  for which processors (default: this machine's)
  --name example.org/name:tag         what it is called (default localhost/starrocks-backup:<version>-<hash>)
  --output file.tar                   a copy of the archive
  --rootfs folder                     instead of an archive: a folder for each layer, for one platform`;

const OPTIONS = {
  help: { type: "boolean" },
  platform: { type: "string" },
  name: { type: "string" },
  output: { type: "string" },
  rootfs: { type: "string" },
} as const;

export async function main(args: readonly string[]): Promise<number> {
  let asked: ReturnType<typeof parse>;
  try {
    asked = parse(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return 2;
  }
  const { architectures, name, output, rootfs, help } = asked;
  if (help === true) {
    console.log(USAGE);
    return 0;
  }
  if (rootfs !== undefined) {
    await writeRootfs(resolve(rootfs), architectures);
    return 0;
  }
  const built = await buildArchive({
    architectures,
    ...(name === undefined ? {} : { reference: name }),
    createdSeconds: Number(process.env["SOURCE_DATE_EPOCH"] || 0),
    tell: (line) => console.log(line),
  });
  if (output !== undefined) await copyFile(built.archive, output);
  console.log([built.reference, built.digest, output ?? built.archive, ...built.sboms].join("\n"));
  return 0;
}

function parse(args: readonly string[]) {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const { platform = `linux/${process.arch === "arm64" ? "arm64" : "amd64"}` } = values;
  const architectures = platform.split(",").map((one) => {
    const [, architecture = ""] = /^linux\/(\w+)$/.exec(one) ?? [];
    if (architecture in PLATFORMS) return architecture as Architecture;
    throw new Error(
      `--platform=${platform}: there are linux/${Object.keys(PLATFORMS).join(", linux/")}`,
    );
  });
  if (values.name !== undefined && !/^[^\s/]+\/[^\s:]+:[\w.-]+$/.test(values.name)) {
    throw new Error(`--name=${values.name} is not a full name with host and tag`);
  }
  if (values.rootfs !== undefined && architectures.length > 1) {
    throw new Error("--rootfs is for one platform");
  }
  return { ...values, architectures };
}

async function writeRootfs(
  folder: string,
  [architecture = "amd64"]: readonly Architecture[],
): Promise<void> {
  const work = join(folder, ".work");
  for (const { name } of LAYERS) {
    await mkdir(work, { recursive: true });
    await fillLayer(name, join(folder, name), architecture, work);
    await rm(work, { recursive: true });
  }
}
