// Loaded into the agent before its own program when it is to be profiled: SIGUSR2 begins a recording, which
// is written when the process exits. Not a toggle: two signals in a row may arrive as one.
import { writeFileSync } from "node:fs";
import { Session, type Profiler } from "node:inspector";
import { isMainThread } from "node:worker_threads";

const path = process.env["BENCH_PROFILE"];

// The agent's watchdog is a thread that inherits NODE_OPTIONS.
if (isMainThread && path !== undefined) {
  const session = new Session();
  let recording = false;
  session.connect();
  session.post("Profiler.enable");

  process.on("SIGUSR2", () => {
    recording = true;
    session.post("Profiler.start");
  });
  process.on("exit", () => {
    if (!recording) return;
    // The answer comes at once: session and profiler live in the same thread.
    session.post("Profiler.stop", (_error: Error | null, { profile }: Profiler.StopReturnType) => {
      writeFileSync(path, JSON.stringify(profile));
    });
  });
}
