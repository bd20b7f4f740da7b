// An OCI image layout in one tar file, with Docker's own list beside it: what `ctr image import`, `docker load`,
// `podman load`, `skopeo` and `crane` take. https://github.com/opencontainers/image-spec/blob/main/image-layout.md
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { pack, type Pack } from "tar-stream";
import { CONFIG, labels, LAYERS, type Architecture } from "./contents.ts";
import { MTIME, type Layer } from "./layer.ts";

const TYPES = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
} as const;

export interface PlatformImage {
  readonly architecture: Architecture;
  /** In the order of LAYERS. */
  readonly layers: readonly Layer[];
}

export interface ArchiveOptions {
  /** Full, with its tag: `localhost/starrocks-backup:0.1.0`. */
  readonly reference: string;
  readonly version: string;
  /** What the image says of its own age: SOURCE_DATE_EPOCH. */
  readonly createdSeconds: number;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

type Blobs = Map<string, { readonly size: number; readonly content: string | Layer }>;

export interface Written {
  /** Of what a registry will show under the name: the manifest, or the index of several. */
  readonly digest: string;
  /** Of each platform's manifest. */
  readonly platforms: Readonly<Partial<Record<Architecture, string>>>;
}

/** Writes `file`. */
export async function writeArchive(
  file: string,
  images: readonly PlatformImage[],
  options: ArchiveOptions,
): Promise<Written> {
  const blobs: Blobs = new Map();
  const manifests = images.map((image) => manifestOf(image, options, blobs));
  const [only] = manifests;
  const top =
    manifests.length === 1 && only !== undefined
      ? only.descriptor
      : addJson(blobs, TYPES.index, {
          schemaVersion: 2,
          mediaType: TYPES.index,
          manifests: manifests.map(({ descriptor }) => descriptor),
        });
  const tar = pack();
  const written = pipeline(tar, createWriteStream(file));
  const texts: Record<string, unknown> = {
    "oci-layout": { imageLayoutVersion: "1.0.0" },
    "index.json": {
      schemaVersion: 2,
      mediaType: TYPES.index,
      manifests: [{ ...top, annotations: namesOf(options.reference) }],
    },
    // Docker without containerd's store reads this list, and knows one platform.
    ...(manifests.length === 1 && only !== undefined
      ? { "manifest.json": [{ ...only.docker, RepoTags: [options.reference] }] }
      : {}),
  };
  await Promise.all([
    written,
    addParts(tar, texts, blobs).catch((error: Error) => tar.destroy(error)),
  ]);
  const platforms = manifests.map(({ descriptor }, i) => [
    images[i]?.architecture,
    descriptor.digest,
  ]);
  return { digest: top.digest, platforms: Object.fromEntries(platforms) as Written["platforms"] };
}

/** containerd wants the whole name; others the tag. */
function namesOf(reference: string): Readonly<Record<string, string>> {
  return {
    "io.containerd.image.name": reference,
    "org.opencontainers.image.ref.name": reference.slice(reference.lastIndexOf(":") + 1),
  };
}

function manifestOf(
  { architecture, layers }: PlatformImage,
  { version, createdSeconds }: ArchiveOptions,
  blobs: Blobs,
): { descriptor: Descriptor; docker: { Config: string; Layers: readonly string[] } } {
  const created = new Date(createdSeconds * 1000).toISOString();
  const config = addJson(blobs, TYPES.config, {
    created,
    architecture,
    os: "linux",
    config: { ...CONFIG, Labels: labels(version) },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: LAYERS.map(({ comment }) => ({ created, created_by: comment })),
  });
  for (const layer of layers) blobs.set(layer.digest, { size: layer.size, content: layer });
  const manifest = addJson(blobs, TYPES.manifest, {
    schemaVersion: 2,
    mediaType: TYPES.manifest,
    config,
    layers: layers.map(({ digest, size }) => ({ mediaType: TYPES.layer, digest, size })),
    annotations: labels(version),
  });
  return {
    descriptor: { ...manifest, platform: { architecture, os: "linux" } },
    docker: {
      Config: pathOf(config.digest),
      Layers: layers.map(({ digest }) => pathOf(digest)),
    },
  };
}

function addJson(blobs: Blobs, mediaType: string, value: unknown): Descriptor {
  const content = JSON.stringify(value);
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  const size = Buffer.byteLength(content);
  blobs.set(digest, { size, content });
  return { mediaType, digest, size };
}

function pathOf(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

async function addParts(
  tar: Pack,
  texts: Readonly<Record<string, unknown>>,
  blobs: Blobs,
): Promise<void> {
  const common = { mode: 0o644, uid: 0, gid: 0, mtime: MTIME };
  for (const [name, value] of Object.entries(texts)) {
    tar.entry({ ...common, name }, JSON.stringify(value));
  }
  for (const [digest, { size, content }] of [...blobs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const name = pathOf(digest);
    if (typeof content === "string") tar.entry({ ...common, name }, content);
    else {
      const entry = tar.entry({ ...common, name, size });
      await pipeline(createReadStream(content.file), entry as unknown as NodeJS.WritableStream);
    }
  }
  tar.finalize();
}
