// From a path that StarRocks asks for to what it means here, and to a storage key. Pure.
//
// StarRocks knows the repository under the mount's name and location (`CREATE REPOSITORY <mount> …
// ON LOCATION <location>`); both folder prefixes of that name mean the one real folder. A path of any
// other repository is refused: an answer for a foreign name would replace somebody's entry in the FE
// (starrocks.md 12.A). Paths may carry `//` (LOCATION with a trailing slash before #68764).
import { BrokerError } from "./broker-error.ts";
import {
  repositoryFolders,
  splitChecksum,
  TABLET_MANIFEST,
  type RepositoryLayout,
} from "./layout.ts";
import { BROKER_STATUS } from "./protocol.ts";

/** What the agent serves: one mount of one real repository folder. */
export interface Mount {
  /** LOCATION of the mount's CREATE REPOSITORY, without a trailing slash. */
  readonly location: string;
  /** The repository's name in StarRocks. */
  readonly repository: string;
}

/** Where in the repository a path points. */
export type Place =
  /** The repository's own folder, or a glob or name directly in it. */
  | { readonly kind: "root"; readonly rest: string; readonly palo: boolean }
  | { readonly kind: "repoInfo"; readonly palo: boolean }
  /** Something of one snapshot; `rest` is empty for its folder. */
  | { readonly kind: "snapshot"; readonly label: string; readonly rest: string };

export interface AskedPath {
  readonly place: Place;
  /** The last segment ended with `*`: everything that begins so. The only glob StarRocks uses. */
  readonly glob: boolean;
}

/**
 * What StarRocks makes names of: ids, labels (FeNameFormat), file names of rowsets and indexes. All else could mean
 * another place to a storage, a proxy or a shell: encoded dots and slashes, backslashes, look-alikes, line breaks.
 */
const PLAIN = /^[\w.=+@,:~-]+$/;

/** Reads a path; throws {@link BrokerError} with what is wrong with it. */
export function parsePath(mount: Mount, path: string): AskedPath {
  const glob = path.endsWith("*");
  const segments = segmentsBelow(mount, glob ? path.slice(0, -1) : path);
  const [folder = "", ...below] = segments;
  const palo = requireOwnFolder(mount, folder, path);
  const endsOpen = glob && path.endsWith("/*");
  const rest = below.join("/") + (endsOpen && below.length > 0 ? "/" : "");
  return { place: placeOf(rest, palo, glob), glob };
}

function placeOf(rest: string, palo: boolean, glob: boolean): Place {
  if (rest === "__repo_info" && !glob) return { kind: "repoInfo", palo };
  const found = /^__ss_([^/]+)(?:\/(.*))?$/.exec(rest);
  if (found === null || (glob && found[2] === undefined)) return { kind: "root", rest, palo };
  const [, label = "", below = ""] = found;
  return { kind: "snapshot", label, rest: below };
}

function segmentsBelow(mount: Mount, path: string): string[] {
  const start = `${mount.location}/`;
  if (!path.startsWith(start)) {
    throw new BrokerError(
      BROKER_STATUS.INVALID_INPUT_FILE_PATH,
      `path ${path} is not below this mount's location ${mount.location}`,
    );
  }
  const segments = path
    .slice(start.length)
    .split("/")
    .filter((s) => s !== "");
  const odd = segments.find((s) => s === "." || s === ".." || !PLAIN.test(s));
  if (odd !== undefined) {
    throw new BrokerError(
      BROKER_STATUS.INVALID_INPUT_FILE_PATH,
      `the segment ${JSON.stringify(odd)} of path ${path} is none that StarRocks writes; only one * at its end is ` +
        "understood",
    );
  }
  return segments;
}

function requireOwnFolder(mount: Mount, folder: string, path: string): boolean {
  const [folderNow, folderOld] = repositoryFolders(mount.repository);
  if (folder === folderNow) return false;
  if (folder === folderOld) return true;
  throw new BrokerError(
    BROKER_STATUS.NOT_AUTHORIZED,
    `path ${path} is of another repository; this agent serves ${mount.repository} only`,
  );
}

/** The prefix of everything a glob in a snapshot's folder means; of all of it when `rest` is empty. */
export function prefixOf(layout: RepositoryLayout, label: string, rest: string): string {
  return `${layout.snapshot(label).root}/${rest}`;
}

/** The storage key of a snapshot's file or folder. */
export function keyOf(layout: RepositoryLayout, label: string, rest: string): string {
  const { root } = layout.snapshot(label);
  return rest === "" ? root : `${root}/${rest}`;
}

/** How a written file becomes visible; see writer.ts. */
export type FileRole =
  /** `…/__ss_content/…/f.part`: by its rename to `f.<md5>`, straight from memory when it is small. */
  | "content"
  /** `__meta.part`, `__info_<ts>.part`: staged and durable at close, moved by the rename. */
  | "frontend"
  /** No `.part` in its name: at close. */
  | "direct";

export const PART_SUFFIX = ".part";

export function roleOf(rest: string): FileRole {
  if (!rest.endsWith(PART_SUFFIX)) return "direct";
  return rest.includes("/") ? "content" : "frontend";
}

/** What a listing of StarRocks never shows: unfinished files and what is ours. */
export function isHidden(name: string): boolean {
  return name.endsWith(PART_SUFFIX) || name.startsWith("__k8s_");
}

/** Whether a snapshot is visible once there is such a file (Repository.listSnapshots). */
export function makesVisible(key: string): boolean {
  return key.slice(key.lastIndexOf("/") + 1).startsWith("__info_");
}

/** `f.part` → `f.<md5>`: the only rename there is (Repository.java, SnapshotLoader). */
export interface PublishNames {
  /** 32 lower-case hex digits, out of the target's name. */
  readonly md5: string;
}

/** Checks the pair of names; throws {@link BrokerError} when the target is not the source with an md5. */
export function requirePublishNames(source: string, target: string): PublishNames {
  const fileName = target.slice(target.lastIndexOf("/") + 1);
  const sum = splitChecksum(fileName);
  const folder = target.slice(0, target.length - fileName.length);
  if (sum === undefined || source !== `${folder}${sum.name}${PART_SUFFIX}`) {
    throw new BrokerError(
      BROKER_STATUS.INVALID_ARGUMENT,
      `cannot rename ${source} to ${target}: only <file>.part to <file>.<md5> is served`,
    );
  }
  return { md5: sum.md5 };
}

/** Files of a tablet's folder that StarRocks writes under their final name. */
export function isTabletManifest(rest: string): boolean {
  return rest.endsWith(`/${TABLET_MANIFEST}`);
}
