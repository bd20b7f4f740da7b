// Work shared among a fixed number of streams, each of which takes the next piece when it is done with
// its last one, as a BE's upload threads do; and the time it took.
import type { Readable } from "node:stream";

/** What moved, and how long that took. */
export interface Moved {
  readonly seconds: number;
  readonly files: number;
  readonly bytes: number;
  /** Files that the other side did not take at once (an agent's admission). */
  readonly refused: number;
}

/** Runs `work` over all items; resolves with the seconds from the first begin to the last end. */
export async function timeStreams<T, S>(
  streams: readonly S[],
  items: Iterable<T>,
  work: (stream: S, item: T) => Promise<void>,
): Promise<number> {
  const queue = [...items][Symbol.iterator]();
  const begun = performance.now();
  await Promise.all(
    streams.map(async (stream) => {
      for (let next = queue.next(); next.done !== true; next = queue.next()) {
        await work(stream, next.value);
      }
    }),
  );
  return (performance.now() - begun) / 1000;
}

/** Reads to the end and forgets what came; resolves with the number of bytes. */
export async function countBytes(body: Readable): Promise<number> {
  const end = Promise.withResolvers<number>();
  let bytes = 0;
  body.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  body.on("end", () => end.resolve(bytes));
  body.on("error", end.reject);
  return await end.promise;
}
