// The HDFS driver: WebHDFS, spoken to NameNodes and DataNodes or to a gateway before them. Objects are files;
// folders come with them and go with the last. Names of files being written: hdfs-temporary.ts.
//
// HDFS copies nothing by itself: `copy` passes the bytes through this process, a part at a time. Nothing of the
// product asks for it where `move` is atomic.
import type { Clock } from "../clock.ts";
import { StorageError, isNotFound } from "./errors.ts";
import type { Purpose } from "./hdfs-client.ts";
import { HdfsFiles } from "./hdfs-files.ts";
import type { HdfsClient } from "./hdfs-client.ts";
import { listHdfs, listHdfsUploads } from "./hdfs-list.ts";
import { removeFoldersWithoutFiles } from "./hdfs-folders.ts";
import type { HdfsLocation } from "./hdfs-location.ts";
import { formatHdfsLocation } from "./hdfs-location.ts";
import { readHdfsFile } from "./hdfs-read.ts";
import { HdfsUpload, abortHdfsUpload, createHdfsUpload, putHdfsFile } from "./hdfs-upload.ts";
import { requireKey, requirePair } from "./key.ts";
import type { Layer } from "./layer.ts";
import { forEachParallel } from "./parallel.ts";
import type {
  CallOptions,
  Capabilities,
  CopyOptions,
  ListEntry,
  ListOptions,
  ObjectInfo,
  ObjectReader,
  PutOptions,
  ReadOptions,
  Storage,
  Upload,
  UploadRef,
  UploadState,
} from "./storage.ts";

export interface HdfsStorageOptions {
  readonly client: HdfsClient;
  readonly location: HdfsLocation;
  readonly clock: Clock;
  /** Around each request of a call that takes many; retries belong here. Default: nothing. */
  readonly steps?: Pick<Layer, "call"> | undefined;
  /** Bytes that `copy` holds at a time. Default 8 MiB. */
  readonly copyPartBytes?: number | undefined;
}

const COPY_PART_BYTES = 8 * 1024 * 1024;
const DELETE_PARALLEL = 8;
const onlyOnce: Pick<Layer, "call"> = { call: (_call, next) => next() };

export class HdfsStorage implements Storage {
  readonly location: string;
  readonly capabilities: Capabilities = {
    atomicMove: true,
    conditionalPut: true,
    partBytesMin: 1,
    // HDFS has no limit of its own; each has its line in an upload's state.
    partsMax: 100_000,
    partsInOrder: true,
    uploadsListed: true,
  };
  readonly #files: HdfsFiles;
  readonly #steps: Pick<Layer, "call">;
  readonly #copyPartBytes: number;

  constructor(options: HdfsStorageOptions) {
    const { client, location, steps = onlyOnce, copyPartBytes = COPY_PART_BYTES } = options;
    this.location = formatHdfsLocation(location);
    this.#files = new HdfsFiles(client, location.path);
    this.#steps = steps;
    this.#copyPartBytes = copyPartBytes;
  }

  async put(key: string, body: Buffer, options: PutOptions = {}): Promise<ObjectInfo> {
    const purpose: Purpose = { operation: "put", key, signal: options.signal };
    return await putHdfsFile(this.#files, purpose, { body, ifAbsent: options.ifAbsent === true });
  }

  async upload(key: string, options: CallOptions = {}): Promise<Upload> {
    const purpose: Purpose = { operation: "upload", key, signal: options.signal };
    const uploadId = await createHdfsUpload(this.#files, purpose);
    return this.resumeUpload({ key, uploadId, parts: [] });
  }

  resumeUpload(state: UploadState): Upload {
    return new HdfsUpload(this.#files, state);
  }

  async read(key: string, options: ReadOptions = {}): Promise<ObjectReader> {
    return await readHdfsFile(this.#files, key, options);
  }

  async stat(key: string, options: CallOptions = {}): Promise<ObjectInfo | undefined> {
    const purpose: Purpose = { operation: "stat", key, signal: options.signal };
    const status = await this.#files.fileAt(purpose, this.#files.objectPath(key));
    return status && this.#files.info(key, status);
  }

  list(prefix: string, options: ListOptions = {}): AsyncIterable<ListEntry> {
    const purpose: Purpose = { operation: "list", key: prefix, signal: options.signal };
    return listHdfs(this.#files, purpose, options);
  }

  async copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    requirePair(from, to);
    const { signal } = options;
    const source = await this.read(from, { signal });
    const upload = await this.upload(to, { signal });
    try {
      for await (const part of inParts(source.body, this.#copyPartBytes)) {
        await upload.part(part, { signal });
      }
      return await upload.complete({ signal });
    } catch (error) {
      await upload.abort().catch(() => undefined);
      throw error;
    } finally {
      source.destroy();
    }
  }

  async move(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    requirePair(from, to);
    const purpose: Purpose = { operation: "move", key: from, signal: options.signal };
    const paths = { from: this.#files.objectPath(from), to: this.#files.objectPath(to) };
    const status = await this.#files.fileAt(purpose, paths.from);
    if (status === undefined) return await this.#movedBefore(purpose, { to, ...options });
    try {
      await this.#files.rename(purpose, paths, true);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return await this.#movedBefore(purpose, { to, size: status.size });
    }
    // A folder that holds the target has not become empty.
    const folder = from.slice(0, from.lastIndexOf("/") + 1);
    if (!to.startsWith(folder)) await this.#files.removeEmptyFolders(purpose, from, true);
    return this.#files.info(to, status);
  }

  async delete(key: string, options: CallOptions = {}): Promise<void> {
    const purpose: Purpose = { operation: "delete", key: requireKey(key), signal: options.signal };
    const removed = await this.#files.remove(purpose, this.#files.objectPath(key));
    await this.#files.removeEmptyFolders(purpose, key, removed === "done");
  }

  async deleteMany(keys: readonly string[], options: CallOptions = {}): Promise<void> {
    const { signal } = options;
    const purposeOf = (key: string) => ({ operation: "deleteMany", key, signal }) as const;
    await forEachParallel(keys, DELETE_PARALLEL, async (key) => {
      const purpose = purposeOf(key);
      await this.#steps.call(purpose, () => this.#files.remove(purpose, this.#files.path(key)));
    });
    // One key of each folder stands for it.
    const folders = new Map(keys.map((key) => [key.slice(0, key.lastIndexOf("/") + 1), key]));
    await forEachParallel(folders.values(), DELETE_PARALLEL, async (key) => {
      const purpose = purposeOf(key);
      await this.#steps.call(purpose, () => this.#files.removeEmptyFolders(purpose, key));
    });
  }

  listUploads(prefix: string, options: CallOptions = {}): AsyncIterable<UploadRef> {
    const purpose: Purpose = { operation: "listUploads", key: prefix, signal: options.signal };
    return listHdfsUploads(this.#files, purpose);
  }

  async abortUpload(upload: UploadRef, options: CallOptions = {}): Promise<void> {
    const { key, uploadId } = upload;
    const purpose: Purpose = { operation: "abortUpload", key, signal: options.signal };
    await abortHdfsUpload(this.#files, purpose, uploadId);
  }

  async removeEmptyFolders(prefix: string, options: CallOptions = {}): Promise<void> {
    const folder = requireKey(prefix.replace(/\/$/, ""));
    const { signal } = options;
    const purpose: Purpose = { operation: "removeEmptyFolders", key: prefix, signal };
    await removeFoldersWithoutFiles(this.#files, purpose, folder);
    await this.#files.removeEmptyFolders(purpose, folder);
  }

  /** The source is gone: moved, when the target is there and not another one's. */
  async #movedBefore(
    purpose: Purpose,
    { to, size }: { readonly to: string; readonly size?: number | undefined },
  ): Promise<ObjectInfo> {
    const there = await this.#files.fileAt(purpose, this.#files.objectPath(to));
    if (there !== undefined && there.size === (size ?? there.size)) {
      await this.#files.removeEmptyFolders(purpose, purpose.key);
      return this.#files.info(to, there);
    }
    const { operation, key } = purpose;
    const message = `${operation} of ${key} to ${to}: it is not there`;
    throw new StorageError("notFound", message, { operation, key });
  }
}

/** The same bytes in pieces of one size but for the last. */
async function* inParts(body: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    waiting.push(chunk);
    size += chunk.length;
    if (size < bytes) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(waiting);
}
