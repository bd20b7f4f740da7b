// Takes away what the kernel does not: control groups and the folder. Processes, mounts, links and namespaces are gone with
// the run's first process; one that got away is ended here.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cgroupsNamed, removeCgroup } from "./cgroups.ts";
import { cgroupOfRun, pidOfRun, RUN_PREFIX, runsFolder } from "./run.ts";
import { processesOf } from "./traces.ts";

const END_MS = 60_000;
const POLL_MS = 50;
const LOGS_KEPT = 5;
/** Idempotent. Rejects with the name of what does not go. */
export async function cleanUp(folder: string): Promise<void> {
  await endProcesses(folder);
  await removeCgroup(cgroupOfRun(folder));
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** What runs left behind that were killed together with their janitor. */
export async function cleanUpAfterOthers(): Promise<void> {
  const runs = runsFolder();
  mkdirSync(runs, { recursive: true });
  const groups = cgroupsNamed(cgroupOfRun(runs), RUN_PREFIX);
  for (const name of new Set([...groups, ...readdirSync(runs)])) {
    const pid = pidOfRun(name);
    const isOver = pid !== undefined && !isAlive(pid);
    if (isOver) await cleanUp(join(runs, name));
  }
}

/** The components' logs, where the next runs do not remove them. Resolves with that place. */
export async function keepLogs(folder: string): Promise<string> {
  const runs = runsFolder();
  const kept = join(runs, `failed-${new Date().toISOString().replaceAll(":", "")}`);
  for (const name of readdirSync(folder)) {
    const log = join(folder, name, "log");
    if (existsSync(log)) await cp(log, join(kept, name), { recursive: true });
  }
  const failed = readdirSync(runs).filter((name) => name.startsWith("failed-"));
  for (const old of failed.sort().slice(0, -LOGS_KEPT)) {
    await rm(join(runs, old), { recursive: true, force: true });
  }
  return kept;
}

async function endProcesses(folder: string): Promise<void> {
  const end = performance.now() + END_MS;
  for (;;) {
    const pids = processesOf(folder);
    if (pids.length === 0) return;
    if (performance.now() > end) throw new Error(`processes do not end: ${pids.join(", ")}`);
    for (const pid of pids) kill(pid);
    await sleep(POLL_MS);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
