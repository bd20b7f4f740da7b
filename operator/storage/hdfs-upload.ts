// Writing to HDFS: into a temporary file beside the object, whose length is compared, then a rename. A server
// that was cut off in the middle keeps what it has got as a whole file: only its length tells.
//
// A large object is begun as an empty file and grows by one APPEND for each part. A part whose promise
// rejected may have arrived, or half of it, or may still be arriving: the file is cut back to where the part
// began before it is sent anew, whoever is still writing is refused by HDFS' lease.
import { assert } from "../assert.ts";
import { StorageError, isNotFound } from "./errors.ts";
import type { Purpose } from "./hdfs-client.ts";
import type { FileStatus, HdfsFiles } from "./hdfs-files.ts";
import { newTemporaryId, temporaryKey } from "./hdfs-temporary.ts";
import type { CallOptions, ObjectInfo, PartOptions, Upload, UploadState } from "./storage.ts";

type Part = UploadState["parts"][number];

/** Cleaning up after a failure must not keep its caller for long; a sweep finds what stays. */
const DISCARD_MS = 5000;
/** Between two looks at a file that is being cut off. */
const TRUNCATE_POLL_MS = 500;
const TRUNCATE_POLLS = 60;

/** A whole object in one go. */
export async function putHdfsFile(
  files: HdfsFiles,
  purpose: Purpose,
  { body, ifAbsent }: { readonly body: Buffer; readonly ifAbsent: boolean },
): Promise<ObjectInfo> {
  const { key } = purpose;
  const to = files.objectPath(key);
  const from = files.path(temporaryKey(key, newTemporaryId()));
  purpose.signal?.throwIfAborted();
  try {
    await files.create(purpose, from, body);
    const status = await requireLength(files, purpose, { path: from, size: body.length });
    const renamed = await renameWritten(files, purpose, { from, to, status, overwrite: !ifAbsent });
    if (renamed === "taken") throw failure("alreadyExists", purpose, "it is there already");
    return files.info(key, status);
  } catch (error) {
    await discard(files, purpose, from);
    throw error;
  }
}

/** Begins an upload; resolves with its id. */
export async function createHdfsUpload(files: HdfsFiles, purpose: Purpose): Promise<string> {
  files.objectPath(purpose.key);
  const id = newTemporaryId();
  const path = files.path(temporaryKey(purpose.key, id));
  try {
    await files.create(purpose, path, Buffer.alloc(0));
  } catch (error) {
    await discard(files, purpose, path);
    throw error;
  }
  return id;
}

/** Removes what an upload has written, and folders that it made. One that is gone is fine. */
export async function abortHdfsUpload(
  files: HdfsFiles,
  purpose: Purpose,
  uploadId: string,
): Promise<void> {
  await files.remove(purpose, files.path(temporaryKey(purpose.key, uploadId)));
  await files.removeEmptyFolders(purpose, purpose.key);
}

export class HdfsUpload implements Upload {
  readonly key: string;
  readonly #files: HdfsFiles;
  readonly #uploadId: string;
  readonly #path: string;
  readonly #parts: Part[];
  readonly #sending = new Set<AbortController>();
  #begun: number;
  /** A part has failed: nobody knows how long the file is. */
  #unsure = false;
  #done: ObjectInfo | undefined;
  #aborted = false;

  constructor(files: HdfsFiles, { key, uploadId, parts }: UploadState) {
    this.key = key;
    this.#files = files;
    this.#uploadId = uploadId;
    this.#path = files.path(temporaryKey(key, uploadId));
    this.#parts = [...parts];
    this.#begun = parts.length;
  }

  async part(body: Buffer, options: PartOptions = {}): Promise<void> {
    const number = options.number ?? this.#begun + 1;
    const next = this.#parts.length + 1;
    assert(
      number === next && this.#sending.size === 0,
      () => `part ${number} of ${this.key} was sent while part ${next} is not stored`,
    );
    this.#begun = number;
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#aborted) throw this.#givenUp();
    const sending = new AbortController();
    const follow = () => sending.abort(signal?.reason);
    signal?.addEventListener("abort", follow, { once: true });
    this.#sending.add(sending);
    try {
      this.#parts.push(await this.#send(number, body, sending.signal));
    } finally {
      this.#sending.delete(sending);
      signal?.removeEventListener("abort", follow);
    }
  }

  state(): UploadState {
    return { key: this.key, uploadId: this.#uploadId, parts: [...this.#parts] };
  }

  async complete(options: CallOptions = {}): Promise<ObjectInfo> {
    assert(
      this.#parts.length === this.#begun,
      () => `the upload of ${this.key} has ${this.#parts.length} of ${this.#begun} parts`,
    );
    this.#done ??= await this.#complete(this.#purpose("upload.complete", options));
    return this.#done;
  }

  async abort(options: CallOptions = {}): Promise<void> {
    this.#aborted = true;
    for (const sending of this.#sending) sending.abort(this.#givenUp());
    await abortHdfsUpload(this.#files, this.#purpose("upload.abort", options), this.#uploadId);
  }

  async #send(number: number, body: Buffer, signal: AbortSignal): Promise<Part> {
    const purpose = this.#purpose("upload.part", { signal });
    const start = this.#size();
    if (this.#unsure) await this.#cutBack(purpose, start);
    this.#unsure = true;
    await this.#files.append(purpose, this.#path, body);
    const size = start + body.length;
    const { etag } = await requireLength(this.#files, purpose, { path: this.#path, size });
    this.#unsure = false;
    return { number, etag, size: body.length };
  }

  async #cutBack(purpose: Purpose, size: number): Promise<void> {
    const status = await this.#files.fileAt(purpose, this.#path);
    if (status === undefined) throw this.#givenUp();
    // HDFS cuts in the background, and tells of the new length before it can be written to.
    if (status.size > size && !(await this.#files.truncate(purpose, this.#path, size))) {
      const { clock } = this.#files.client;
      for (let polls = 0; polls < TRUNCATE_POLLS; polls += 1) {
        await clock.sleep(TRUNCATE_POLL_MS, purpose.signal);
        if (await this.#files.truncate(purpose, this.#path, size)) return;
      }
      throw failure("unavailable", purpose, "HDFS is still cutting off what a failed part left");
    }
  }

  async #complete(purpose: Purpose): Promise<ObjectInfo> {
    const size = this.#size();
    const status = await this.#files.fileAt(purpose, this.#path);
    if (status === undefined) return await this.#completedBefore(purpose);
    if (status.size !== size) {
      throw failure("changed", purpose, `it has ${status.size} bytes, its parts have ${size}`);
    }
    const to = this.#files.objectPath(this.key);
    const from = this.#path;
    await renameWritten(this.#files, purpose, { from, to, status, overwrite: true });
    return this.#files.info(this.key, status);
  }

  /** The file is gone: completed, when it stands under its name as the last part left it; else aborted. */
  async #completedBefore(purpose: Purpose): Promise<ObjectInfo> {
    const there = await this.#files.fileAt(purpose, this.#files.objectPath(this.key));
    const last = this.#parts.at(-1);
    const ours = last === undefined ? there?.size === 0 : there?.etag === last.etag;
    if (there === undefined || !ours) throw failure("notFound", purpose, "the upload is gone");
    return this.#files.info(this.key, there);
  }

  #size(): number {
    return this.#parts.reduce((sum, { size = 0 }) => sum + size, 0);
  }

  #purpose(operation: string, { signal }: CallOptions): Purpose {
    return { operation, key: this.key, signal };
  }

  #givenUp(): StorageError {
    return failure("notFound", this.#purpose("upload.part", {}), "the upload was given up");
  }
}

/** What was just written, when it is as long as it must be. */
async function requireLength(
  files: HdfsFiles,
  purpose: Purpose,
  { path, size }: { readonly path: string; readonly size: number },
): Promise<FileStatus> {
  const status = await files.fileAt(purpose, path);
  if (status === undefined) throw failure("notFound", purpose, "what was written is gone");
  if (status.size === size) return status;
  const arrived = `${status.size} of ${size} bytes have arrived`;
  throw failure("unavailable", purpose, `${arrived}, though HDFS said all had`);
}

/** The rename that makes a written file visible, also when it was done and its answer was lost. */
async function renameWritten(
  files: HdfsFiles,
  purpose: Purpose,
  what: {
    readonly from: string;
    readonly to: string;
    readonly status: FileStatus;
    readonly overwrite: boolean;
  },
): Promise<"done" | "taken"> {
  try {
    return await files.rename(purpose, what, what.overwrite);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const there = await files.fileAt(purpose, what.to);
    if (there?.etag !== what.status.etag) throw error;
    return "done";
  }
}

/** Takes a temporary file away after a failure, as well as it can: its caller has an error to tell. */
async function discard(files: HdfsFiles, { key }: Purpose, path: string): Promise<void> {
  const stop = new AbortController();
  const cancel = files.client.clock.after(DISCARD_MS, () => stop.abort(new Error("too late")));
  const purpose: Purpose = { operation: "abortUpload", key, signal: stop.signal };
  try {
    await files.remove(purpose, path);
    await files.removeEmptyFolders(purpose, key);
  } catch {
    // `listUploads` finds it.
  } finally {
    cancel();
  }
}

function failure(
  kind: "alreadyExists" | "changed" | "notFound" | "unavailable",
  { operation, key }: Purpose,
  what: string,
): StorageError {
  return new StorageError(kind, `${operation} of ${key}: ${what}`, { operation, key });
}
