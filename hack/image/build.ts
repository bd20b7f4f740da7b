// Builds the image, or takes what an earlier build has left. Everything is kept by the hash of what it is made of,
// below `.cache/image`; the newest Debian packages are those of the day a ground was made.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { IMAGE } from "../../operator/controllers/jobs.ts";
import { LAYERS, NODE, TITLE, type Architecture, type LayerName } from "./contents.ts";
import { fillLayer, ROOT } from "./fill.ts";
import { packLayer, walk, type Layer } from "./layer.ts";
import { writeArchive } from "./oci.ts";
import { sbomOf, type Materials } from "./sbom.ts";

export interface BuildOptions {
  readonly architectures: readonly Architecture[];
  /** Default `localhost/starrocks-backup:<version>-<hash>`. */
  readonly reference?: string;
  readonly createdSeconds?: number;
  /** Where layers and archives are kept. */
  readonly cache?: string;
  readonly tell?: (line: string) => void;
}

export interface Built {
  /** A tar file with an OCI image layout. */
  readonly archive: string;
  /** Its full name. */
  readonly reference: string;
  /** "sha256:…", what a registry will show. */
  readonly digest: string;
  /** Beside the archive, for each platform what is in it: SPDX. */
  readonly sboms: readonly string[];
}

interface FilledLayer extends Layer {
  readonly materials: Materials;
}

const CACHE = join(ROOT, ".cache/image");
/** Nothing that was not asked for so long is kept. */
const KEPT_MS = 3 * 24 * 3600_000;

/** What each layer is made of, beside the programs in hack/image. */
export const SOURCES: Readonly<Record<LayerName, readonly string[]>> = {
  ground: [],
  packages: ["package-lock.json"],
  app: ["LICENSE", "operator", "tsconfig.json", "tsconfig.build.json"],
};

/** Safe beside another build. */
export async function buildArchive(options: BuildOptions): Promise<Built> {
  const { architectures, createdSeconds = 0, cache = CACHE, tell = () => {} } = options;
  await mkdir(cache, { recursive: true });
  const version = await readVersion();
  const images: { readonly architecture: Architecture; readonly layers: readonly FilledLayer[] }[] =
    [];
  for (const architecture of architectures) {
    const layers: FilledLayer[] = [];
    for (const { name } of LAYERS) layers.push(await layerOf(name, architecture, { cache, tell }));
    images.push({ architecture, layers });
  }
  const all = images.flatMap(({ layers }) => layers.map(({ digest }) => digest));
  const hash = digestOf([...all, version, await hashOf(["hack/image"])]).slice(0, 12);
  const reference = options.reference ?? `localhost/${TITLE}:${version}-${hash}`;
  const key = digestOf([hash, reference, String(createdSeconds)]).slice(0, 12);
  const archive = join(cache, `${TITLE}-${architectures.join("-")}-${key}.tar`);
  const fresh = `${archive}.${process.pid}`;
  const written = await writeArchive(fresh, images, { reference, version, createdSeconds });
  await rename(fresh, archive);
  const sboms: string[] = [];
  for (const { architecture, layers } of images) {
    const about = { version, digest: written.platforms[architecture] ?? "", createdSeconds };
    const sbom = sbomOf(
      layers.map(({ materials }) => materials),
      about,
    );
    const file = archive.replace(/\.tar$/, `.${architecture}.spdx.json`);
    await writeFile(`${file}.${process.pid}`, `${JSON.stringify(sbom, null, 2)}\n`);
    await rename(`${file}.${process.pid}`, file);
    sboms.push(file);
  }
  await sweep(cache);
  return { archive, reference, digest: written.digest, sboms };
}

/** The image of this machine, for tests: from `.cache/image`, or built (a minute or two the first time). */
export async function buildImage(): Promise<Built> {
  return await buildArchive({ architectures: [process.arch === "arm64" ? "arm64" : "amd64"] });
}

interface Kept {
  readonly cache: string;
  readonly tell: (line: string) => void;
}

async function layerOf(
  name: LayerName,
  architecture: Architecture,
  { cache, tell }: Kept,
): Promise<FilledLayer> {
  // npm packages and our own code are the same for every processor.
  const parts: string[] = name === "ground" ? [architecture, NODE.version, IMAGE.node] : [];
  if (name !== "ground") parts.push(await readVersion());
  const hash = digestOf([...parts, await hashOf(["hack/image", ...SOURCES[name]])]).slice(0, 16);
  const file = join(cache, `layer-${name}-${hash}.tar.gz`);
  const note = file.replace(/\.tar\.gz$/, ".json");
  if (existsSync(file) && existsSync(note)) {
    for (const path of [file, note]) await utimes(path, new Date(), new Date());
    return { ...(JSON.parse(await readFile(note, "utf8")) as FilledLayer), file };
  }
  tell(`making layer ${name}${name === "ground" ? ` for ${architecture}` : ""}`);
  const work = join(cache, `work-${name}-${architecture}.${process.pid}`);
  try {
    await mkdir(join(work, "work"), { recursive: true });
    const root = join(work, "root");
    const materials = await fillLayer(name, root, architecture, join(work, "work"));
    const layer = { ...(await packLayer(root, join(work, "layer"))), materials };
    await rename(layer.file, file);
    await writeFile(join(work, "note"), JSON.stringify({ ...layer, file: undefined }));
    await rename(join(work, "note"), note);
    return { ...layer, file };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function readVersion(): Promise<string> {
  const text = await readFile(join(ROOT, "package.json"), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** Of the content of these files and folders, tests left out. */
async function hashOf(paths: readonly string[]): Promise<string> {
  const words: string[] = [];
  for (const path of paths) {
    const full = join(ROOT, path);
    const isFolder = (await stat(full)).isDirectory();
    const files = isFolder ? (await walk(full)).map((name) => join(full, name)) : [full];
    for (const file of files.filter(isSource)) {
      if ((await stat(file)).isDirectory()) continue;
      words.push(relative(ROOT, file), digestOf([await readFile(file, "utf8")]));
    }
  }
  return digestOf(words);
}

function isSource(path: string): boolean {
  return !/\.test\.ts$|\/testing(\/|$)/.test(path);
}

function digestOf(words: readonly string[]): string {
  return createHash("sha256").update(words.join("\n")).digest("hex");
}

async function sweep(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    const status = await stat(path).catch(() => undefined);
    if (status === undefined || Date.now() - status.mtimeMs < KEPT_MS) continue;
    await rm(path, { recursive: true, force: true });
  }
}
