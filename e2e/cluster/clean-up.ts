// Takes away what the kernel does not: control groups and the folder. Processes, mounts, links and namespaces are gone with
// the run's first process; one that got away is ended here.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cgroupsNamed, removeCgroup } from "./cgroups.ts";
import { RUN_PREFIX, RUNS_FOLDER } from "./run.ts";
import { processesOf } from "./traces.ts";

const END_MS = 20_000;
const POLL_MS = 50;
const LOGS_KEPT = 5;

/** Idempotent. Rejects with the name of what does not go. */
export async function cleanUp(folder: string): Promise<void> {
  await endProcesses(folder);
  await removeCgroup(`/${basename(folder)}`);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** What runs left behind that were killed together with their janitor. */
export async function cleanUpAfterOthers(): Promise<void> {
  mkdirSync(RUNS_FOLDER, { recursive: true });
  const names = new Set([...cgroupsNamed(RUN_PREFIX), ...readdirSync(RUNS_FOLDER)]);
  for (const name of names) {
    const isOver = name.startsWith(RUN_PREFIX) && !isAlive(Number(name.slice(RUN_PREFIX.length)));
    if (isOver) await cleanUp(join(RUNS_FOLDER, name));
  }
}

/** The components' logs, where the next runs do not remove them. Resolves with that place. */
export async function keepLogs(folder: string): Promise<string> {
  const kept = join(RUNS_FOLDER, `failed-${new Date().toISOString().replaceAll(":", "")}`);
  for (const name of readdirSync(folder)) {
    const log = join(folder, name, "log");
    if (existsSync(log)) await cp(log, join(kept, name), { recursive: true });
  }
  const failed = readdirSync(RUNS_FOLDER).filter((name) => name.startsWith("failed-"));
  for (const old of failed.sort().slice(0, -LOGS_KEPT)) {
    await rm(join(RUNS_FOLDER, old), { recursive: true, force: true });
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
