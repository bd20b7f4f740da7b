// The driver of Google Cloud Storage against fake-gcs-server, behind the front that makes it as strict as Google; and
// Google's own client as the judge of both: what we write, it reads, and the front takes its uploads.
import { Storage as GoogleStorage } from "@google-cloud/storage";
import { expect } from "chai";
import { EventEmitter } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { FakeGcsOptions } from "../../e2e/servers/fake-gcs.ts";
import type { GcsServer } from "../../e2e/servers/gcs-front.ts";
import { startGcs } from "../../e2e/servers/gcs-front.ts";
import { describeWith } from "../../e2e/servers/installed.ts";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { Secret } from "../secret.ts";
import { GcsClient } from "./gcs-client.ts";
import { GcsStorage } from "./gcs.ts";
import type { Opened } from "./testing/contract.ts";
import { storageContract } from "./testing/contract.ts";
import { collect, pattern, readAll, rejection } from "./testing/collect.ts";

interface OpenedGcs extends Opened {
  readonly server: GcsServer;
}

async function open(backend: FakeGcsOptions["backend"]): Promise<OpenedGcs> {
  const server = await startGcs({ backend });
  const made: GcsClient[] = [];
  const another = () => {
    const client = new GcsClient({
      endpoint: server.endpoint,
      credentials: async () => new Secret(server.credentials),
      maxSockets: 8,
      clock: systemClock,
    });
    made.push(client);
    const location = { bucket: server.bucket, prefix: "some folder/x/" };
    return new GcsStorage({ client, location, clock: systemClock });
  };
  const close = async () => {
    for (const client of made) client.destroy();
    await server.stop();
  };
  return { storage: another(), another, close, server };
}

describeWith("fake-gcs-server", "fake-gcs-server", () => {
  for (const backend of ["memory", "filesystem"] as const) {
    storageContract(`GcsStorage on fake-gcs-server in ${backend}`, () => open(backend));
  }

  describe("Google's client and ours", () => {
    const MIB = 1024 * 1024;
    // Its downloads listen eleven times to one stream (googleapis/google-cloud-node#9185), and Node would warn.
    const { defaultMaxListeners } = EventEmitter;
    let opened: OpenedGcs | undefined;
    before(async () => {
      EventEmitter.defaultMaxListeners = 20;
      opened = await open("memory");
      opened.server.identities.admitEverybody();
    });
    after(async () => {
      EventEmitter.defaultMaxListeners = defaultMaxListeners;
      await opened?.close();
    });

    const theirs = () => {
      const { server } = must(opened);
      return new GoogleStorage({
        projectId: "project",
        apiEndpoint: server.endpoint,
        retryOptions: { autoRetry: false },
      }).bucket(server.bucket);
    };

    it("it reads and compares what we put and what we sent in parts", async () => {
      const { storage } = must(opened);
      const bodies = [pattern(MIB + 5, 1), pattern(700_000, 2)];
      await storage.put("judged/put ü", pattern(1000));
      const upload = await storage.upload("judged/parts");
      for (const body of bodies) await upload.part(body);
      await upload.complete();
      const [put] = await theirs()
        .file("some folder/x/judged/put ü")
        .download({ validation: "crc32c" });
      expect(put.equals(pattern(1000))).to.equal(true);
      const [parts] = await theirs()
        .file("some folder/x/judged/parts")
        .download({ validation: "crc32c" });
      expect(parts.equals(Buffer.concat(bodies))).to.equal(true);
    });

    it("we read, list and move what it uploads, by sessions of the front's", async () => {
      const { storage, server } = must(opened);
      const body = pattern(3 * MIB + 17, 3);
      const file = theirs().file("some folder/x/theirs/a");
      const pieces = Array.from({ length: 7 }, (_, i) =>
        body.subarray(i * 500_000, (i + 1) * 500_000),
      );
      await pipeline(
        Readable.from(pieces),
        file.createWriteStream({ resumable: true, chunkSize: MIB, validation: "crc32c" }),
      );
      expect((await readAll(storage, "theirs/a")).equals(body)).to.equal(true);
      expect(await collect(storage.list("theirs/"))).to.have.length(1);
      await storage.move("theirs/a", "theirs/b");
      expect(await storage.stat("theirs/b")).to.include({ size: body.length });
      const operations = new Set(server.requests.map(({ operation }) => operation));
      expect(operations).to.include.all.keys("UploadChunk", "FinishUpload");
    });
  });

  describe("keys of Google", () => {
    it("that were taken away are refused with what to look at", async () => {
      const opened = await open("memory");
      try {
        opened.server.identities.revokeAll();
        const failed = await rejection(opened.storage.stat("x"));
        expect(failed).to.have.nested.property("detail.reason", "WrongCredentials");
      } finally {
        await opened.close();
      }
    });
  });
});
