// One repository as an FE knows it (Repository.java): where its folder is, and the call sequences of
// CREATE REPOSITORY, BACKUP, SHOW SNAPSHOT and RESTORE (§4.7), exactly.
import { createHash } from "node:crypto";
import { StatusError, type BlobStorage } from "./blob-storage.ts";
import type { RepositoryRecord } from "./meta-store.ts";
import { parseRepositoryTime, formatTime } from "./times.ts";
import type { FileStatus } from "./wire/broker-structs.ts";

const PALO = "__palo_repository_";
const STARROCKS = "__starrocks_repository_";
const REPO_INFO = "__repo_info";
const SNAPSHOT = "__ss_";
const INFO = "__info_";
const META = "__meta";

/** Where a tablet lies in a snapshot. There is no schema hash level in uploads. */
export interface TabletPlace {
  readonly db: number;
  readonly table: number;
  readonly partition: number;
  readonly index: number;
  readonly tablet: number;
}

export interface SnapshotRow {
  readonly snapshot: string;
  readonly timestamp: string;
  readonly status: string;
}

export class Repository {
  readonly record: RepositoryRecord;
  readonly blob: BlobStorage;
  #prefix: string;
  /** Set by the leader's ping, every ten minutes. */
  errorMessage: string | undefined;

  constructor(record: RepositoryRecord, blob: BlobStorage, prefix = STARROCKS) {
    this.record = record;
    this.blob = blob;
    this.#prefix = prefix;
  }

  /**
   * CREATE REPOSITORY: finds or writes `__repo_info`. The name in the file wins over the asked one; the
   * prefix is found by asking, and is never persisted.
   */
  static async initialize(
    asked: RepositoryRecord,
    blob: BlobStorage,
    starrocksPrefix: boolean,
  ): Promise<Repository> {
    const palo = `${asked.location}/${PALO}${asked.name}/${REPO_INFO}`;
    let files: readonly FileStatus[] = [];
    let prefix = PALO;
    let path = palo;
    try {
      files = await blob.list(palo);
    } catch (error) {
      // An error of the first question does not keep it from the second.
      if (!starrocksPrefix || !(error instanceof StatusError)) throw error;
    }
    if (files.length === 0 && starrocksPrefix) {
      prefix = STARROCKS;
      path = `${asked.location}/${STARROCKS}${asked.name}/${REPO_INFO}`;
      files = await blob.list(path);
    }
    const record = await readOrWriteInfo(asked, blob, { path, files });
    return new Repository(record, blob, prefix);
  }

  /** What an FE asks when it loads or replays a repository: is there a folder of the old name? */
  async probePrefix(starrocksPrefix: boolean): Promise<void> {
    if (!starrocksPrefix) {
      this.#prefix = PALO;
      return;
    }
    const { location, name } = this.record;
    const old = await this.blob.exists(`${location}/${PALO}${name}`).catch(() => false);
    this.#prefix = old ? PALO : STARROCKS;
  }

  get root(): string {
    return `${this.record.location}/${this.#prefix}${this.record.name}`;
  }

  snapshotRoot(label: string): string {
    return `${this.root}/${SNAPSHOT}${label}`;
  }

  tabletRoot(label: string, place: TabletPlace): string {
    const { db, table, partition, index, tablet } = place;
    const content = `${this.snapshotRoot(label)}/__ss_content`;
    return `${content}/__db_${db}/__tbl_${table}/__part_${partition}/__idx_${index}/__${tablet}`;
  }

  /** Labels whose folder exists, finished or not. Entries that are no directories do not count. */
  async listSnapshots(): Promise<readonly string[]> {
    const files = await this.blob.list(`${this.root}/${SNAPSHOT}*`);
    return files
      .filter((f) => f.isDir && f.path.startsWith(SNAPSHOT))
      .map((f) => f.path.slice(SNAPSHOT.length));
  }

  /** One row of SHOW SNAPSHOT without a timestamp. */
  async snapshotRow(label: string): Promise<SnapshotRow> {
    let files: readonly FileStatus[];
    try {
      files = await this.blob.list(`${this.snapshotRoot(label)}/${INFO}*`);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const status = `ERROR: Failed to get info: ${error.message}`;
      return { snapshot: label, timestamp: "", status };
    }
    if (files.length === 0) {
      return { snapshot: label, timestamp: "", status: "ERROR: no snapshot" };
    }
    const times = files.map((f) => timestampOf(f.path) ?? `Invalid: ${f.path}`);
    return { snapshot: label, timestamp: times.join("\n"), status: "OK" };
  }

  readInfo(label: string, timestamp: string): Promise<Buffer> {
    return this.#readChecked(`${this.snapshotRoot(label)}/${INFO}${timestamp}`);
  }

  readMeta(label: string): Promise<Buffer> {
    return this.#readChecked(`${this.snapshotRoot(label)}/${META}`);
  }

  async uploadMeta(label: string, localPath: string): Promise<void> {
    await this.blob.upload(localPath, `${this.snapshotRoot(label)}/${META}`);
  }

  async uploadInfo(label: string, timestamp: string, localPath: string): Promise<void> {
    await this.blob.upload(localPath, `${this.snapshotRoot(label)}/${INFO}${timestamp}`);
  }

  async ping(): Promise<void> {
    try {
      this.errorMessage = (await this.blob.exists(this.root))
        ? undefined
        : `${formatTime(Date.now())}: ${this.root} does not exist`;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.errorMessage = `${formatTime(Date.now())}: ${text}`;
    }
  }

  /** Lists `path*`, wants exactly one entry, reads it and compares it with the md5 in its name. */
  async #readChecked(path: string): Promise<Buffer> {
    const files = await this.blob.list(`${path}*`);
    const [only] = files;
    if (only === undefined || files.length !== 1) {
      throw new StatusError(
        "COMMON_ERROR",
        `Expected one file with path: ${path}. get: ${files.length}`,
      );
    }
    if (only.isDir) {
      throw new StatusError("COMMON_ERROR", `Expected file with path: ${path}. but get dir`);
    }
    const md5 = /\.([0-9a-f]{32})$/.exec(only.path)?.[1];
    if (md5 === undefined) {
      throw new StatusError(
        "BAD_FILE",
        `file name should contains checksum. file name: ${only.path}`,
      );
    }
    const folder = path.slice(0, path.lastIndexOf("/"));
    const content = await this.blob.read(`${folder}/${only.path}`, only.size);
    const local = createHash("md5").update(content).digest("hex");
    if (local !== md5) {
      throw new StatusError("BAD_FILE", `md5sum does not equal. local: ${local}, remote: ${md5}`);
    }
    return content;
  }
}

interface FoundInfo {
  readonly path: string;
  readonly files: readonly FileStatus[];
}

async function readOrWriteInfo(
  asked: RepositoryRecord,
  blob: BlobStorage,
  found: FoundInfo,
): Promise<RepositoryRecord> {
  const [only] = found.files;
  if (only === undefined) {
    const info = { name: asked.name, create_time: formatTime(asked.createTime) };
    await blob.writeSmall(found.path, JSON.stringify(info));
    return asked;
  }
  if (found.files.length !== 1) {
    throw new StatusError(
      "COMMON_ERROR",
      `Invalid repository dir. expected one repo info file. get more: ${found.files.length}`,
    );
  }
  const content = await blob.read(found.path, only.size);
  const info = JSON.parse(content.toString("utf8")) as { name: string; create_time: string };
  const createTime = parseRepositoryTime(info.create_time);
  if (createTime === undefined) {
    throw new StatusError("COMMON_ERROR", "failed to parse create time of repository");
  }
  return { ...asked, name: info.name, createTime };
}

function timestampOf(fileName: string): string | undefined {
  return /^__info_(\d{4}(?:-\d\d){5}-\d{3})\.[0-9a-f]{32}$/.exec(fileName)?.[1];
}
