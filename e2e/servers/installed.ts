// Where the servers of `*.servers.test.ts`, and the judge of what GitOps tools think, are on this machine: in the folder that `npm run servers` fills, or
// where a developer has them anyway. It never installs one: a test whose server is missing is skipped by name,
// and fails instead where all must be there (REQUIRE_SERVERS=1, as in CI).
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describeUnless } from "../describe-unless.ts";
import { findProgram, goFolder, isExecutable } from "../executables.ts";

export const SERVER_NAMES = [
  "versitygw",
  "fake-gcs-server",
  "moto",
  "hadoop",
  "minio",
  "gitops-judge",
] as const;

export type ServerName = (typeof SERVER_NAMES)[number];

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Where each is in the folder. Hadoop is a folder of jars, for `java -cp '<folder>/*'`; the others are programs. */
const PLACES = {
  versitygw: "bin/versitygw",
  "fake-gcs-server": "bin/fake-gcs-server",
  moto: "moto/bin/moto_server",
  hadoop: "hadoop/lib",
  minio: "bin/minio",
  "gitops-judge": "bin/gitops-judge",
} as const satisfies Record<ServerName, string>;

/** Absolute: STORAGE_SERVERS_DIR, or `.cache/servers` of this clone. Need not exist. */
export function serversFolder(): string {
  return resolve(process.env["STORAGE_SERVERS_DIR"] || join(ROOT, ".cache/servers"));
}

/**
 * The program (for Hadoop: the folder of jars) in the servers' folder, on PATH or in Go's own folder;
 * undefined where it is nowhere.
 */
export function findServer(name: ServerName): string | undefined {
  const inFolder = join(serversFolder(), PLACES[name]);
  if (name === "hadoop") return hasJars(inFolder) && findProgram("java") ? inFolder : undefined;
  const program = PLACES[name].split("/").at(-1) ?? name;
  return isExecutable(inFolder) ? inFolder : findProgram(program, [goFolder()]);
}

/** What a person types to get it. */
export function installHint(name: ServerName): string {
  return `npm run servers -- ${name}`;
}

/** {@link findServer}, for those who have said already that they need it. Throws with the hint. */
export function requireServer(name: ServerName): string {
  const found = findServer(name);
  if (found === undefined) throw new Error(`${name} is not installed: ${installHint(name)}`);
  return found;
}

/**
 * Mocha's `describe` for tests that need all of these servers; `tests` runs only where they are there.
 * Elsewhere one pending test tells the name and how to get it, or fails with REQUIRE_SERVERS=1.
 */
export function describeWith(
  servers: ServerName | readonly ServerName[],
  title: string,
  tests: () => void,
): void {
  const missing = [servers].flat().filter((name) => findServer(name) === undefined);
  const note = `not installed: ${missing.map(installHint).join(", ")}`;
  describeUnless(missing.length === 0 ? undefined : note, "REQUIRE_SERVERS", title, tests);
}

function hasJars(folder: string): boolean {
  try {
    return readdirSync(folder).some((name) => /^hadoop-hdfs-[\d.]+\.jar$/.test(name));
  } catch {
    return false;
  }
}
