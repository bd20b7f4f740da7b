// The process behind reaper.ts. Reads `+pid` and `-pid` lines until its input ends, which is when its parent
// is gone; then kills each process group that is left. A pid that was given to somebody else meanwhile has
// another start time and is left alone.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const watched = new Map<number, string>();

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  const began = startTime(pid);
  if (line.startsWith("-")) watched.delete(pid);
  else if (began !== undefined) watched.set(pid, began);
}

for (const [pid, began] of watched) {
  if (startTime(pid) !== began) continue;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Ended by itself in between.
  }
}

/** The 22nd field of /proc/<pid>/stat; the second one, in parentheses, may hold anything. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
