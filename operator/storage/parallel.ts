// Many small tasks, a few at a time.

/**
 * Runs `task` for every item, at most `width` at once, begun in order. After the first failure no
 * further one is begun; rejects with it once those under way have ended.
 */
export async function forEachParallel<T>(
  items: Iterable<T>,
  width: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      try {
        await task(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
      if (failed) return;
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: width }, worker));
  const first = workers.find((result) => result.status === "rejected");
  if (first !== undefined) throw first.reason;
}
