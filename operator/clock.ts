// Time and chance, as things that are passed in. Decisions take a Clock so that tests own the time;
// `Date.now`, `Math.random` and bare timers appear in this file alone.
import { setTimeout as sleepReal } from "node:timers/promises";

/** A source of time. All values are milliseconds. */
export interface Clock {
  /** Wall-clock time since 1970; may jump. For what people and objects read. */
  now(): number;
  /** Time that only grows. For durations and deadlines. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `fn` once after `ms`; the result cancels it. Does not keep the process alive. */
  after(ms: number, fn: () => void): () => void;
}

/** Uniform numbers in [0, 1). */
export type Random = () => number;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await sleepReal(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      // Node rejects with an AbortError of its own; callers look for the reason.
      throw signal?.aborted === true ? signal.reason : error;
    }
  },
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export const systemRandom: Random = () => Math.random();
