// The S3 driver on versitygw, a strict server: the contract as it is, with copies that must go part by
// part, with the dialect of Google's S3 interface (emulated), and at places with odd names.
import { GetObjectTaggingCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { startGoogleS3 } from "../../e2e/servers/google-s3.ts";
import { describeWith } from "../../e2e/servers/installed.ts";
import type { S3Server } from "../../e2e/servers/s3-server.ts";
import type { VersitygwOptions } from "../../e2e/servers/versitygw.ts";
import { startVersitygw } from "../../e2e/servers/versitygw.ts";
import { systemClock, systemRandom } from "../clock.ts";
import { silentLog } from "../log.ts";
import { Secret } from "../secret.ts";
import { openStorage } from "./open.ts";
import { makeS3Client } from "./s3-client.ts";
import type { CopyLimits } from "./s3-copy.ts";
import { writtenAs } from "./s3-written.ts";
import { S3Storage } from "./s3.ts";
import { collect, pattern, readAll } from "./testing/collect.ts";
import type { Opened } from "./testing/contract.ts";
import { storageContract } from "./testing/contract.ts";

const MIB = 1024 * 1024;
const x = Buffer.from("x");

interface How {
  readonly copyLimits?: Partial<CopyLimits>;
  readonly checksumMode?: "auto" | "whenRequired";
}

function credentialsOf({ accessKeyId, secretAccessKey }: S3Server) {
  return { accessKeyId, secretAccessKey: new Secret(secretAccessKey) };
}

function openOn(server: S3Server, { checksumMode, ...how }: How): Opened {
  const { endpoint, bucket } = server;
  const made: { destroy(): void }[] = [];
  const another = () => {
    const credentials = credentialsOf(server);
    const client = makeS3Client({ endpoint, checksumMode, credentials }, { maxSockets: 8 });
    made.push(client);
    const location = { bucket, prefix: "some folder/x/" };
    return new S3Storage({ client, location, clock: systemClock, ...how });
  };
  const close = async () => {
    for (const client of made) client.destroy();
    await server.stop();
  };
  return { storage: another(), another, close };
}

async function onVersitygw(options: VersitygwOptions, how: How = {}): Promise<Opened> {
  return openOn(await startVersitygw(options), how);
}

describeWith("versitygw", "S3Storage on versitygw", () => {
  storageContract("S3Storage on versitygw", () => onVersitygw({}));
  storageContract("S3Storage on versitygw, with checksums only where required", () =>
    onVersitygw({}, { checksumMode: "whenRequired" }),
  );
  storageContract("S3Storage on versitygw, which refuses large copies", () =>
    onVersitygw({ copyObjectThreshold: 6 * MIB }, { copyLimits: { partBytes: 5 * MIB } }),
  );
  storageContract("S3Storage on versitygw as Google's S3 interface (emulated)", async () =>
    openOn(await startGoogleS3(await startVersitygw()), {
      checksumMode: "whenRequired",
      copyLimits: { singleBytesMax: 6 * MIB, partBytes: 5 * MIB },
    }),
  );

  for (const bucket of ["back.ups-2.example", "back_ups"]) {
    it(`writes into the bucket ${bucket}, at its root, in a folder and in folders, by s3 and s3a`, async () => {
      const server = await startVersitygw({ bucket });
      const s3 = { endpoint: server.endpoint, credentials: credentialsOf(server) };
      const deps = { clock: systemClock, random: systemRandom, log: silentLog };
      const open = (location: string) => openStorage({ location, s3 }, deps);
      try {
        const places = ["", "/", "/a", "/a/b c/ü"];
        for (const [i, place] of places.entries()) {
          await open(`s3://${bucket}${place}`).put(`k${i}`, x);
          expect(await readAll(open(`s3a://${bucket}${place}`), `k${i}`)).to.deep.equal(x);
        }
        const rows = await collect(open(`s3://${bucket}`).list(""));
        const keys = rows.map((row) => (row.kind === "object" ? row.key : row.prefix));
        expect(keys).to.deep.equal(["a/b c/ü/k3", "a/k2", "k0", "k1"]);
      } finally {
        await server.stop();
      }
    });
  }

  it("gives every object its tags, however it was written", async () => {
    const server = await startVersitygw({ copyObjectThreshold: 6 * MIB });
    const { endpoint, bucket } = server;
    const credentials = credentialsOf(server);
    const client = makeS3Client({ endpoint, credentials });
    const open = (tags: Readonly<Record<string, string>>) =>
      new S3Storage({
        client,
        location: { bucket, prefix: "" },
        clock: systemClock,
        copyLimits: { partBytes: 5 * MIB },
        written: writtenAs({ tags }),
      });
    const tagged = open({ team: "data + backup", old: "no" });
    try {
      await open({ old: "yes" }).put("source", x);
      await open({}).put("large", pattern(7 * MIB));
      await tagged.put("put", x);
      await tagged.copy("source", "copied");
      await tagged.copy("large", "in parts");
      const upload = await tagged.upload("uploaded");
      await upload.part(x);
      await upload.complete();
      for (const Key of ["put", "copied", "in parts", "uploaded"]) {
        const { TagSet } = await client.send(new GetObjectTaggingCommand({ Bucket: bucket, Key }));
        const tags = (TagSet ?? []).map(({ Key: key, Value: value }) => `${key}=${value}`);
        expect(tags, Key).to.have.members(["team=data + backup", "old=no"]);
      }
    } finally {
      client.destroy();
      await server.stop();
    }
  });
});
