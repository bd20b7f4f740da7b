// A store that does not offer all of S3 (Google's interface, emulated): what is missing is found out once,
// told once, and gone around.
import { expect } from "chai";
import { startFauxqs } from "../../e2e/servers/fauxqs.ts";
import type { GoogleS3 } from "../../e2e/servers/google-s3.ts";
import { startGoogleS3 } from "../../e2e/servers/google-s3.ts";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { Secret } from "../secret.ts";
import { makeS3Client } from "./s3-client.ts";
import { S3Storage } from "./s3.ts";
import { collect, pattern, readAll, rejection } from "./testing/collect.ts";

const MIB = 1024 * 1024;

describe("S3Storage on Google's S3 interface (emulated)", () => {
  let google: GoogleS3 | undefined;

  before(async () => {
    google = await startGoogleS3(await startFauxqs());
  });
  after(async () => {
    await google?.stop();
  });

  const opened = (checksumMode: "auto" | "whenRequired" = "whenRequired") => {
    const { endpoint, bucket, accessKeyId, operations } = must(google);
    const credentials = { accessKeyId, secretAccessKey: new Secret("any") };
    const client = makeS3Client({ endpoint, credentials, checksumMode });
    const warnings: string[] = [];
    const storage = new S3Storage({
      client,
      location: { bucket, prefix: "p/" },
      clock: systemClock,
      log: { ...silentLog, warn: (message) => warnings.push(message) },
      copyLimits: { singleBytesMax: 6 * MIB, partBytes: 5 * MIB },
    });
    const operationsOf = async (call: () => Promise<unknown>) => {
      operations.splice(0);
      await call();
      return [...operations];
    };
    return { storage, warnings, operationsOf };
  };

  it("deletes one by one where there are no batches, and asks for a batch once", async () => {
    const { storage, warnings, operationsOf } = opened();
    const keys = Array.from({ length: 20 }, (_, i) => `d${i}`);
    for (const key of keys) await storage.put(key, Buffer.from("x"));
    const first = await operationsOf(() => storage.deleteMany(keys));
    expect(first.filter((operation) => operation === "DeleteObjects")).to.have.length(1);
    expect(await collect(storage.list(""))).to.deep.equal([]);
    const second = await operationsOf(() => storage.deleteMany(["d1", "gone"]));
    expect(second).to.deep.equal(["DeleteObject", "DeleteObject"]);
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.include("one by one");
  });

  it("looks before it writes where nothing is written on condition", async () => {
    const { storage, warnings, operationsOf } = opened();
    expect(storage.capabilities.conditionalPut).to.equal(true);
    await storage.put("c", Buffer.from("1"), { ifAbsent: true });
    expect(storage.capabilities.conditionalPut).to.equal(false);
    const again = storage.put("c", Buffer.from("2"), { ifAbsent: true });
    expect(await rejection(again)).to.include({ kind: "alreadyExists" });
    expect((await readAll(storage, "c")).toString()).to.equal("1");
    const other = await operationsOf(() => storage.put("c2", Buffer.from("1"), { ifAbsent: true }));
    expect(other).to.deep.equal(["HeadObject", "PutObject"]);
    expect(warnings).to.have.length(1);
  });

  it("copies a large object at once where parts cannot be copied, and leaves no upload behind", async () => {
    const { storage, operationsOf } = opened();
    const large = pattern(8 * MIB);
    await storage.put("large", large);
    const first = await operationsOf(() => storage.copy("large", "copy1"));
    expect(first).to.include.members(["UploadPartCopy", "AbortMultipartUpload", "CopyObject"]);
    const second = await operationsOf(() => storage.move("large", "copy2"));
    expect(second).to.deep.equal(["HeadObject", "CopyObject", "DeleteObject"]);
    for (const key of ["copy1", "copy2"]) {
      expect((await readAll(storage, key)).equals(large)).to.equal(true);
    }
  });

  it("needs checksums only where required", async () => {
    const { storage } = opened("auto");
    const failed = await rejection(storage.put("x", Buffer.from("x")));
    expect(failed).to.include({ kind: "wrongConfiguration" });
  });
});
