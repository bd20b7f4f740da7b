// Deletes everything under a prefix, in the largest batches that stores take. Streams: memory does not
// grow with the number of keys.
import { assert } from "../../assert.ts";
import { BoundedTasks } from "./bounded-tasks.ts";
import type { CommandDeps } from "./command.ts";

export interface Deleted {
  readonly objects: number;
  readonly bytes: number;
}

/** What one DeleteObjects request of S3 takes. */
const BATCH_KEYS = 1000;
const PARALLEL_BATCHES = 4;

export interface DeleteAllOptions {
  /** Keys to leave alone. */
  readonly keep?: (key: string) => boolean;
}

/** `prefix` is a folder with its slash, or the beginning of file names inside a folder. */
export async function deleteAll(
  deps: Pick<CommandDeps, "storage" | "signal">,
  prefix: string,
  { keep = () => false }: DeleteAllOptions = {},
): Promise<Deleted> {
  // `__ss_a` would be the beginning of `__ss_ab` too.
  assert(/\/(__info_|__meta\.)?$/.test(prefix), () => `${prefix} is no folder to delete`);
  const { storage, signal } = deps;
  const tasks = new BoundedTasks(PARALLEL_BATCHES);
  let batch: string[] = [];
  let objects = 0;
  let bytes = 0;
  const flush = async () => {
    const keys = batch;
    batch = [];
    if (keys.length > 0) await tasks.start(() => storage.deleteMany(keys, { signal }));
  };
  try {
    for await (const entry of storage.list(prefix, { signal })) {
      if (entry.kind !== "object" || keep(entry.key)) continue;
      objects += 1;
      bytes += entry.size;
      batch.push(entry.key);
      if (batch.length >= BATCH_KEYS) await flush();
    }
    await flush();
  } finally {
    await tasks.drain();
  }
  return { objects, bytes };
}
