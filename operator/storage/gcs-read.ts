// Reading objects of Google Cloud Storage: one request for a body, its head says which object it is.
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { BodyReader } from "./body-reader.ts";
import { isStorageError } from "./errors.ts";
import { requireExtent, requireWished } from "./extent.ts";
import type { GcsBucket, GcsObject, Purpose } from "./gcs-bucket.ts";
import { OBJECT_FIELDS } from "./gcs-bucket.ts";
import type { HttpAnswer } from "./gcs-http.ts";
import type { ObjectInfo, ObjectReader, ReadOptions } from "./storage.ts";

export async function getGcsObject(bucket: GcsBucket, purpose: Purpose): Promise<GcsObject> {
  return bucket.sendForObject(purpose, {
    method: "GET",
    path: bucket.path(purpose.key),
    query: { fields: OBJECT_FIELDS },
  });
}

export async function statGcsObject(bucket: GcsBucket, purpose: Purpose): Promise<ObjectInfo> {
  return bucket.info(purpose, await getGcsObject(bucket, purpose));
}

/** One GET; one more request only where there is no byte that a range could name. */
export async function readGcsObject(
  bucket: GcsBucket,
  key: string,
  options: ReadOptions,
): Promise<ObjectReader> {
  const purpose: Purpose = { operation: "read", key, signal: options.signal };
  const start = options.start ?? 0;
  if (options.length === 0) return nothingOf(bucket, purpose, options);
  try {
    const { head, body } = await bucket.open(purpose, {
      method: "GET",
      path: bucket.path(key),
      query: { alt: "media", ifGenerationMatch: options.etag },
      // Without it an object that somebody stored compressed would arrive otherwise than it lies there.
      headers: { "accept-encoding": "gzip", ...rangeOf(start, options.length) },
    });
    return open(bucket, purpose, { head, body, options });
  } catch (error) {
    const beyond = isStorageError(error) && error.kind === "invalidRange";
    // An empty object has no first byte that a range could name.
    if (beyond && start === 0) return nothingOf(bucket, purpose, options);
    throw error;
  }
}

async function nothingOf(
  bucket: GcsBucket,
  purpose: Purpose,
  options: ReadOptions,
): Promise<ObjectReader> {
  const info = await statGcsObject(bucket, purpose);
  requireWished(purpose, info, options);
  return readerOf(bucket, purpose, { info, body: Readable.from([]), length: 0 });
}

function rangeOf(start: number, length: number | undefined): { range?: string } {
  if (length !== undefined) return { range: `bytes=${start}-${start + length - 1}` };
  return start === 0 ? {} : { range: `bytes=${start}-` };
}

function open(
  bucket: GcsBucket,
  purpose: Purpose,
  what: {
    readonly head: HttpAnswer;
    readonly body: IncomingMessage;
    readonly options: ReadOptions;
  },
): ObjectReader {
  const { head, body, options } = what;
  try {
    const { length, size } = requireExtent(purpose, extentOf(head), options);
    const generation = header(head, "x-goog-generation");
    const info = bucket.info(purpose, definedOf({ size: size?.toString(), generation }));
    requireWished(purpose, info, options);
    return readerOf(bucket, purpose, { info, body, length: length ?? info.size });
  } catch (error) {
    body.destroy();
    throw error;
  }
}

function extentOf(head: HttpAnswer) {
  const length = head.headers["content-length"] ?? header(head, "x-goog-stored-content-length");
  return {
    contentRange: head.headers["content-range"],
    contentLength: length === undefined ? undefined : Number(length),
  };
}

function definedOf(object: { readonly [name in keyof GcsObject]: string | undefined }): GcsObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

function readerOf(
  bucket: GcsBucket,
  purpose: Purpose,
  what: { readonly info: ObjectInfo; readonly body: Readable; readonly length: number },
): ObjectReader {
  return new BodyReader({
    ...what,
    place: `gs://${bucket.name}/${bucket.objectKey(purpose.key)}`,
    clock: bucket.clock,
    stallMs: bucket.timeouts.stallMs,
    signal: purpose.signal,
    classify: (error) => bucket.failure(error, { ...purpose, operation: "read.body" }),
  });
}

function header({ headers }: HttpAnswer, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
}
