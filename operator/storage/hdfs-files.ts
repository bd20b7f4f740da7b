// Files and folders of HDFS below one folder, as typed verbs: what WebHDFS' operations are called, and what
// their answers mean. Keys become paths here, and nowhere else.
import { assert } from "../assert.ts";
import { StorageError, isNotFound } from "./errors.ts";
import type { HdfsClient, Op, Purpose } from "./hdfs-client.ts";
import { isNotEmpty, isUnderAFile, isWithoutPages } from "./hdfs-errors.ts";
import { isTemporaryName, newTemporaryId, temporaryKey } from "./hdfs-temporary.ts";
import { compareKeys, requireKey } from "./key.ts";
import type { ObjectInfo } from "./storage.ts";

/** A file or folder. */
export interface FileStatus {
  readonly isFile: boolean;
  /** Empty in an answer about one path. */
  readonly name: string;
  readonly size: number;
  readonly modifiedMs: number;
  /** Changes with every writing anew, not with a rename. */
  readonly etag: string;
}

export interface ListedPage {
  readonly rows: readonly FileStatus[];
  readonly isLast: boolean;
}

/** What became of a rename that must not replace. */
export type Renamed = "done" | "taken";

export type Removed = "done" | "absent" | "notEmpty";

/** How often the folder of a rename is made: others may take it away, being empty. */
const FOLDER_TRIES = 3;

interface Json {
  readonly type?: unknown;
  readonly pathSuffix?: unknown;
  readonly length?: unknown;
  readonly modificationTime?: unknown;
  readonly fileId?: unknown;
}

export class HdfsFiles {
  readonly client: HdfsClient;
  readonly #root: string;
  /** Gateways know less than NameNodes. */
  #listsByPages = true;

  /** `root` is the location's folder: absolute, empty or without a slash at the end. */
  constructor(client: HdfsClient, root: string) {
    this.client = client;
    this.#root = root;
  }

  /** The key of an object or folder as a path. The empty one is the location's folder itself. */
  path(key: string): string {
    return key === "" ? this.#root || "/" : `${this.#root}/${key.replace(/\/$/, "")}`;
  }

  /** The path of an object that somebody wants. */
  objectPath(key: string): string {
    const name = requireKey(key).slice(key.lastIndexOf("/") + 1);
    assert(!isTemporaryName(name), () => `the key ${key} looks like a file being written`);
    return this.path(key);
  }

  info(key: string, { size, etag }: FileStatus): ObjectInfo {
    return { key, size, etag };
  }

  /** The file, or `undefined` when there is none: a folder is none. */
  async fileAt(purpose: Purpose, path: string): Promise<FileStatus | undefined> {
    const status = await this.#statusAt(purpose, path);
    return status?.isFile === true ? status : undefined;
  }

  /** One page of a folder's rows, in the server's order; none when there is no such folder. */
  async page(purpose: Purpose, path: string, startAfter: string): Promise<ListedPage> {
    try {
      if (this.#listsByPages) return await this.#batch(purpose, path, startAfter);
    } catch (error) {
      if (isNotFound(error) || isUnderAFile(error)) return { rows: [], isLast: true };
      if (!isWithoutPages(error)) throw error;
      this.#listsByPages = false;
    }
    return await this.#wholeFolder(purpose, path);
  }

  /** Writes a whole file, replacing one that is there; makes its folders. */
  async create(purpose: Purpose, path: string, body: Buffer): Promise<void> {
    const params = { overwrite: "true" };
    await this.client.write(purpose, { method: "PUT", op: "CREATE", path, params }, body);
  }

  async append(purpose: Purpose, path: string, body: Buffer): Promise<void> {
    await this.client.write(purpose, { method: "POST", op: "APPEND", path }, body);
  }

  /** Cuts a file off. False: HDFS is still at it, and the file cannot be written yet. */
  async truncate(purpose: Purpose, path: string, size: number): Promise<boolean> {
    const params = { newlength: String(size) };
    return await this.#tell(purpose, { method: "POST", op: "TRUNCATE", path, params });
  }

  /** Removes a file, or a folder that is empty. */
  async remove(purpose: Purpose, path: string): Promise<Removed> {
    const params = { recursive: "false" };
    const op: Op = { method: "DELETE", op: "DELETE", path, params };
    try {
      return (await this.#tell(purpose, op)) ? "done" : "absent";
    } catch (error) {
      if (isNotEmpty(error)) return "notEmpty";
      if (isNotFound(error) || isUnderAFile(error)) return "absent";
      throw error;
    }
  }

  /**
   * Takes away the folders of a key that have become empty, up to the location's own, which stays. One
   * that somebody writes into meanwhile is not empty: HDFS looks and removes in one step. With `wasThere`, a
   * file had the key just now: what is above it needs no look.
   */
  async removeEmptyFolders(purpose: Purpose, key: string, wasThere = false): Promise<void> {
    for (let at = key.lastIndexOf("/"); at > 0; at = key.lastIndexOf("/", at - 1)) {
      if (!(await this.removeFolder(purpose, this.path(key.slice(0, at)), wasThere))) return;
    }
  }

  /** Removes a folder that is empty. Whether there is none now. */
  async removeFolder(purpose: Purpose, path: string, isFolder = false): Promise<boolean> {
    // An object may stand where a key that never was would have its folder.
    if (!isFolder && (await this.fileAt(purpose, path)) !== undefined) return false;
    return (await this.remove(purpose, path)) !== "notEmpty";
  }

  /**
   * Gives a file another name, making the folders for it. Rejects with kind `notFound` when there is no
   * such file. `taken` only when it must not replace.
   */
  async rename(
    purpose: Purpose,
    paths: { readonly from: string; readonly to: string },
    overwrite: boolean,
  ): Promise<Renamed> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#renameOnce(purpose, paths, overwrite);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        if ((await this.fileAt(purpose, paths.from)) === undefined) throw error;
        if (tries === FOLDER_TRIES) throw this.#withoutFolder(purpose, paths.to);
      }
      // It was the folder that is missing. Another's delete may take it away again: hence the tries.
      await this.#makeFolder(purpose, paths.to.slice(0, paths.to.lastIndexOf("/")));
    }
  }

  async #renameOnce(
    purpose: Purpose,
    { from, to }: { readonly from: string; readonly to: string },
    overwrite: boolean,
  ): Promise<Renamed> {
    const params = { destination: to, renameoptions: overwrite ? "OVERWRITE" : "NONE" };
    const op: Op = { method: "PUT", op: "RENAME", path: from, params };
    let answer: unknown;
    try {
      answer = await this.client.ask(purpose, op);
    } catch (error) {
      if (overwrite || !(error instanceof StorageError) || error.kind !== "alreadyExists") {
        throw error;
      }
      return "taken";
    }
    // A NameNode that knows the option says nothing when it went well.
    if (answer === undefined || this.#readBoolean(purpose, op, answer)) return "done";
    return await this.#renameWithoutOptions(purpose, op, overwrite);
  }

  // A gateway that does not know the option (HttpFS) says no more than false. The key is without its object
  // for a moment then: there is no other way. What stood there is put aside and not removed: it comes back when
  // the rename does not follow, because another came first with the same file, or because an answer was lost.
  async #renameWithoutOptions(purpose: Purpose, op: Op, overwrite: boolean): Promise<Renamed> {
    const to = op.params?.["destination"] ?? "";
    const there = await this.#statusAt(purpose, to);
    if (there === undefined) throw this.#missing(purpose, op.path);
    if (!there.isFile) throw this.#refused(purpose, `a folder stands at ${this.client.place(to)}`);
    if (!overwrite) return "taken";
    if ((await this.fileAt(purpose, op.path)) === undefined) throw this.#missing(purpose, op.path);
    const aside = temporaryKey(to, newTemporaryId());
    let isDone = false;
    try {
      await this.#tell(purpose, { ...op, path: to, params: { destination: aside } });
      isDone = await this.#tell(purpose, op);
    } finally {
      // Also for a caller who waits no longer.
      const last = { ...purpose, signal: undefined };
      const settled = isDone
        ? this.remove(last, aside)
        : this.#tell(last, { ...op, path: aside, params: { destination: to } });
      // `listUploads` finds what stays.
      await settled.catch(() => undefined);
    }
    if (isDone) return "done";
    throw this.#missing(purpose, op.path);
  }

  async #statusAt(purpose: Purpose, path: string): Promise<FileStatus | undefined> {
    try {
      const answer = await this.client.ask(purpose, { method: "GET", op: "GETFILESTATUS", path });
      return this.#readStatus(purpose, (answer as { FileStatus?: Json } | undefined)?.FileStatus);
    } catch (error) {
      if (isNotFound(error) || isUnderAFile(error)) return undefined;
      throw error;
    }
  }

  async #batch(purpose: Purpose, path: string, startAfter: string): Promise<ListedPage> {
    const params = startAfter === "" ? {} : { startAfter };
    const op: Op = { method: "GET", op: "LISTSTATUS_BATCH", path, params };
    const answer = (await this.client.ask(purpose, op)) as
      | {
          readonly DirectoryListing?: {
            readonly partialListing?: { readonly FileStatuses?: { readonly FileStatus?: Json[] } };
            readonly remainingEntries?: unknown;
          };
        }
      | undefined;
    const listing = answer?.DirectoryListing;
    const rows = listing?.partialListing?.FileStatuses?.FileStatus;
    if (rows === undefined) throw this.#refused(purpose, "LISTSTATUS_BATCH gave no listing");
    return this.#readPage(purpose, rows, listing?.remainingEntries === 0);
  }

  async #wholeFolder(purpose: Purpose, path: string): Promise<ListedPage> {
    try {
      const answer = (await this.client.ask(purpose, { method: "GET", op: "LISTSTATUS", path })) as
        { readonly FileStatuses?: { readonly FileStatus?: Json[] } } | undefined;
      const rows = answer?.FileStatuses?.FileStatus;
      if (rows === undefined) throw this.#refused(purpose, "LISTSTATUS gave no listing");
      const page = this.#readPage(purpose, rows, true);
      // Behind a gateway may be a file system with an order of its own.
      return { ...page, rows: page.rows.toSorted((a, b) => compareKeys(a.name, b.name)) };
    } catch (error) {
      if (isNotFound(error) || isUnderAFile(error)) return { rows: [], isLast: true };
      throw error;
    }
  }

  #readPage(purpose: Purpose, rows: readonly Json[], isLast: boolean): ListedPage {
    const read = rows.map((row) => this.#readStatus(purpose, row));
    // A file that is listed as if it were a folder has one row without a name.
    return { rows: read.filter((row) => row.name !== ""), isLast: isLast || rows.length === 0 };
  }

  #readStatus(purpose: Purpose, json: Json | undefined): FileStatus {
    const { type, pathSuffix, length, modificationTime, fileId } = json ?? {};
    if (typeof length !== "number" || typeof modificationTime !== "number") {
      throw this.#refused(purpose, "the answer has no length or time of a file");
    }
    // Gateways leave the id out; time and length alone must do then.
    const id = typeof fileId === "number" ? fileId : 0;
    return {
      isFile: type === "FILE",
      name: typeof pathSuffix === "string" ? pathSuffix : "",
      size: length,
      modifiedMs: modificationTime,
      etag: `${modificationTime}-${length}-${id}`,
    };
  }

  async #makeFolder(purpose: Purpose, path: string): Promise<void> {
    if (await this.#tell(purpose, { method: "PUT", op: "MKDIRS", path })) return;
    throw this.#refused(purpose, `the folder ${this.client.place(path)} cannot be made`);
  }

  /** An operation that is answered with a boolean. */
  async #tell(purpose: Purpose, op: Op): Promise<boolean> {
    return this.#readBoolean(purpose, op, await this.client.ask(purpose, op));
  }

  #readBoolean(purpose: Purpose, { op }: Op, answer: unknown): boolean {
    const { boolean } = (answer ?? {}) as { readonly boolean?: unknown };
    if (typeof boolean === "boolean") return boolean;
    throw this.#refused(purpose, `${op} was answered with neither true nor false`);
  }

  #missing({ operation, key }: Purpose, path: string): StorageError {
    const message = `${operation} of ${this.client.place(path)}: it, or the folder it should go to, is not there`;
    return new StorageError("notFound", message, { operation, key });
  }

  /** Not `notFound`: the file is there, and whoever heard so would take it for lost. */
  #withoutFolder({ operation, key }: Purpose, path: string): StorageError {
    const message = `${operation} to ${this.client.place(path)}: its folder was taken away as often as it was made`;
    return new StorageError("unavailable", message, { operation, key });
  }

  #refused({ operation, key }: Purpose, what: string): StorageError {
    return new StorageError("wrongConfiguration", `${operation} of ${key}: ${what}`, {
      operation,
      key,
    });
  }
}
