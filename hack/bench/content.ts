// What is backed up in the benchmark: tablets with files, by number. Load generator, reference client and
// agent agree on names and bytes through this file alone. All files of one size have the same content:
// making it, and its md5, costs nothing while the clock runs.
import { createCipheriv, createHash } from "node:crypto";
import { RepositoryLayout, repositoryFolders } from "../../operator/broker/layout.ts";

export const PREFIX = "prod";
/** As in the configuration that agent-process.ts writes. */
const FOLDER = "__starrocks_repository_prod";
export const LABEL = "bench";
export const ATTEMPT = "bench-1";
export const MOUNT = { location: "backup://mount", repository: "k8s_bench_0" } as const;
export const TOKEN = "bench-token";

/** Files in the folders of consecutive tablets. */
export interface FileSet {
  readonly firstTablet: number;
  readonly files: number;
  readonly filesPerTablet: number;
  readonly fileBytes: number;
}

export interface Content {
  readonly bytes: Buffer;
  readonly md5: string;
}

export interface Tablet {
  /** Below the snapshot's folder. */
  readonly dir: string;
  /** Names without md5. */
  readonly names: readonly string[];
}

const made = new Map<number, Content>();

/**
 * The bytes of every file of one size: incompressible, and the same in every process. Made once, while
 * warming up: a process's CPU time is counted from job to job, not only while the clock runs.
 */
export function contentOf(fileBytes: number): Content {
  const content = made.get(fileBytes) ?? makeContent(fileBytes);
  made.set(fileBytes, content);
  return content;
}

function makeContent(fileBytes: number): Content {
  const stream = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16));
  const bytes = stream.update(Buffer.alloc(fileBytes));
  return { bytes, md5: createHash("md5").update(bytes).digest("hex") };
}

export function tabletsOf(set: FileSet): Tablet[] {
  const tablets: Tablet[] = [];
  for (let first = 0; first < set.files; first += set.filesPerTablet) {
    const id = set.firstTablet + tablets.length;
    const count = Math.min(set.filesPerTablet, set.files - first);
    const names = Array.from({ length: count }, (_, at) => `0200000000000000${id}_${at}.dat`);
    tablets.push({ dir: `__ss_content/__db_1/__tbl_2/__part_3/__idx_4/__${id}`, names });
  }
  return tablets;
}

/** How StarRocks asks for the snapshot's folder: under the mount's name and location. */
export function askedFolder(): string {
  const [folder] = repositoryFolders(MOUNT.repository);
  return `${MOUNT.location}/${new RepositoryLayout(folder).snapshot(LABEL).root}`;
}

/** Where an agent's notes of work that it has answered before it was done lie, below the location. */
export function intentsFolder(): string {
  return new RepositoryLayout(FOLDER).staging(ATTEMPT).intents();
}

/** Where the snapshot lies in the store, below the location. */
export function storedFolder(): string {
  return new RepositoryLayout(FOLDER).snapshot(LABEL).root;
}
