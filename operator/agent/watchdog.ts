// Ends a process that stands still. A hung agent is worse than a dead one: the retry of a BE has no
// timeout (client_cache.cpp reopens with 0), so one agent that stops answering blocks all jobs of that BE
// until its sockets close (starrocks.md 12.B). Two watches:
//   - a thread of its own sees whether the event loop still turns;
//   - the event loop sees whether a call has been in flight far beyond its deadline.
// The first process of a PID namespace cannot end itself so: the kernel drops what it sends itself. Agents' pods
// share one namespace for that reason, in which the first is another (controllers/jobs.ts).
// A process that was stopped from outside (SIGSTOP, a frozen node) cannot end itself: the operator does.
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { InFlightCall } from "../broker/server.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { EXIT } from "./outcome.ts";

/** Beside this module and of its kind: TypeScript in a clone, JavaScript in the image. */
const THREAD = new URL(`watchdog-thread${extname(import.meta.url)}`, import.meta.url);
const BEAT_MS = 500;
const LOOK_EVERY_MS = 1000;

export interface WatchdogOptions {
  /** How long the event loop may stand still. */
  readonly loopMaxMs: number;
  /** How long a call may be in flight, the waits for its caller left out. */
  readonly callMaxMs: number;
  readonly calls: () => readonly InFlightCall[];
  /** Where the last word goes when the event loop stands still; absent or empty: nowhere. */
  readonly terminationLog?: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the process; a parameter for tests. */
  readonly exit?: (code: number) => void;
}

export interface Watchdog {
  stop(): Promise<void>;
}

export function startWatchdog(options: WatchdogOptions): Watchdog {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const thread = new Worker(THREAD, {
    workerData: {
      beats,
      loopMaxMs: options.loopMaxMs,
      terminationLog: options.terminationLog ?? "",
    },
    // Flags of the main program (a debugger, a profiler) are not meant for the watchdog.
    execArgv: [],
  });
  thread.unref();
  const beat = setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS);
  const look = setInterval(() => endIfStalled(options), LOOK_EVERY_MS);
  beat.unref();
  look.unref();
  return {
    stop: async () => {
      clearInterval(beat);
      clearInterval(look);
      await thread.terminate();
    },
  };
}

/** One look at the calls in flight; ends the process when one of them stands still. */
export function endIfStalled(options: WatchdogOptions): void {
  const { callMaxMs, calls, clock, log, exit = (code): void => process.exit(code) } = options;
  const now = clock.monotonic();
  const stalled = calls().find((call) => now - call.sinceMs - call.peerMs > callMaxMs);
  if (stalled === undefined) return;
  log.error("a call stands still: ending the process, so that StarRocks' connections close", {
    method: stalled.method,
    seconds: Math.round((now - stalled.sinceMs) / 1000),
  });
  exit(EXIT.internal);
}
