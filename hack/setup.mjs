// Makes a fresh clone usable: runs `npm ci` when the installed packages are not those of the
// lockfile. Plain JavaScript, because it runs on whatever Node the machine has, before the
// project's own Node (the `node` package) is installed. Called by the `pre…` scripts.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const lockfile = join(root, "package-lock.json");
const installed = join(root, "node_modules", ".installed-lock.json");

function upToDate() {
  return (
    existsSync(installed) && readFileSync(installed, "utf8") === readFileSync(lockfile, "utf8")
  );
}

if (!upToDate()) {
  console.log("installing packages (npm ci), once");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status } = spawnSync(npm, ["ci", "--loglevel=error"], { cwd: root, stdio: "inherit" });
  if (status !== 0) {
    console.error("npm ci failed: the packages could not be installed; see its message above");
    process.exit(status ?? 1);
  }
  mkdirSync(join(root, "node_modules"), { recursive: true });
  copyFileSync(lockfile, installed);
}
