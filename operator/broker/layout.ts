// Where things lie in a repository: StarRocks' own layout (Repository.java, BackupJobInfo.java, 2.3 to
// 4.2; unchanged) and what we keep beside it. Every path of ours is built here and nowhere else.
//
//   R = <folder>                                        __starrocks_repository_<name>, very old: __palo_…
//   R/__repo_info
//   R/__ss_<label>/__meta.<md5>
//   R/__ss_<label>/__info_<timestamp>.<md5>             written last: a snapshot with it is visible
//   R/__ss_<label>/__ss_content/__db_D/__tbl_T/__part_P/__idx_I/__<tablet>/<file>.<md5>
//   R/__ss_<label>/__k8s_manifest.json                  ours: summary of a sealed snapshot
//   R/__ss_<label>/__k8s_manifest_files.jsonl.gz        ours: a line per file, in listing order
//   R/__k8s_staging/<attempt>/note.json                 ours: whose attempt this is
//   R/__k8s_staging/<attempt>/data/<id>                 bytes that have no final name yet
//   R/__k8s_staging/<attempt>/closed/<path hash>/<md5>-<size>-<id>   a closed FE file, waiting for its rename
//   R/__k8s_staging/<attempt>/intents/<id>.json         answered work that is not done yet
//
// There is no schema hash level below the tablet (Repository.getRepoTabletPathBySnapshotInfo).
import { createHash } from "node:crypto";

const FOLDER_PREFIXES = ["__starrocks_repository_", "__palo_repository_"] as const;
const SNAPSHOT_PREFIX = "__ss_";
const CONTENT = "__ss_content";
/** Everything of ours begins so; listings that StarRocks sees leave it out. */
export const OWN_PREFIX = "__k8s_";
/** 4.2+: a list of a tablet's plain file names, written by the BE without `.part` and rename (#77732). */
export const TABLET_MANIFEST = "__starrocks_snapshot_manifest";

/** A file name with its md5, as every file of a snapshot carries it. */
export interface ChecksummedName {
  readonly name: string;
  /** 32 lower-case hex digits. */
  readonly md5: string;
}

/** Splits `f.dat.<md5>` at its last dot (SnapshotLoader does the same); anything else is undefined. */
export function splitChecksum(fileName: string): ChecksummedName | undefined {
  const dot = fileName.lastIndexOf(".");
  if (dot <= 0) return undefined;
  const md5 = fileName.slice(dot + 1);
  return /^[0-9a-f]{32}$/.test(md5) ? { name: fileName.slice(0, dot), md5 } : undefined;
}

/** Ids out of a tablet file's place. The partition id is the physical one (3.1+). */
export interface TabletFile {
  readonly database: string;
  readonly table: string;
  readonly partition: string;
  readonly index: string;
  readonly tablet: string;
  readonly fileName: string;
}

const TABLET_FILE =
  /^__ss_content\/__db_(-?\d+)\/__tbl_(\d+)\/__part_(\d+)\/__idx_(\d+)\/__(\d+)\/([^/]+)$/;

/** Reads the part of a key below its snapshot; undefined for what is not a tablet's file. */
export function parseTabletFile(belowSnapshot: string): TabletFile | undefined {
  const found = TABLET_FILE.exec(belowSnapshot);
  if (found === null) return undefined;
  const [, database = "", table = "", partition = "", index = "", tablet = "", fileName = ""] =
    found;
  return { database, table, partition, index, tablet, fileName };
}

/** The keys of one repository folder. Pure. */
export class RepositoryLayout {
  /** The folder's name below the location, `__starrocks_repository_<name>`. */
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  repoInfo(): string {
    return `${this.folder}/__repo_info`;
  }

  /** Prefix of all snapshots' folders. */
  snapshots(): string {
    return `${this.folder}/${SNAPSHOT_PREFIX}`;
  }

  /** The label of a folded row `R/__ss_<label>/`, or undefined for another row. */
  labelOf(prefix: string): string | undefined {
    const start = this.snapshots();
    return prefix.startsWith(start) && prefix.endsWith("/")
      ? prefix.slice(start.length, -1)
      : undefined;
  }

  snapshot(label: string): SnapshotLayout {
    return new SnapshotLayout(`${this.snapshots()}${label}`);
  }

  /** Prefix of every attempt's staging. */
  stagings(): string {
    return `${this.folder}/${OWN_PREFIX}staging/`;
  }

  staging(attempt: string): StagingLayout {
    return new StagingLayout(`${this.stagings()}${attempt}`);
  }
}

export class SnapshotLayout {
  /** `R/__ss_<label>`, no slash at the end. */
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Prefix of `__info_<timestamp>.<md5>`. */
  infos(): string {
    return `${this.root}/__info_`;
  }

  /** Prefix of `__meta.<md5>`. */
  metas(): string {
    return `${this.root}/__meta.`;
  }

  /** Prefix of every tablet file. */
  content(): string {
    return `${this.root}/${CONTENT}/`;
  }

  manifest(): string {
    return `${this.root}/${OWN_PREFIX}manifest.json`;
  }

  manifestFiles(): string {
    return `${this.root}/${OWN_PREFIX}manifest_files.jsonl.gz`;
  }

  /** The part of a key below this snapshot. */
  below(key: string): string {
    return key.slice(this.root.length + 1);
  }
}

export class StagingLayout {
  /** `R/__k8s_staging/<attempt>`, no slash at the end. */
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  note(): string {
    return `${this.root}/note.json`;
  }

  data(id: string): string {
    return `${this.root}/data/${id}`;
  }

  /** Prefix under which the closed contents of one FE path stand. */
  closedOf(key: string): string {
    const hash = createHash("sha256").update(key).digest("hex").slice(0, 32);
    return `${this.root}/closed/${hash}/`;
  }

  intents(): string {
    return `${this.root}/intents/`;
  }

  intent(id: string): string {
    return `${this.intents()}${id}.json`;
  }
}

/** Whether a folder's name is a repository's, with either prefix. */
export function isRepositoryFolder(name: string): boolean {
  return FOLDER_PREFIXES.some((p) => name.startsWith(p) && name.length > p.length);
}

/** The two folder names that StarRocks may use for a repository: 2.5.0 and older know only the second. */
export function repositoryFolders(repository: string): readonly [string, string] {
  return [`${FOLDER_PREFIXES[0]}${repository}`, `${FOLDER_PREFIXES[1]}${repository}`];
}
