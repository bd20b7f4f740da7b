// The S3 driver on fauxqs (in npm, everywhere) through the fault proxy. On strict servers: s3.servers.test.ts.
import { startFaultProxy } from "../../e2e/servers/fault-proxy.ts";
import { startFauxqs } from "../../e2e/servers/fauxqs.ts";
import type { S3Server } from "../../e2e/servers/s3-server.ts";
import { systemClock } from "../clock.ts";
import { Secret } from "../secret.ts";
import { makeS3Client } from "./s3-client.ts";
import type { CopyLimits } from "./s3-copy.ts";
import { S3Storage } from "./s3.ts";
import type { Opened } from "./testing/contract.ts";
import { storageContract } from "./testing/contract.ts";

const MIB = 1024 * 1024;

interface How {
  readonly conditionalPut?: boolean;
  readonly copyLimits?: Partial<CopyLimits>;
  readonly checksumMode?: "auto" | "whenRequired";
}

function openOn(server: S3Server, how: How, stop: () => Promise<void>): Opened {
  const { endpoint, bucket, accessKeyId, secretAccessKey } = server;
  const made: { destroy(): void }[] = [];
  const another = () => {
    const client = makeS3Client(
      {
        endpoint,
        checksumMode: how.checksumMode,
        credentials: { accessKeyId, secretAccessKey: new Secret(secretAccessKey) },
      },
      { maxSockets: 8 },
    );
    made.push(client);
    const location = { bucket, prefix: "some folder/x/" };
    return new S3Storage({ client, location, clock: systemClock, ...how });
  };
  const close = async () => {
    for (const client of made) client.destroy();
    await stop();
  };
  return { storage: another(), another, close };
}

async function onFauxqs(how: How = {}): Promise<Opened> {
  const fauxqs = await startFauxqs();
  const proxy = await startFaultProxy(fauxqs, { answerListUploads: true });
  return openOn(proxy, { conditionalPut: false, ...how }, async () => {
    await proxy.stop();
    await fauxqs.stop();
  });
}

storageContract("S3Storage on fauxqs", () => onFauxqs());
storageContract("S3Storage on fauxqs, copying in parts", () =>
  onFauxqs({ copyLimits: { singleBytesMax: 6 * MIB, partBytes: 5 * MIB, parallel: 3 } }),
);
