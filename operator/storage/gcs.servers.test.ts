// The driver of Google Cloud Storage against fake-gcs-server, behind the front that makes it as strict as Google.
import type { FakeGcsOptions } from "../../e2e/servers/fake-gcs.ts";
import { startGcs } from "../../e2e/servers/gcs-front.ts";
import { describeWith } from "../../e2e/servers/installed.ts";
import { systemClock } from "../clock.ts";
import { Secret } from "../secret.ts";
import { GcsClient } from "./gcs-client.ts";
import { GcsStorage } from "./gcs.ts";
import type { Opened } from "./testing/contract.ts";
import { storageContract } from "./testing/contract.ts";

async function open(backend: FakeGcsOptions["backend"]): Promise<Opened> {
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
  return { storage: another(), another, close };
}

describeWith("fake-gcs-server", "fake-gcs-server", () => {
  for (const backend of ["memory", "filesystem"] as const) {
    storageContract(`GcsStorage on fake-gcs-server in ${backend}`, () => open(backend));
  }
});
