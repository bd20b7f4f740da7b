// S3 for the suite of faults: the requests of its driver, and a server behind the harming proxy.
import { startFaultProxy } from "../../../e2e/servers/fault-proxy.ts";
import type { S3Operation, S3Request } from "../../../e2e/servers/s3-request.ts";
import type { S3Server } from "../../../e2e/servers/s3-server.ts";
import { systemClock } from "../../clock.ts";
import { silentLog } from "../../log.ts";
import { Secret } from "../../secret.ts";
import { openStorage } from "../open.ts";
import type { Storage } from "../storage.ts";
import type { FaultTable, FaultyStore } from "./faults.ts";
import type { FaultedRequest } from "./faults-harms.ts";

const MIB = 1024 * 1024;

export interface S3Kind {
  /** The server verifies checksums and conditions, and lists its uploads itself. */
  readonly isStrict: boolean;
}

export function s3Faults({ isStrict }: S3Kind): FaultTable<S3Request> {
  const sends = isStrict ? "checked" : "unchecked";
  return {
    requests: {
      PutObject: { call: "put", sends },
      GetObject: { call: "read", answers: "content", stands: true },
      HeadObject: { call: "stat", saysNothing: true },
      // A bucket that may not be asked for is there.
      HeadBucket: { call: "statOfNothing", saysNothing: true, isSpared: true },
      DeleteObject: { call: "delete", saysNothing: true },
      DeleteObjects: { call: "deleteMany", answers: "words" },
      CopyObject: { call: "move", answers: "words", takesLong: true },
      UploadPartCopy: { call: "copy", answers: "words", takesLong: true, most: 2 },
      CreateMultipartUpload: { call: "upload", answers: "words", begins: true },
      UploadPart: { call: "upload", sends, most: 2 },
      CompleteMultipartUpload: { call: "upload", answers: "words", takesLong: true, stands: true },
      AbortMultipartUpload: { call: "abort", saysNothing: true, ends: true },
      ListObjectsV2: { call: "list", answers: "words", stands: true },
      ListMultipartUploads: { call: "listUploads", answers: "words", ends: true },
    } satisfies Record<Exclude<S3Operation, "Other">, FaultedRequest>,
    refusals: {
      internal: { do: "refuse", status: 500, code: "InternalError" },
      throttled: { do: "refuse", status: 429, code: "SlowDown" },
      denied: { do: "refuse", status: 403, code: "AccessDenied" },
    },
  };
}

export async function openFaultyS3(
  { isStrict }: S3Kind,
  start: () => Promise<S3Server>,
): Promise<FaultyStore<S3Request>> {
  const server = await start();
  const proxy = await startFaultProxy(server, { answerListUploads: !isStrict });
  const storage = (limitMs: number): Storage => {
    const { endpoint, bucket, accessKeyId, secretAccessKey } = proxy;
    return openStorage(
      {
        location: `s3://${bucket}/faults`,
        connection: { maxSockets: 16 },
        s3: {
          endpoint,
          credentials: { accessKeyId, secretAccessKey: new Secret(secretAccessKey) },
          conditionalPut: isStrict,
          copyLimits: { singleBytesMax: 5 * MIB, partBytes: 5 * MIB },
          timeouts: { requestMs: limitMs, slowRequestMs: limitMs, stallMs: limitMs / 4 },
        },
        retry: { firstDelayMs: 1, delayMaxMs: 5 },
      },
      { clock: systemClock, random: () => 0.5, log: silentLog },
    );
  };
  return {
    proxy,
    storage,
    unfinished: async () => proxy.openUploads().map(({ key }) => key),
    close: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
}
