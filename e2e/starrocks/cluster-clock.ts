// The cluster's time. Wall-clock time is real (people read it in SHOW), but waits and durations of
// StarRocks' daemons run `speed` times as fast: ticks, reports, re-sends, heartbeats, job timeouts.
// Socket timeouts are not taken from here: an agent under test answers in real time.
import type { Clock } from "../../operator/clock.ts";

export class ClusterClock implements Clock {
  readonly speed: number;
  readonly #base: Clock;

  constructor(base: Clock, speed: number) {
    this.#base = base;
    this.speed = speed;
  }

  now(): number {
    return this.#base.now();
  }

  monotonic(): number {
    return this.#base.monotonic() * this.speed;
  }

  /** Milliseconds of cluster time since a moment of `now()`; holds across a restart of a process. */
  elapsedSince(wallMs: number): number {
    return (this.#base.now() - wallMs) * this.speed;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#base.sleep(ms / this.speed, signal);
  }

  after(ms: number, fn: () => void): () => void {
    return this.#base.after(ms / this.speed, fn);
  }
}

/** A process that can be stopped (SIGSTOP): what asks {@link awake} goes on when the process does. */
export class Stoppable {
  #stopped: PromiseWithResolvers<void> | undefined;

  stop(): void {
    this.#stopped ??= Promise.withResolvers<void>();
  }

  go(): void {
    this.#stopped?.resolve();
    this.#stopped = undefined;
  }

  async awake(): Promise<void> {
    while (this.#stopped !== undefined) await this.#stopped.promise;
  }
}

/**
 * Runs `step` for ever, `periodMs` of cluster time after the end of each run, as StarRocks' Daemon
 * does, until `signal` is aborted. What `step` throws ends that run only (Daemon.java).
 */
export async function runDaemon(
  clock: Clock,
  periodMs: number,
  signal: AbortSignal,
  step: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await step();
    } catch {
      // Daemon.run catches Throwable, logs it and goes on with the next period.
    }
    try {
      await clock.sleep(periodMs, signal);
    } catch {
      return;
    }
  }
}
