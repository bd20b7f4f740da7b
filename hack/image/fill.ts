// Fills the folder of each layer: the same for the OCI archive and for the Dockerfile.
import type { Stats } from "node:fs";
import { chmod, copyFile, lstat, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./command.ts";
import {
  APP,
  GROUND_FILES,
  GROUND_FOLDERS,
  GROUND_LINKS,
  isWantedPackageFile,
  type Architecture,
  type LayerName,
} from "./contents.ts";
import { addDebian } from "./debian.ts";
import { walk } from "./layer.ts";
import { addNode } from "./node.ts";
import { nodeMaterials, NOTHING, npmMaterials, type Materials } from "./sbom.ts";
import { FILE_MODE, PROGRAM_MODE, writeEntry, writeLink } from "./unpack.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Returns what is in it. `work` is an empty folder that nobody wants afterwards. */
export async function fillLayer(
  name: LayerName,
  folder: string,
  architecture: Architecture,
  work: string,
): Promise<Materials> {
  await mkdir(folder, { recursive: true });
  const materials = await fill(name, folder, architecture, work);
  await setModes(folder);
  return materials;
}

async function fill(
  name: LayerName,
  folder: string,
  architecture: Architecture,
  work: string,
): Promise<Materials> {
  if (name === "ground") return await fillGround(folder, architecture, work);
  if (name === "packages") return await fillPackages(folder, work);
  return await fillApp(folder);
}

async function fillGround(
  folder: string,
  architecture: Architecture,
  work: string,
): Promise<Materials> {
  for (const path of GROUND_FOLDERS) await mkdir(join(folder, path), { recursive: true });
  for (const [path, target] of Object.entries(GROUND_LINKS)) {
    await writeLink(join(folder, path), target);
  }
  for (const [path, text] of Object.entries(GROUND_FILES)) {
    await writeEntry(join(folder, path), text);
  }
  await mkdir(join(work, "debian"));
  const debian = await addDebian(folder, architecture, join(work, "debian"));
  await addNode(folder, architecture, join(work, "node"));
  const node = nodeMaterials(architecture);
  return { packages: [...debian.packages, ...node.packages], relationships: [] };
}

/** What the lockfile says, with its digests checked, and no script of a package run. No processor: all of it is JavaScript. */
async function fillPackages(folder: string, work: string): Promise<Materials> {
  const manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as object;
  const writeManifest = (other: object): Promise<void> =>
    writeEntry(join(work, "package.json"), JSON.stringify({ ...manifest, scripts: {}, ...other }));
  await writeManifest({});
  await copyFile(join(ROOT, "package-lock.json"), join(work, "package-lock.json"));
  const args = ["ci", "--omit=dev", "--ignore-scripts", "--no-bin-links", "--prefer-offline"];
  await run("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], work);
  const modules = join(work, "node_modules");
  const to = join(folder, APP, "node_modules");
  for (const path of (await walk(modules)).filter(isWantedPackageFile)) {
    if ((await lstat(join(modules, path))).isDirectory()) continue;
    await mkdir(dirname(join(to, path)), { recursive: true });
    await copyFile(join(modules, path), join(to, path));
  }
  await writeManifest({ devDependencies: {} });
  return await npmMaterials(work);
}

/** Compiled, and only what the two programs load. */
async function fillApp(folder: string): Promise<Materials> {
  const app = join(folder, APP);
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  await run(tsc, ["--project", "tsconfig.build.json", "--outDir", app], ROOT);
  await copyFile(join(ROOT, "LICENSE"), join(app, "LICENSE"));
  const { name, version, type, license } = JSON.parse(
    await readFile(join(ROOT, "package.json"), "utf8"),
  ) as Readonly<Record<string, string>>;
  await writeEntry(
    join(app, "package.json"),
    `${JSON.stringify({ name, version, type, license }, null, 2)}\n`,
  );
  return NOTHING;
}

/** Nobody's umask decides what the image's user may read. */
async function setModes(folder: string): Promise<void> {
  await chmod(folder, PROGRAM_MODE);
  for (const path of await walk(folder)) {
    const full = join(folder, path);
    const status = await lstat(full);
    if (status.isSymbolicLink()) continue;
    await chmod(full, modeOf(path, status));
  }
}

function modeOf(path: string, status: Stats): number {
  if (path === "tmp") return 0o1777;
  return status.isDirectory() || (status.mode & 0o100) !== 0 ? PROGRAM_MODE : FILE_MODE;
}
