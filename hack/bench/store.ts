// Helper process: the S3 server, and where its files lie. versitygw when it is installed, as a child of
// this process, over memory (/dev/shm) when there is enough of it: a disk's moods would be most of the
// noise. Else fauxqs inside this process, whose numbers mean less: it is JavaScript, slower than the
// agent under test, and keeps everything on its heap.
import { statfsSync } from "node:fs";
import { startFauxqs } from "../../e2e/servers/fauxqs.ts";
import type { S3Server } from "../../e2e/servers/s3-server.ts";
import { findServer } from "../../e2e/servers/installed.ts";
import { startVersitygw } from "../../e2e/servers/versitygw.ts";
import { serveJobs } from "./jobs.ts";

export type StoreAddress = Omit<S3Server, "stop">;

export interface Store extends StoreAddress {
  /** For people. */
  readonly name: string;
  readonly isReal: boolean;
}

// A type, not an interface: only types are known to be tables of jobs.
export type StoreJobs = {
  readonly start: { readonly input: null; readonly output: Store };
};

const MEMORY_FOLDER = "/dev/shm";
const MEMORY_FREE_BYTES = 4 * 1024 ** 3;

let server: S3Server | undefined;

function useMemoryFolder(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
    if (bavail * bsize < MEMORY_FREE_BYTES) return "a folder on disk";
  } catch {
    return "a folder on disk";
  }
  process.env["TMPDIR"] = MEMORY_FOLDER;
  return "a folder in memory";
}

async function start(): Promise<Store> {
  const isReal = findServer("versitygw") !== undefined;
  const place = isReal ? useMemoryFolder() : "";
  server = isReal ? await startVersitygw() : await startFauxqs();
  const { endpoint, bucket, accessKeyId, secretAccessKey } = server;
  const name = isReal ? `versitygw over ${place}` : "fauxqs";
  return { endpoint, bucket, accessKeyId, secretAccessKey, name, isReal };
}

serveJobs<StoreJobs>({ start: () => start() }, async () => {
  await server?.stop();
});
