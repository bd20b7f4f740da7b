// Helper process: a store's server, as a child of this process, over memory (/dev/shm) when there is enough of
// it: a disk's moods would be most of the noise.
import { statfsSync } from "node:fs";
import { serveJobs } from "./jobs.ts";
import type { StoreKind } from "../../operator/storage/store-kind.ts";
import type { RunningStore, StoreAddress } from "./stores/bench-store.ts";
import { STORES } from "./stores/stores.ts";

export interface Store extends StoreAddress, Pick<RunningStore, "name" | "limits"> {}

// A type, not an interface: only types are known to be tables of jobs.
export type StoreJobs = {
  readonly start: { readonly input: StoreKind; readonly output: Store };
};

const MEMORY_FOLDER = "/dev/shm";
const MEMORY_FREE_BYTES = 4 * 1024 ** 3;

let store: RunningStore | undefined;

/** Servers make their folders where TMPDIR says. */
function useMemoryFolder(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
    if (bavail * bsize < MEMORY_FREE_BYTES) return "files on disk";
  } catch {
    return "files on disk";
  }
  process.env["TMPDIR"] = MEMORY_FOLDER;
  return "files in memory";
}

async function start(kind: StoreKind): Promise<Store> {
  const place = useMemoryFolder();
  store = await STORES[kind].start();
  return { ...store.address, name: `${store.name}, ${place}`, limits: store.limits };
}

serveJobs<StoreJobs>({ start }, async () => {
  await store?.stop();
});
