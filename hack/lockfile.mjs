// Makes package-lock.json anew: `npm run lockfile`, after a change of package.json. npm's own file has three
// faults for us: it names the registry it was made with, and it leaves out optional packages of other
// platforms that this registry does not have, for which `npm ci` then refuses the whole file; and it forgets
// digests.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = fileURLToPath(new URL("../package-lock.json", import.meta.url));
const SYSTEMS = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const PROCESSORS = ["arm64", "arm", "x64", "ia32", "ppc64", "riscv64", "s390x"];

const before = JSON.parse(readFileSync(path, "utf8")).packages;
rmSync(path, { force: true });
execFileSync("npm", ["install", "--package-lock-only", "--omit-lockfile-registry-resolved=false"], {
  stdio: "inherit",
});
const lock = JSON.parse(readFileSync(path, "utf8"));
for (const [key, entry] of Object.entries(lock.packages)) {
  delete entry.resolved;
  keepIntegrity(key, entry);
  addMissing(lock.packages, entry);
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
lock.packages = Object.fromEntries(sorted);
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);

/** npm forgets the digests of packages that it finds installed without one. */
function keepIntegrity(key, { version, ...rest }) {
  const old = before[key];
  if (rest.integrity !== undefined || old?.integrity === undefined) return;
  if (old.version === version) lock.packages[key] = { version, integrity: old.integrity, ...rest };
}

/** Platform packages are named after their platform: `…/binding-linux-arm64-musl`. */
function addMissing(packages, { optionalDependencies = {}, dev }) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const key = `node_modules/${name}`;
    const words = name.split(/[-/]/);
    const os = SYSTEMS.filter((system) => words.includes(system));
    const cpu = PROCESSORS.filter((processor) => words.includes(processor));
    if (packages[key] !== undefined || os.length === 0) continue;
    packages[key] = { version, cpu, ...(dev && { dev }), optional: true, os };
  }
}
