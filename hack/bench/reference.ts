// Helper process: what the agent is compared with. The store's own client, from memory and into nothing:
//   (a) the client alone: uploads and whole-object reads
//   (b) the same and then what a rename costs on this store
//   (c) the same in durable parts, where the client alone does without
// It also puts the files that the agent is to serve, and clears away what a run has left.
import { must } from "../../operator/assert.ts";
import { setTimeout as sleep } from "node:timers/promises";
import {
  contentOf,
  intentsFolder,
  PREFIX,
  storedFolder,
  tabletsOf,
  type FileSet,
} from "./content.ts";
import { serveJobs } from "./jobs.ts";
import { PART_BYTES, type ReferenceClient, type StoreAddress } from "./stores/bench-store.ts";
import { STORES } from "./stores/stores.ts";
import { timeStreams, type Moved } from "./streams.ts";

export interface ReferenceJob {
  readonly store: StoreAddress;
  readonly streams: number;
  readonly set: FileSet;
  /** Rename each file after its upload: (b), (c). */
  readonly renames?: boolean;
  /** Upload large files in parts: (c). */
  readonly inParts?: boolean;
}

// A type, not an interface: only types are known to be tables of jobs.
export type ReferenceJobs = {
  readonly up: { readonly input: ReferenceJob; readonly output: Moved };
  readonly down: { readonly input: ReferenceJob; readonly output: Moved };
  /** Puts the files, and the `__info` without which no agent serves the snapshot. */
  readonly prepare: { readonly input: ReferenceJob; readonly output: Moved };
  /** Waits until an agent has done all that it has answered; resolves with the seconds that took. */
  readonly settle: { readonly input: { readonly store: StoreAddress }; readonly output: number };
  readonly clear: { readonly input: { readonly store: StoreAddress }; readonly output: null };
};

const SETTLE_POLL_MS = 50;
const SETTLE_MAX_MS = 300_000;

let client: ReferenceClient | undefined;

function clientOf(store: StoreAddress): ReferenceClient {
  client ??= STORES[store.kind].client(store);
  return client;
}

function keysOf(set: FileSet, md5: string): string[] {
  const folder = `${PREFIX}/${storedFolder()}`;
  return tabletsOf(set).flatMap(({ dir, names }) =>
    names.map((name) => `${folder}/${dir}/${name}.${md5}`),
  );
}

async function up(job: ReferenceJob): Promise<Moved> {
  const { store, set, streams, renames = false, inParts = false } = job;
  const { bytes, md5 } = contentOf(set.fileBytes);
  const client = clientOf(store);
  const write = async (key: string) => {
    if (bytes.length <= PART_BYTES) await client.put(key, bytes);
    else if (inParts) await must(client.uploadInParts?.(key, bytes), "a client with parts");
    else await client.upload(key, bytes);
  };
  const threads = Array.from({ length: streams });
  const seconds = await timeStreams(threads, keysOf(set, md5), async (_, key) => {
    if (!renames) return write(key);
    await write(`${key}.part`);
    return client.rename(`${key}.part`, key);
  });
  return { seconds, files: set.files, bytes: set.files * set.fileBytes, refused: 0 };
}

async function down({ set, store, streams }: ReferenceJob): Promise<Moved> {
  const { md5 } = contentOf(set.fileBytes);
  const client = clientOf(store);
  let bytes = 0;
  const threads = Array.from({ length: streams });
  const seconds = await timeStreams(threads, keysOf(set, md5), async (_, key) => {
    const read = await client.read(key);
    bytes += read;
  });
  if (bytes !== set.files * set.fileBytes) throw new Error(`${bytes} bytes were read`);
  return { seconds, files: set.files, bytes, refused: 0 };
}

async function prepare(job: ReferenceJob): Promise<Moved> {
  const name = `__info_2026-11-21-02-33-57-032.${"0".repeat(32)}`;
  await clientOf(job.store).put(`${PREFIX}/${storedFolder()}/${name}`, Buffer.from("{}"));
  return up(job);
}

async function settle({ store }: { readonly store: StoreAddress }): Promise<number> {
  const begun = performance.now();
  while (await clientOf(store).has(`${PREFIX}/${intentsFolder()}`)) {
    if (performance.now() - begun > SETTLE_MAX_MS)
      throw new Error("an agent does not come to its end");
    await sleep(SETTLE_POLL_MS);
  }
  return (performance.now() - begun) / 1000;
}

async function clear({ store }: { readonly store: StoreAddress }): Promise<null> {
  await clientOf(store).clear();
  return null;
}

serveJobs<ReferenceJobs>({ up, down, prepare, settle, clear });
