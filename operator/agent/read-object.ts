// Whole small objects in one call: notes, summaries, a tablet's manifest.
import { isNotFound } from "../storage/errors.ts";
import type { ReadOptions, Storage } from "../storage/storage.ts";

/** The content, or the range that the options ask for. Held in memory: for small objects alone. */
export async function readObject(
  storage: Storage,
  key: string,
  options: ReadOptions = {},
): Promise<Buffer> {
  const reader = await storage.read(key, options);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of reader.body) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    reader.destroy();
  }
}

/** The same, or undefined when there is no such object. */
export async function readIfThere(
  storage: Storage,
  key: string,
  options: ReadOptions = {},
): Promise<Buffer | undefined> {
  try {
    return await readObject(storage, key, options);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
