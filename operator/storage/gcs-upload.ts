// Writing to Google Cloud Storage: whole objects in one request, larger ones through a resumable session. The store
// verifies the CRC-32C of either, so that damage on the way never becomes visible.
//
// A session takes multiples of 256 KiB: what is left of a part waits in memory and in `state()`, and goes out with the
// next part or with the end. The etag of a part is the checksum of everything up to its end, so that also a process
// that never saw the bytes can have the store compare them.
import { randomUUID } from "node:crypto";
import { assert } from "../assert.ts";
import { crc32c, decodeCrc32c, encodeCrc32c } from "./crc32c.ts";
import { StorageError, isNotFound } from "./errors.ts";
import type { GcsBucket, GcsObject, Purpose } from "./gcs-bucket.ts";
import { OBJECT_FIELDS } from "./gcs-bucket.ts";
import { getGcsObject } from "./gcs-read.ts";
import { CHUNK_BYTES, GcsSession } from "./gcs-session.ts";
import { PartList } from "./part-list.ts";
import type { CallOptions, ObjectInfo, PartOptions, Upload, UploadState } from "./storage.ts";

export async function putGcsObject(
  bucket: GcsBucket,
  purpose: Purpose,
  { body, ifAbsent }: { readonly body: Buffer; readonly ifAbsent: boolean },
): Promise<ObjectInfo> {
  const { storageClass, kmsKeyName } = bucket.writing(purpose);
  const name = bucket.objectKey(purpose.key);
  const about = { storageClass, crc32c: encodeCrc32c(crc32c(body)) };
  const boundary = randomUUID();
  const head =
    `--${boundary}\r\ncontent-type: application/json; charset=utf-8\r\n\r\n${JSON.stringify(about)}\r\n` +
    `--${boundary}\r\ncontent-type: application/octet-stream\r\n\r\n`;
  const object = await bucket.sendForObject(purpose, {
    method: "POST",
    path: bucket.uploadPath,
    query: {
      uploadType: "multipart",
      name,
      fields: OBJECT_FIELDS,
      kmsKeyName,
      ifGenerationMatch: ifAbsent ? "0" : undefined,
    },
    headers: { "content-type": `multipart/related; boundary=${boundary}` },
    body: [Buffer.from(head), body, Buffer.from(`\r\n--${boundary}--\r\n`)],
  });
  return bucket.info(purpose, object);
}

export class GcsUpload implements Upload {
  readonly key: string;
  readonly #bucket: GcsBucket;
  readonly #session: GcsSession;
  readonly #parts: PartList;
  #count: number;
  /** Of everything in {@link #parts}. */
  #crc: number;
  /** Bytes that the session has. */
  #sent: number;
  /** What the session does not take yet; with {@link #sent}, everything in {@link #parts}. */
  #tail: Buffer;
  /** The part that is on its way, or whose promise rejected: the checksum behind it. */
  #begun: number | undefined;
  #sending: AbortController | undefined;
  /** What the session has may be more than {@link #sent}. */
  #unsure: boolean;
  #done: ObjectInfo | undefined;
  #aborted = false;

  /** `unsure`: others may have gone on with it. */
  constructor(bucket: GcsBucket, state: UploadState, { unsure }: { readonly unsure: boolean }) {
    this.key = state.key;
    this.#bucket = bucket;
    this.#session = new GcsSession(bucket, state.uploadId);
    this.#parts = PartList.of(state);
    this.#count = state.parts.length;
    this.#crc = decodeCrc32c(state.parts.at(-1)?.etag ?? encodeCrc32c(0));
    this.#tail = Buffer.from(state.tail ?? "", "base64");
    this.#sent = (this.#parts.size() ?? 0) - this.#tail.length;
    this.#unsure = unsure;
  }

  async part(body: Buffer, options: PartOptions = {}): Promise<void> {
    const { signal } = options;
    const crc = this.#begin(body, options.number);
    signal?.throwIfAborted();
    if (this.#aborted) throw this.#givenUp();
    const sending = new AbortController();
    const follow = () => sending.abort(signal?.reason);
    signal?.addEventListener("abort", follow, { once: true });
    this.#sending = sending;
    try {
      await this.#send(body, sending.signal);
    } finally {
      this.#sending = undefined;
      signal?.removeEventListener("abort", follow);
    }
    this.#count += 1;
    this.#crc = crc;
    this.#begun = undefined;
    this.#parts.store({ number: this.#count, etag: encodeCrc32c(crc), size: body.length });
  }

  state(): UploadState {
    const tail = this.#tail.length === 0 ? {} : { tail: this.#tail.toString("base64") };
    const { key } = this;
    return { key, uploadId: this.#session.path, parts: this.#parts.list(), ...tail };
  }

  async complete(options: CallOptions = {}): Promise<ObjectInfo> {
    this.#parts.whole(this.key);
    if (this.#done === undefined) {
      const purpose = this.#purpose("upload.complete", options);
      this.#done = await this.#complete(purpose);
    }
    return this.#done;
  }

  async abort(options: CallOptions = {}): Promise<void> {
    this.#aborted = true;
    this.#sending?.abort(this.#givenUp());
    await this.#session.cancel(this.#purpose("upload.abort", options));
  }

  /** Whose turn it is: the next part's, or that of the one that failed. Answers the checksum behind it. */
  #begin(body: Buffer, number = this.#begun === undefined ? this.#count + 1 : undefined): number {
    const what = `part ${number ?? "after a hole"} of ${this.key}`;
    assert(this.#sending === undefined, () => `${what} is sent before another has settled`);
    assert(number === this.#count + 1, () => `${what} is not the part ${this.#count + 1}`);
    this.#parts.take(number);
    const crc = crc32c(body, this.#crc);
    // Some of its bytes may have arrived.
    assert((this.#begun ?? crc) === crc, () => `${what} is sent anew with other bytes`);
    this.#begun = crc;
    return crc;
  }

  async #send(body: Buffer, signal: AbortSignal): Promise<void> {
    const purpose = this.#purpose("upload.part", { signal });
    const pieces = [this.#tail, body];
    const pending = this.#tail.length + body.length;
    const sendable = pending - (pending % CHUNK_BYTES);
    const start = this.#sent;
    const end = start + sendable;
    for (let at = await this.#received(purpose, end); at < end;) {
      this.#unsure = true;
      const rest = cut(pieces, at - start, sendable);
      const received = await this.#session.send(purpose, at, rest);
      if (received <= at) throw this.#failure("unavailable", "took nothing of a part");
      at = this.#within(received, end);
    }
    this.#unsure = false;
    this.#sent = end;
    // A copy: the body is the caller's again.
    this.#tail = Buffer.concat(cut(pieces, sendable, pending));
  }

  /** How much the session has, asked where that is not known. */
  async #received(purpose: Purpose, end: number): Promise<number> {
    if (!this.#unsure) return this.#sent;
    const state = await this.#session.ask(purpose);
    if ("object" in state) throw this.#failure("changed", "was completed by another");
    return this.#within(state.received, end);
  }

  #within(received: number, end: number): number {
    if (received >= this.#sent && received <= end) return received;
    const what = `has ${received} bytes, not ${this.#sent} to ${end}: another wrote to it`;
    throw this.#failure("changed", what);
  }

  async #complete(purpose: Purpose): Promise<ObjectInfo> {
    try {
      return await this.#verified(purpose, await this.#finish(purpose));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return this.#completedBefore(purpose, error);
    }
  }

  async #finish(purpose: Purpose): Promise<GcsObject> {
    const total = this.#sent + this.#tail.length;
    let at = this.#sent;
    if (this.#unsure) {
      const state = await this.#session.ask(purpose);
      if ("object" in state) return state.object;
      at = this.#within(state.received, total);
    }
    this.#unsure = true;
    const body = cut([this.#tail], at - this.#sent, this.#tail.length);
    return this.#session.finish(purpose, at, { body, crc32c: encodeCrc32c(this.#crc) });
  }

  /** Takes away again what is not what was sent: only a store that does not compare lets it come so far. */
  async #verified(purpose: Purpose, object: GcsObject): Promise<ObjectInfo> {
    // First: without a generation whatever stands there would be taken away.
    const info = this.#bucket.info(purpose, object);
    if (this.#isOurs(object)) return info;
    await this.#bucket.send(
      { ...purpose, accept: [200, 204, 404, 412] },
      {
        method: "DELETE",
        path: this.#bucket.path(this.key),
        query: { ifGenerationMatch: info.etag },
      },
    );
    throw this.#failure("badDigest", "became another object than was sent");
  }

  /** The session is gone: completed, when its object is there; else cancelled or over. */
  async #completedBefore(purpose: Purpose, cause: unknown): Promise<ObjectInfo> {
    let there: GcsObject;
    try {
      there = await getGcsObject(this.#bucket, purpose);
    } catch (error) {
      throw isNotFound(error) ? cause : error;
    }
    if (!this.#isOurs(there)) throw cause;
    return this.#bucket.info(purpose, there);
  }

  #isOurs({ size, crc32c: crc }: GcsObject): boolean {
    const total = this.#sent + this.#tail.length;
    return Number(size) === total && (crc ?? encodeCrc32c(this.#crc)) === encodeCrc32c(this.#crc);
  }

  #purpose(operation: string, { signal }: CallOptions): Purpose {
    return { operation, key: this.key, signal };
  }

  #failure(kind: "unavailable" | "changed" | "badDigest", what: string): StorageError {
    const detail = { operation: "upload", key: this.key };
    return new StorageError(kind, `the upload of ${this.key} ${what}`, detail);
  }

  #givenUp(): StorageError {
    const detail = { operation: "upload.part", key: this.key };
    return new StorageError("notFound", `the upload of ${this.key} was given up`, detail);
  }
}

/** The bytes from one place to another of several buffers in a row, not copied. */
function cut(pieces: readonly Buffer[], from: number, to: number): Buffer[] {
  let start = 0;
  const cuts: Buffer[] = [];
  for (const piece of pieces) {
    const some = piece.subarray(Math.max(0, from - start), Math.max(0, to - start));
    if (some.length > 0) cuts.push(some);
    start += piece.length;
  }
  return cuts;
}
