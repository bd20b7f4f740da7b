// Finds promtool, Prometheus' own checker of rules. It is no dependency of anything that ships: tests that want it
// are skipped, loudly, where it is not. `npm run promtool` puts Debian's into .cache/ without installing it.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findProgram, goFolder } from "../../e2e/executables.ts";
import { ROOT } from "./rules.ts";

const CACHE = join(ROOT, ".cache/prometheus");
const CACHED = join(CACHE, "usr/bin");

export const PROMTOOL_MISSING =
  "promtool is missing: npm run promtool (Debian and its kin), or put one on PATH";

/** On PATH, in Go's own folder, or in .cache/; undefined when it is nowhere. */
export function findPromtool(): string | undefined {
  return findProgram("promtool", [goFolder(), CACHED]);
}

/** Unpacks Debian's package `prometheus` into .cache/: nothing is installed or started. Throws when it cannot. */
export function fetchPromtool(): void {
  mkdirSync(CACHE, { recursive: true });
  const run = (command: string, ...args: readonly string[]): void => {
    execFileSync(command, args, { cwd: CACHE, stdio: ["ignore", "ignore", "inherit"] });
  };
  run("apt-get", "download", "prometheus");
  const archive = readdirSync(CACHE).find((name) => name.endsWith(".deb"));
  if (archive === undefined) throw new Error("apt-get download left no package");
  run("dpkg-deb", "-x", archive, ".");
  rmSync(join(CACHE, archive));
}
