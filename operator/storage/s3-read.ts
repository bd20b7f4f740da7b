// Reading an object from S3: one request for a body, its head says which object and what of it. An early
// exit closes the connection (body-reader.ts): what was not read would otherwise have to be.
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { GetObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { Readable } from "node:stream";
import { BodyReader } from "./body-reader.ts";
import { isStorageError } from "./errors.ts";
import { requireExtent, requireWished } from "./extent.ts";
import type { Purpose, S3Bucket } from "./s3-bucket.ts";
import type { ObjectInfo, ObjectReader, ReadOptions } from "./storage.ts";

/** One GET; one more request only where S3 cannot say "nothing" (empty ranges, empty objects). */
export async function readS3Object(
  bucket: S3Bucket,
  key: string,
  options: ReadOptions,
): Promise<ObjectReader> {
  const purpose: Purpose = { operation: "read", key, signal: options.signal };
  const start = options.start ?? 0;
  if (options.length === 0) return nothingOf(bucket, purpose, options);
  try {
    const output = await bucket.send(purpose, (client, sendOptions) =>
      client.send(
        new GetObjectCommand({
          Bucket: bucket.name,
          Key: bucket.objectKey(key),
          ...(options.etag === undefined ? {} : { IfMatch: `"${options.etag}"` }),
          ...rangeOf(start, options.length),
        }),
        sendOptions,
      ),
    );
    return open(bucket, purpose, { output, options });
  } catch (error) {
    const beyond = isStorageError(error) && error.kind === "invalidRange";
    // An empty object has no first byte that a range could name.
    if (beyond && start === 0) return nothingOf(bucket, purpose, options);
    throw error;
  }
}

export async function headS3Object(bucket: S3Bucket, purpose: Purpose): Promise<ObjectInfo> {
  const output = await bucket.send(purpose, (client, sendOptions) =>
    client.send(
      new HeadObjectCommand({ Bucket: bucket.name, Key: bucket.objectKey(purpose.key) }),
      sendOptions,
    ),
  );
  return bucket.info(purpose, output.ContentLength, output.ETag);
}

async function nothingOf(
  bucket: S3Bucket,
  purpose: Purpose,
  options: ReadOptions,
): Promise<ObjectReader> {
  const info = await headS3Object(bucket, purpose);
  requireWished(purpose, info, options);
  return readerOf(bucket, purpose, { info, body: Readable.from([]), length: 0 });
}

function rangeOf(start: number, length: number | undefined): { Range?: string } {
  if (length !== undefined) return { Range: `bytes=${start}-${start + length - 1}` };
  return start === 0 ? {} : { Range: `bytes=${start}-` };
}

function open(
  bucket: S3Bucket,
  purpose: Purpose,
  { output, options }: { readonly output: GetObjectCommandOutput; readonly options: ReadOptions },
): ObjectReader {
  const body = output.Body as Readable;
  const { ContentRange: contentRange, ContentLength: contentLength } = output;
  try {
    const extent = requireExtent(purpose, { contentRange, contentLength }, options);
    const info = bucket.info(purpose, extent.size, output.ETag);
    // Not every store knows the condition.
    requireWished(purpose, info, options);
    return readerOf(bucket, purpose, { info, body, length: extent.length ?? info.size });
  } catch (error) {
    body.destroy();
    throw error;
  }
}

function readerOf(
  bucket: S3Bucket,
  purpose: Purpose,
  what: { readonly info: ObjectInfo; readonly body: Readable; readonly length: number },
): ObjectReader {
  return new BodyReader({
    ...what,
    place: `s3://${bucket.name}/${bucket.objectKey(purpose.key)}`,
    clock: bucket.clock,
    stallMs: bucket.timeouts.stallMs,
    signal: purpose.signal,
    classify: (error) => bucket.failure(error, { ...purpose, operation: "read.body" }),
  });
}
