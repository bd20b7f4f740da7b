// One run of the tests on a real cluster, as its processes know it: main.ts makes it and tells its folder by environment.
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Begins the names of what a run leaves on the machine while it lives: its folder, its control groups. The rest is its pid. */
export const RUN_PREFIX = "starrocks-backup-e2e.";
/** Set in every process of a run, so that none is overlooked at its end. */
export const RUN_VARIABLE = "STARROCKS_BACKUP_E2E_RUN";

/** Runs' folders, and the logs of those that failed. */
export const RUNS_FOLDER = fileURLToPath(new URL("../../.cache/e2e", import.meta.url));

/** Whether nodes can be had: this process is in namespaces of its own. */
export function isInside(): boolean {
  return (process.env[RUN_VARIABLE] ?? "") !== "";
}

export function runFolder(): string {
  const folder = process.env[RUN_VARIABLE] ?? "";
  if (folder === "") throw new Error("a cluster with nodes lives inside `npm run e2e`, as root");
  return folder;
}

/** Within the run's own, which goes with the run. */
export function cgroupOf(node: string): string {
  return join("/", basename(runFolder()), node);
}
