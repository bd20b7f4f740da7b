// What tests of storages do all the time: read all of something, and look at a rejection.
import type { ReadOptions, Storage } from "../storage.ts";

/** All rows of a listing. */
export async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

/** The bytes a read gives. */
export async function readAll(
  storage: Storage,
  key: string,
  options?: ReadOptions,
): Promise<Buffer> {
  const reader = await storage.read(key, options);
  return Buffer.concat(await collect(reader.body));
}

/** What a promise rejects with; throws when it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const value = await promise.then(
    (value: unknown) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("error" in value) return value.error;
  throw new Error(`should have failed, but gave ${JSON.stringify(value.value)}`);
}

/** Bytes that differ from place to place and from seed to seed, so that a mix-up shows. */
export function pattern(size: number, seed = 1): Buffer {
  const body = Buffer.allocUnsafe(size);
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  const words = size >>> 2;
  for (let i = 0; i < words; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    body.writeInt32LE(state, i * 4);
  }
  return body.fill(seed & 0xff, words * 4);
}
