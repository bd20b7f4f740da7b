// Google Cloud Storage in the suite of faults, on fake-gcs-server behind the front that makes it as strict as Google.
// One fault at a time never makes the driver ask an upload how far it is: gcs-upload.test.ts does.
import { startGcs } from "../../e2e/servers/gcs-front.ts";
import { GcsDialect } from "../../e2e/servers/gcs-dialect.ts";
import type { GcsRequest } from "../../e2e/servers/gcs-request.ts";
import { HarmingProxy } from "../../e2e/servers/harming-proxy.ts";
import { describeWith } from "../../e2e/servers/installed.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { Secret } from "../secret.ts";
import { openStorage } from "./open.ts";
import type { FaultTable, FaultyStore } from "./testing/faults.ts";
import { storageFaults } from "./testing/faults.ts";

const TABLE: FaultTable<GcsRequest> = {
  requests: {
    InsertObject: { call: "put", sends: "checked", answers: "words" },
    BeginUpload: { call: "upload", begins: true },
    UploadChunk: { call: "upload", sends: "checkedLate" },
    FinishUpload: { call: "upload", sends: "checkedLate", answers: "words", stands: true },
    CancelUpload: { call: "abort", saysNothing: true, ends: true },
    GetObject: { call: "stat", answers: "words" },
    ReadObject: { call: "read", answers: "content", stands: true },
    ListObjects: { call: "list", answers: "words", stands: true },
    RewriteObject: { call: "copy", answers: "words" },
    DeleteObject: { call: "delete", saysNothing: true },
  },
  refusals: {
    internal: { do: "refuse", status: 500, code: "backendError" },
    throttled: { do: "refuse", status: 429, code: "rateLimitExceeded" },
    denied: { do: "refuse", status: 403, code: "forbidden" },
  },
};

async function openFaultyGcs(): Promise<FaultyStore<GcsRequest>> {
  const server = await startGcs();
  const proxy = new HarmingProxy(new GcsDialect());
  const endpoint = await proxy.through(server.endpoint);
  return {
    proxy,
    storage: (limitMs) =>
      openStorage(
        {
          location: `gs://${server.bucket}/faults`,
          connection: { maxSockets: 16 },
          gcs: {
            endpoint,
            credentials: async () => new Secret(server.credentials),
            timeouts: { requestMs: limitMs, slowRequestMs: limitMs, stallMs: limitMs / 4 },
          },
          retry: { firstDelayMs: 1, delayMaxMs: 5 },
        },
        { clock: systemClock, random: () => 0.5, log: silentLog },
      ),
    unfinished: async () => server.openUploads(),
    close: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
}

describeWith("fake-gcs-server", "fake-gcs-server", () => {
  storageFaults("Google Cloud Storage", TABLE, openFaultyGcs);
});
