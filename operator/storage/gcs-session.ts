// A resumable session of Google Cloud Storage: one object's bytes, sent one after the other in multiples of 256 KiB,
// visible when the last ones have come. The store says how much it has, and that alone counts: a chunk may have arrived
// in part, or in whole though nobody heard of it.
//
// What would surprise: the session's address lets its holder write this object, without any token. It is kept as path
// and query, so that it leads over our own endpoint only, and stands in no message.
import { StorageError } from "./errors.ts";
import type { GcsBucket, GcsObject, Purpose, TextAnswer } from "./gcs-bucket.ts";
import { OBJECT_FIELDS } from "./gcs-bucket.ts";

/** Chunks but the last are multiples of it. Bytes. */
export const CHUNK_BYTES = 256 * 1024;

/** What a session has: so many bytes, or a whole object. */
export type SessionState = { readonly received: number } | { readonly object: GcsObject };

/** Not all had come. */
const INCOMPLETE = 308;
const DONE = [200, 201];
/** Cancelled as asked, in Google's own number; or long gone. */
const CANCELLED = [499, 200, 204, 404, 410];

/** Begins one; resolves with its path. */
export async function beginGcsSession(bucket: GcsBucket, purpose: Purpose): Promise<string> {
  const { kmsKeyName, storageClass } = bucket.writing(purpose);
  const name = bucket.objectKey(purpose.key);
  const { headers } = await bucket.send(purpose, {
    method: "POST",
    path: bucket.uploadPath,
    query: { uploadType: "resumable", name, fields: OBJECT_FIELDS, kmsKeyName },
    headers: {
      "content-type": "application/json; charset=utf-8",
      "x-upload-content-type": "application/octet-stream",
    },
    body: [Buffer.from(JSON.stringify({ storageClass }))],
  });
  const address = URL.parse(headers.location ?? "");
  if (address === null) throw failed(purpose, "the answer has no session");
  return `${address.pathname}${address.search}`;
}

export class GcsSession {
  readonly path: string;
  readonly #bucket: GcsBucket;

  constructor(bucket: GcsBucket, path: string) {
    this.path = path;
    this.#bucket = bucket;
  }

  /** What has arrived. Kind `notFound` when the session is gone. */
  async ask(purpose: Purpose): Promise<SessionState> {
    const answer = await this.#put(purpose, "bytes */*", { accept: [INCOMPLETE, ...DONE] });
    if (answer.status === INCOMPLETE) return { received: receivedOf(answer) };
    return { object: this.#bucket.parse(purpose, answer) };
  }

  /** Sends bytes that more will follow. Answers how many bytes have arrived in all: at times less than was sent. */
  async send(purpose: Purpose, first: number, body: readonly Buffer[]): Promise<number> {
    const last = first + lengthOf(body) - 1;
    const accept = [INCOMPLETE];
    return receivedOf(await this.#put(purpose, `bytes ${first}-${last}/*`, { accept, body }));
  }

  /** Sends the last bytes, which may be none; the store compares the whole with the checksum. */
  async finish(
    purpose: Purpose,
    first: number,
    { body, crc32c }: { readonly body: readonly Buffer[]; readonly crc32c: string },
  ): Promise<GcsObject> {
    const total = first + lengthOf(body);
    const range = total === first ? `bytes */${total}` : `bytes ${first}-${total - 1}/${total}`;
    const headers = { "x-goog-hash": `crc32c=${crc32c}` };
    const accept = [INCOMPLETE, ...DONE];
    const slow: Purpose = { ...purpose, slow: true };
    const answer = await this.#put(slow, range, { accept, body, headers });
    if (answer.status === INCOMPLETE) throw failed(purpose, "the last bytes did not arrive");
    return this.#bucket.parse(purpose, answer);
  }

  /** Gives it up; one that is gone is fine. */
  async cancel(purpose: Purpose): Promise<void> {
    const request = { method: "DELETE", path: this.path } as const;
    await this.#bucket.send({ ...purpose, accept: CANCELLED }, request);
  }

  #put(
    purpose: Purpose,
    range: string,
    how: {
      readonly accept: readonly number[];
      readonly body?: readonly Buffer[];
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): Promise<TextAnswer> {
    const headers = { ...how.headers, "content-range": range };
    const request = { method: "PUT", path: this.path, headers, body: how.body } as const;
    return this.#bucket.send({ ...purpose, accept: how.accept }, request);
  }
}

function receivedOf({ headers }: TextAnswer): number {
  const { range } = headers;
  const [, last] = /^bytes=0-(\d+)$/.exec(range ?? "") ?? [];
  // Without the header nothing has arrived.
  return last === undefined ? 0 : Number(last) + 1;
}

function lengthOf(body: readonly Buffer[]): number {
  return body.reduce((sum, piece) => sum + piece.length, 0);
}

function failed({ operation, key }: Purpose, what: string): StorageError {
  const detail = { operation, key };
  return new StorageError("unavailable", `${operation} of ${key}: ${what}`, detail);
}
