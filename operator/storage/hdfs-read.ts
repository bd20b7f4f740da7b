// Reading a file of HDFS: first what it is, then its bytes from a DataNode.
//
// What stays of a race: a file that is replaced between the two requests is read as the new one under the old
// one's ETag, if both have the same length. WebHDFS has no condition for OPEN, and asking again afterwards
// would cost every read a third request against what the contract rules out: one key has one content only.
// A file that is replaced later, while it is read, loses its blocks: that breaks the body off.
import { Readable } from "node:stream";
import { BodyReader } from "./body-reader.ts";
import { StorageError } from "./errors.ts";
import { requireWished } from "./extent.ts";
import type { Op, Purpose } from "./hdfs-client.ts";
import type { HdfsFiles } from "./hdfs-files.ts";
import type { ObjectReader, ReadOptions } from "./storage.ts";

export async function readHdfsFile(
  files: HdfsFiles,
  key: string,
  options: ReadOptions,
): Promise<ObjectReader> {
  const purpose: Purpose = { operation: "read", key, signal: options.signal };
  const path = files.objectPath(key);
  const status = await files.fileAt(purpose, path);
  if (status === undefined) {
    throw new StorageError("notFound", `read: ${key} is not there`, { operation: "read", key });
  }
  const info = files.info(key, status);
  requireWished(purpose, info, options);
  const start = options.start ?? 0;
  const length = Math.min(options.length ?? info.size, info.size - start);
  const params = { offset: String(start), length: String(length) };
  const op: Op = { method: "GET", op: "OPEN", path, params };
  const body = length === 0 ? Readable.from([]) : await files.client.open(purpose, op);
  const { client } = files;
  return new BodyReader({
    info,
    body,
    length,
    place: client.place(path),
    clock: client.clock,
    stallMs: client.timeouts.stallMs,
    signal: options.signal,
    classify: (error) => client.failure(error, { ...purpose, operation: "read.body" }, path),
  });
}
