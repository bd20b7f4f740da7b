// fauxqs, an S3 server in npm that lives in this process: no installation, everything in memory. What
// it lacks, as measured with 2.4.1: signatures and credentials are not checked, `If-None-Match` is
// ignored, ListParts and ListMultipartUploads are missing (fault-proxy.ts answers the latter), and a
// body has at most 11 MiB. Its own start function listens on every address; this one on loopback.
import { buildApp } from "fauxqs";
import { LOOPBACK, portOf } from "./loopback.ts";
import type { S3Server } from "./s3-server.ts";

/** Parts must be smaller than this. Bytes. */
export const FAUXQS_BODY_BYTES_MAX = 11 * 1024 * 1024;

export async function startFauxqs(bucket = "backups"): Promise<S3Server> {
  const app = buildApp({ logger: false, host: LOOPBACK });
  await app.listen({ port: 0, host: LOOPBACK });
  const endpoint = `http://${LOOPBACK}:${portOf(app.server)}`;
  const created = await fetch(`${endpoint}/${bucket}`, { method: "PUT" });
  if (!created.ok) throw new Error(`fauxqs made no bucket ${bucket}: ${created.status}`);
  return {
    endpoint,
    bucket,
    accessKeyId: "any",
    secretAccessKey: "any",
    stop: async () => {
      app.server.closeAllConnections();
      await app.close();
    },
  };
}
