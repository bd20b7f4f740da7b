// Copies inside S3 whose answers are lost, without a server.
import { expect } from "chai";
import { Secret } from "../secret.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { makeS3Client } from "./s3-client.ts";
import { S3Storage } from "./s3.ts";
import { rejection } from "./testing/collect.ts";

const credentials = { accessKeyId: "AKID", secretAccessKey: new Secret("hunter2") };

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

async function twice<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch {
    return request();
  }
}

describe("S3Copier", () => {
  for (const [there, kind] of [
    [true, undefined],
    [false, "unavailable"],
  ] as const) {
    it(`${there ? "finds" : "does not find"} a copy in parts done whose last answer was lost`, async () => {
      const client = makeS3Client({ endpoint: "http://s3.example", credentials });
      const failures = [
        Object.assign(new Error(), { name: "InternalError" }),
        Object.assign(new Error(), { name: "NoSuchUpload" }),
      ];
      const answer = ({ method, path, query }: Sent): object => {
        const isComplete = method === "POST" && query["uploadId"] !== undefined;
        const failure = isComplete ? failures.shift() : undefined;
        if (failure !== undefined) throw failure;
        const isTarget = method === "HEAD" && path.endsWith("/b");
        if (isTarget && !there) throw Object.assign(new Error(), { name: "NotFound" });
        return {
          ETag: '"e"',
          UploadId: "u",
          ContentLength: 10,
          CopyPartResult: { ETag: '"e"' },
        };
      };
      client.middlewareStack.add(
        () => async (args) => {
          const output = { $metadata: {}, ...answer(args.request as Sent) };
          return { output: output as never, response: {} };
        },
        { step: "finalizeRequest", priority: "low", name: "intercept" },
      );
      const location = { bucket: "backups", prefix: "" };
      const copyLimits = { singleBytesMax: 5, partBytes: 5 };
      const clock = new ManualClock();
      const steps = { call: <T>(_: unknown, request: () => Promise<T>) => twice(request) };
      const storage = new S3Storage({ client, location, clock, copyLimits, steps });
      const done = storage.copy("a", "b", { size: 10 });
      if (kind === undefined) expect(await done).to.include({ key: "b", size: 10 });
      else expect(await rejection(done)).to.include({ kind });
    });
  }
});
