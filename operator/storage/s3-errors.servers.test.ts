// Wrong settings at a strict server: what comes of each, its reason, and what the message says to change.
import { expect } from "chai";
import { describeWith } from "../../e2e/servers/installed.ts";
import { LOOPBACK, freePort } from "../../e2e/servers/loopback.ts";
import type { S3Server } from "../../e2e/servers/s3-server.ts";
import { startVersitygw } from "../../e2e/servers/versitygw.ts";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { Secret } from "../secret.ts";
import type { StorageErrorKind, StorageReason } from "./errors.ts";
import { isStorageError } from "./errors.ts";
import { makeS3Client } from "./s3-client.ts";
import type { S3Settings } from "./s3-settings.ts";
import { S3Storage } from "./s3.ts";
import { pattern, rejection } from "./testing/collect.ts";

const MIB = 1024 * 1024;
const x = Buffer.from("x");

interface Wrong {
  readonly bucket?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly s3?: S3Settings;
  /** How much this node's clock is ahead. */
  readonly clockAheadMs?: number;
}

describeWith("versitygw", "S3Storage at a strict server, with a wrong setting", () => {
  let server: S3Server | undefined;

  before(async () => {
    server = await startVersitygw();
  });
  after(async () => {
    await server?.stop();
  });

  const storageWith = ({ s3, clockAheadMs = 0, ...wrong }: Wrong) => {
    const { endpoint, bucket, accessKeyId, secretAccessKey } = { ...must(server), ...wrong };
    const credentials = { accessKeyId, secretAccessKey: new Secret(secretAccessKey) };
    const client = makeS3Client({ endpoint, credentials, ...s3 });
    client.config.systemClockOffset = clockAheadMs;
    return new S3Storage({ client, location: { bucket, prefix: "p/" }, clock: systemClock });
  };
  const failureOf = async (call: Promise<unknown>) => {
    const failed = await rejection(call);
    if (!isStorageError(failed)) throw failed;
    expect(failed.message + JSON.stringify(failed)).to.not.match(/testsecret|Signature=/);
    return failed;
  };

  const ROWS: readonly (readonly [string, Wrong, StorageErrorKind, StorageReason, string])[] = [
    [
      "an unknown key",
      { accessKeyId: "nobody" },
      "wrongCredentials",
      "WrongCredentials",
      "check the access key",
    ],
    [
      "a wrong secret",
      { secretAccessKey: "wrong" },
      "wrongCredentials",
      "WrongCredentials",
      "the secret key",
    ],
    [
      "a missing bucket",
      { bucket: "no-such-bucket" },
      "noSuchBucket",
      "NoSuchBucket",
      "create the bucket no-such-bucket",
    ],
    [
      "another region",
      { s3: { region: "mars-north-1" } },
      "wrongConfiguration",
      "WrongRegion",
      "set s3.region to us-east-1",
    ],
    [
      "a clock that is an hour ahead",
      { clockAheadMs: 3_600_000 },
      "unavailable",
      "ClockSkew",
      "clock",
    ],
  ];
  for (const [title, wrong, kind, reason, advice] of ROWS) {
    it(`tells ${title} by ${reason}`, async () => {
      const failed = await failureOf(storageWith(wrong).put("a", x));
      expect(failed).to.include({ kind });
      expect(failed.detail).to.include({ reason });
      expect(failed.message).to.include(advice);
    });
  }

  for (const [title, wrong] of ROWS.slice(0, 2)) {
    it(`tells ${title} also for a body that it refuses before it has read it`, async () => {
      const storage = storageWith(wrong);
      for (let time = 0; time < 5; time += 1) {
        const failed = await failureOf(storage.put("a", pattern(8 * MIB)));
        expect(failed).to.include({ kind: "wrongCredentials" });
      }
    });
  }

  it("sets the client's clock by the store's after the first refusal", async () => {
    const storage = storageWith({ clockAheadMs: 3_600_000 });
    await failureOf(storage.put("a", x));
    await storage.put("a", x);
  });

  it("tells that nobody answers, and that the name is nobody's", async () => {
    const endpoint = `http://${LOOPBACK}:${await freePort()}`;
    for (const s3 of [{ endpoint }, { endpoint: "http://no-such-host.invalid" }]) {
      const failed = await failureOf(storageWith({ s3 }).put("a", x));
      expect(failed.detail).to.include({ reason: "EndpointUnreachable" });
    }
  });

  it("tells https where http is spoken", async () => {
    const endpoint = must(server).endpoint.replace("http:", "https:");
    const failed = await failureOf(storageWith({ s3: { endpoint } }).put("a", x));
    expect(failed).to.include({ kind: "wrongConfiguration" });
    expect(failed.detail).to.include({ reason: "WrongEndpoint" });
  });
});
