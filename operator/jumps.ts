// Jumps of the wall clock (NTP that steps it, a machine that slept), seen by the clock that only grows. Statuses hold
// wall times, so durations between them and now are wrong by what lies between; these are the corrections. What jumped
// before this process began is not known.
import type { Clock } from "./clock.ts";

export interface Jump {
  /** The wall clock just before and just after it, in ms. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Less is drift, and a slow look. */
const JUMP_MIN_MS = 10_000;
const JUMPS_MAX = 20;

/** Notes a jump when somebody looks; the last 20 are kept. */
export class JumpWatch {
  readonly #clock: Clock;
  #wallMs: number;
  #steadyMs: number;
  #jumps: readonly Jump[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wallMs = clock.now();
    this.#steadyMs = clock.monotonic();
  }

  look(): readonly Jump[] {
    const wallMs = this.#clock.now();
    const steadyMs = this.#clock.monotonic();
    const fromMs = this.#wallMs + (steadyMs - this.#steadyMs);
    if (Math.abs(wallMs - fromMs) >= JUMP_MIN_MS) {
      this.#jumps = [...this.#jumps, { fromMs, toMs: wallMs }].slice(-JUMPS_MAX);
    }
    this.#wallMs = wallMs;
    this.#steadyMs = steadyMs;
    return this.#jumps;
  }
}

/**
 * Milliseconds from a wall time until now, as far as can be told; negative for a time that is still to come. A time
 * that the clock has passed twice counts from the second one: what depends on it is late rather than early.
 */
export function elapsedMs(sinceMs: number, nowMs: number, jumps: readonly Jump[]): number {
  const starts = [-Infinity, ...jumps.map((j) => j.toMs)];
  const ends = [...jumps.map((j) => j.fromMs), nowMs];
  const spans = ends.map((end, i) => ({ start: starts[i] ?? end, end }));
  const holding = spans.findLastIndex(({ start, end }) => start <= sinceMs && sinceMs <= end);
  if (holding < 0) return nowMs - sinceMs;
  const [first, ...later] = spans.slice(holding);
  return later.reduce((sum, { start, end }) => sum + end - start, (first?.end ?? nowMs) - sinceMs);
}

const watches = new WeakMap<Clock, JumpWatch>();

/** Of this clock, since somebody asked first. */
export function jumpsOf(clock: Clock): readonly Jump[] {
  const watch = watches.get(clock) ?? new JumpWatch(clock);
  watches.set(clock, watch);
  return watch.look();
}
