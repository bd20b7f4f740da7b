// Work shared among a fixed number of streams, each of which takes the next piece when it is done with
// its last one, as a BE's upload threads do; and the time it took.

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
