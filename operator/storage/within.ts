// A time limit and a caller's signal around one request. By hand instead of AbortSignal.any and .timeout: nothing may
// stay behind on a signal that lives as long as the process, and tests own the clock.
import type { Clock } from "../clock.ts";

export interface Limit {
  readonly clock: Clock;
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What a request that is not answered in time rejects with. */
  readonly late: () => Error;
}

/**
 * Runs `work` with a signal of its own, which the limit and the caller's signal abort. Rejects at once with the reason of
 * either, also when `work` does not heed it: clients wait for tokens and connections that know no signal.
 */
export async function within<T>(
  { clock, limitMs, signal, late }: Limit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const stop = new AbortController();
  const stopped = Promise.withResolvers<never>();
  const end = (reason: unknown) => {
    stop.abort(reason);
    stopped.reject(reason);
  };
  const follow = () => end(signal?.reason);
  signal?.addEventListener("abort", follow, { once: true });
  const cancel = clock.after(limitMs, () => end(late()));
  try {
    return await Promise.race([work(stop.signal), stopped.promise]);
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    cancel();
    signal?.removeEventListener("abort", follow);
  }
}
