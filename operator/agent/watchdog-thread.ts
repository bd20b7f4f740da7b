// The watchdog's own thread: counts how long the main thread's event loop has not beaten, and ends the
// process by SIGKILL then (`process.exit` here would end only this thread). See watchdog.ts.
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { EXIT } from "./outcome.ts";
import { writeTerminationNow } from "./termination.ts";

const LOOK_EVERY_MS = 500;

const { beats, loopMaxMs, terminationLog } = workerData as {
  readonly beats: Int32Array;
  readonly loopMaxMs: number;
  readonly terminationLog: string;
};

let seen = Atomics.load(beats, 0);
let stillMs = 0;

// The time that this thread itself was not running must not count: a frozen machine is no hang.
let lookedMs = performance.now();

setInterval(() => {
  const now = performance.now();
  const passedMs = Math.min(now - lookedMs, LOOK_EVERY_MS * 2);
  lookedMs = now;
  const beat = Atomics.load(beats, 0);
  stillMs = beat === seen ? stillMs + passedMs : 0;
  seen = beat;
  if (stillMs < loopMaxMs) return;
  const message =
    "the event loop stands still: ending the process, so that StarRocks' connections close";
  writeSync(
    1,
    `${JSON.stringify({ level: "error", message, seconds: Math.round(stillMs / 1000) })}\n`,
  );
  if (terminationLog !== "") {
    const outcome = { exitCode: EXIT.internal, reason: "InternalError", message };
    writeTerminationNow(terminationLog, outcome);
  }
  process.kill(process.pid, "SIGKILL");
}, LOOK_EVERY_MS);
