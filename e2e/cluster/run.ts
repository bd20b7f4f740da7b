// One run of the tests on a real cluster, as its processes know it: outer.ts makes it and tells its folder by environment. A
// run inside a run has its folder and its control groups within the other's, and goes with it.
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Begins the names of what a run leaves on the machine while it lives: its folder, its control groups. The rest is its pid. */
export const RUN_PREFIX = "starrocks-backup-e2e.";
/** Set in every process of a run, so that none is overlooked at its end. */
export const RUN_VARIABLE = "STARROCKS_BACKUP_E2E_RUN";

const OF_THIS_CLONE = fileURLToPath(new URL("../../.cache/e2e", import.meta.url));

/** Whether nodes can be had: this process is in namespaces of its own. */
export function isInside(): boolean {
  return (process.env[RUN_VARIABLE] ?? "") !== "";
}

export function runFolder(): string {
  const folder = process.env[RUN_VARIABLE] ?? "";
  if (folder === "") throw new Error("a cluster with nodes lives inside `npm run e2e`, as root");
  return folder;
}

/** Where runs' folders are, and the logs of those that failed. */
export function runsFolder(): string {
  return isInside() ? join(runFolder(), "runs") : OF_THIS_CLONE;
}

/** Of the run that the process with that pid makes. */
export function folderOfRun(pid: number): string {
  return join(runsFolder(), `${RUN_PREFIX}${pid}`);
}

/** Of a folder's or a control group's name. Undefined: it only begins so, and is somebody else's. */
export function pidOfRun(name: string): number | undefined {
  const rest = name.startsWith(RUN_PREFIX) ? name.slice(RUN_PREFIX.length) : "";
  return /^\d+$/.test(rest) ? Number(rest) : undefined;
}

/** The control group of everything in the run with that folder: a path that begins with a slash. */
export function cgroupOfRun(folder: string): string {
  const names = folder.split("/").filter((name) => name.startsWith(RUN_PREFIX));
  return `/${names.join("/")}`;
}
