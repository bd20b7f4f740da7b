// Control groups of this machine, which no namespace takes away: who makes one removes it. Version 1 (a hierarchy for each
// controller) and version 2 (one for all).
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const ROOT = "/sys/fs/cgroup";
/** Version 2 without controllers beside version 1: runtimes make groups there as well. */
const UNIFIED_BESIDE = join(ROOT, "unified");
/** A group can be removed when the kernel has let go of its last process. */
const REMOVE_MS = 60_000;
const POLL_MS = 50;

/** `path` begins with a slash. Idempotent. */
export function makeCgroup(path: string): void {
  for (const hierarchy of hierarchies().filter((one) => one !== UNIFIED_BESIDE)) {
    mkdirSync(join(hierarchy, path), { recursive: true });
  }
  if (isUnified()) delegate(path);
  else copyCpus(path);
}

/** With all below it. Throws with the name of one that is still in use. */
export async function removeCgroup(path: string): Promise<void> {
  const end = performance.now() + REMOVE_MS;
  for (;;) {
    const stuck = hierarchies().flatMap((hierarchy) => removeTree(join(hierarchy, path)));
    if (stuck.length === 0) return;
    if (performance.now() > end) throw new Error(`control group ${stuck[0]} is in use`);
    await sleep(POLL_MS);
  }
}

/** Names directly below that group that begin so, each once. */
export function cgroupsNamed(parent: string, beginning: string): readonly string[] {
  const names = hierarchies()
    .map((hierarchy) => join(hierarchy, parent))
    .filter((group) => existsSync(group))
    .flatMap((group) => readdirSync(group).filter((name) => name.startsWith(beginning)));
  return [...new Set(names)];
}

function isUnified(): boolean {
  return existsSync(join(ROOT, "cgroup.controllers"));
}

function hierarchies(): readonly string[] {
  if (isUnified()) return [ROOT];
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(ROOT, name));
}

/** In version 1 a new group has no processors, and nothing can run in it. */
function copyCpus(path: string): void {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    let group = join(ROOT, "cpuset");
    const value = readFileSync(join(group, file), "utf8");
    for (const part of path.split("/").filter((name) => name !== "")) {
      group = join(group, part);
      writeFileSync(join(group, file), value);
    }
  }
}

/** In version 2 a group has the controllers that its parent passes on. */
function delegate(path: string): void {
  let group = ROOT;
  for (const part of path.split("/").filter((name) => name !== "")) {
    const controllers = readFileSync(join(group, "cgroup.controllers"), "utf8").trim().split(" ");
    const wish = controllers.map((name) => `+${name}`).join(" ");
    writeFileSync(join(group, "cgroup.subtree_control"), wish);
    group = join(group, part);
  }
}

/** Depth first; the groups that could not be removed. */
function removeTree(group: string): readonly string[] {
  if (!existsSync(group)) return [];
  const below = readdirSync(group, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => removeTree(join(group, name)));
  try {
    rmdirSync(group);
    return below;
  } catch {
    return [...below, group];
  }
}
