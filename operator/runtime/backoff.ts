// Capped exponential backoff with jitter: one formula for every retry of the runtime.
import type { Random } from "../clock.ts";

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** The pause after `failures` (1 or more) failures in a row: between half of it and the whole. */
export function backoffMs(failures: number, backoff: Backoff, random: Random): number {
  // 2^30 ms is twelve days: beyond every cap, and far from losing precision.
  const doublings = Math.min(failures - 1, 30);
  const full = Math.min(backoff.firstMs * 2 ** doublings, backoff.maxMs);
  return full / 2 + (full / 2) * random();
}
