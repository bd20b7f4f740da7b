// What the driver costs and how it fails at first contact, seen from the server's side: requests per
// call, connections, wrong keys, wrong bucket, nobody there.
import { expect } from "chai";
import type { FaultProxy } from "../../e2e/servers/fault-proxy.ts";
import { startFaultProxy } from "../../e2e/servers/fault-proxy.ts";
import { startFauxqs } from "../../e2e/servers/fauxqs.ts";
import { LOOPBACK, freePort } from "../../e2e/servers/loopback.ts";
import type { S3Server } from "../../e2e/servers/s3-server.ts";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { Secret } from "../secret.ts";

import type { Connection } from "./connection.ts";
import { makeS3Client } from "./s3-client.ts";
import type { S3Settings } from "./s3-settings.ts";
import { S3Storage } from "./s3.ts";
import type { Storage } from "./storage.ts";
import { collect, pattern, readAll, rejection } from "./testing/collect.ts";

const MIB = 1024 * 1024;
const x = Buffer.from("x");

interface Place extends Partial<S3Server> {
  readonly endpoint: string;
  readonly client?: S3Settings;
  readonly connection?: Connection;
}

function storageAt(place: Place): S3Storage {
  const { endpoint, bucket = "backups", accessKeyId = "any", secretAccessKey = "any" } = place;
  const credentials = { accessKeyId, secretAccessKey: new Secret(secretAccessKey) };
  const client = makeS3Client({ endpoint, credentials, ...place.client }, place.connection);
  const location = { bucket, prefix: "p/" };
  return new S3Storage({ client, location, clock: systemClock, conditionalPut: false });
}

describe("S3Storage, request by request", () => {
  let fauxqs: S3Server | undefined;
  let proxy: FaultProxy | undefined;

  before(async () => {
    fauxqs = await startFauxqs();
    proxy = await startFaultProxy(fauxqs);
  });
  after(async () => {
    await proxy?.stop();
    await fauxqs?.stop();
  });

  const requestsOf = async (call: (storage: Storage) => Promise<unknown>) => {
    const faults = must(proxy);
    const storage = storageAt(faults);
    await storage.put("seen", pattern(10_000));
    await storage.stat("seen");
    faults.heal();
    await call(storage);
    return faults.requests.map((request) => request.operation);
  };

  for (const [title, call, requests] of [
    ["a put", async (s: Storage) => s.put("a", x), ["PutObject"]],
    ["a whole read", async (s: Storage) => readAll(s, "seen"), ["GetObject"]],
    ["a ranged read", async (s: Storage) => readAll(s, "seen", { start: 5 }), ["GetObject"]],
    ["a stat", async (s: Storage) => s.stat("seen"), ["HeadObject"]],
    ["a stat of nothing", async (s: Storage) => s.stat("nobody"), ["HeadObject"]],
    ["a listing", async (s: Storage) => collect(s.list("")), ["ListObjectsV2"]],
    [
      "a copy of known size",
      async (s: Storage) => s.copy("seen", "b", { size: 10_000 }),
      ["CopyObject"],
    ],
    ["a copy", async (s: Storage) => s.copy("seen", "b"), ["HeadObject", "CopyObject"]],
    [
      "a move of known size",
      async (s: Storage) => s.move("seen", "c", { size: 10_000 }),
      ["CopyObject", "DeleteObject"],
    ],
    ["a delete", async (s: Storage) => s.delete("a"), ["DeleteObject"]],
    [
      "deleting 1001 objects",
      async (s: Storage) => s.deleteMany(Array.from({ length: 1001 }, (_, i) => `d${i}`)),
      ["DeleteObjects", "DeleteObjects"],
    ],
    [
      "an upload of two parts",
      async (s: Storage) => {
        const upload = await s.upload("u");
        await upload.part(pattern(5 * MIB));
        await upload.part(x);
        await upload.complete();
      },
      ["CreateMultipartUpload", "UploadPart", "UploadPart", "CompleteMultipartUpload"],
    ],
  ] as const) {
    it(`${title} takes ${requests.length}`, async () => {
      expect(await requestsOf(call)).to.deep.equal(requests);
    });
  }

  it("asks once in its life whether the bucket is there, when nothing was found", async () => {
    const faults = must(proxy);
    const storage = storageAt(faults);
    faults.heal();
    for (const key of ["n1", "n2"]) await storage.stat(key);
    const operations = faults.requests.map((request) => request.operation);
    expect(operations).to.deep.equal(["HeadObject", "HeadBucket", "HeadObject"]);
  });

  for (const [operation, call] of [
    ["put", async (s: Storage) => s.put("a", x)],
    ["upload", async (s: Storage) => s.upload("a")],
    ["read", async (s: Storage) => s.read("a")],
    ["stat", async (s: Storage) => s.stat("a")],
    ["list", async (s: Storage) => collect(s.list(""))],
  ] as const) {
    it(`${operation} says that the bucket is missing`, async () => {
      const storage = storageAt({ endpoint: must(proxy).endpoint, bucket: "no-such-bucket" });
      const failed = await rejection(call(storage));
      expect(failed).to.include({ kind: "noSuchBucket" });
      expect(failed).to.have.property("message").that.includes("create the bucket no-such-bucket");
    });
  }

  it("says that nobody answers", async () => {
    const endpoint = `http://${LOOPBACK}:${await freePort()}`;
    const failed = await rejection(storageAt({ endpoint }).put("a", x));
    expect(failed).to.include({ kind: "unavailable" });
    expect(failed)
      .to.have.property("message")
      .that.includes("ECONNREFUSED")
      .and.includes("endpoint");
  });

  it("asks after a broken connection whether it may write, until a first body was taken", async () => {
    const faults = must(proxy);
    const storage = storageAt(faults);
    const broken = async () => {
      faults.heal();
      faults.inject({ operation: "PutObject", harm: { do: "resetUp", afterBytes: 1000 } });
      expect(await rejection(storage.put("a", pattern(MIB)))).to.include({ kind: "unavailable" });
      return faults.requests.map((request) => request.operation);
    };
    const question = ["CreateMultipartUpload", "AbortMultipartUpload"];
    expect(await broken()).to.deep.equal(["PutObject", ...question]);
    await storage.put("a", x);
    expect(await broken()).to.deep.equal(["PutObject"]);
    expect(faults.openUploads()).to.deep.equal([]);
  });

  it("does not take an upload for completed because another object has its key", async () => {
    const storage = storageAt(must(proxy));
    await storage.put("x", Buffer.from("an older one"));
    const upload = await storage.upload("x");
    await upload.part(x);
    await storage.resumeUpload(upload.state()).abort();
    expect(await rejection(upload.complete())).to.include({ kind: "notFound" });
  });

  it("uses no more connections than it may, and uses them again", async () => {
    const faults = must(proxy);
    faults.heal();
    const connection = { maxSockets: 4 };
    const storage = storageAt({ endpoint: faults.endpoint, connection });
    const warnings: string[] = [];
    const warned = (warning: Error) => warnings.push(warning.message);
    process.on("warning", warned);
    const { signal } = new AbortController();
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => storage.put(`w${i}`, pattern(1000), { signal })),
    );
    await storage.deleteMany(Array.from({ length: 100 }, (_, i) => `w${i}`));
    process.off("warning", warned);
    expect(faults.connections).to.be.within(1, 4);
    expect(warnings).to.deep.equal([]);
  });
});
