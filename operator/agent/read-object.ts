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

/**
 * What `parse` makes of the content, or undefined when there is no such object. Content that `parse`
 * throws at is read once more before it counts as damaged: bits flip on their way, too.
 */
export async function parseIfThere<T>(
  { storage, key, options }: { storage: Storage; key: string; options: ReadOptions },
  parse: (text: string) => T,
): Promise<T | undefined> {
  const attempt = async () => {
    const content = await readIfThere(storage, key, options);
    return content === undefined ? undefined : { text: content.toString("utf8") };
  };
  const first = await attempt();
  if (first === undefined) return undefined;
  try {
    return parse(first.text);
  } catch {
    const second = await attempt();
    return second === undefined ? undefined : parse(second.text);
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
