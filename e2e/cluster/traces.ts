// What a run could leave on the machine, as it is now. Read before and after, the difference must be nothing.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import { cgroupsNamed } from "./cgroups.ts";
import { SYSCTLS } from "./node-files.ts";
import { cgroupOfRun, RUN_VARIABLE } from "./run.ts";

const execute = promisify(execFile);

/** By kind, each a set of lines in any order. */
export type Traces = Readonly<Record<string, readonly string[]>>;

/** Folders that kubelet, containerd and CNI plugins would use if they were not given others. */
const FOLDERS = [
  "/run/containerd",
  "/run/netns",
  "/var/lib/cni",
  "/var/lib/containerd",
  "/var/lib/kubelet",
  "/var/log/containers",
  "/var/log/pods",
];
const SETTINGS = [
  ...Object.keys(SYSCTLS),
  "net/ipv4/ip_forward",
  "net/ipv4/conf/all/forwarding",
  "net/ipv4/conf/all/route_localnet",
  "net/ipv4/conf/all/rp_filter",
  "net/netfilter/nf_conntrack_max",
];

/** Of the machine, and of the run with that folder: others may come and go meanwhile. */
export async function traces(run: string): Promise<Traces> {
  const [name, cgroup] = [basename(run), cgroupOfRun(run)];
  return {
    mounts: mounts(),
    links: (await lines("ip", "-o", "link")).map((line) => line.split(":")[1]?.trim() ?? line),
    routes: await lines("ip", "route"),
    "network namespaces": await lines("ip", "netns", "list"),
    "packet filters": await lines("nft", "list", "ruleset"),
    sysctls: SETTINGS.map((name) => `${name} = ${content(`/proc/sys/${name}`)}`),
    "control groups": cgroupsNamed(dirname(cgroup), name),
    "runs' folders": entries(dirname(run)).filter((entry) => entry === name),
    folders: FOLDERS.flatMap((folder) => entries(folder).map((name) => `${folder}/${name}`)),
    processes: processesOf(run).map((pid) => `${pid} ${content(`/proc/${pid}/cmdline`)}`),
  };
}

/** One line for each that is new or gone. */
export function difference(before: Traces, after: Traces): readonly string[] {
  return Object.keys(after).flatMap((kind) => {
    const [had, has] = [new Set(before[kind]), new Set(after[kind])];
    return [
      ...[...has.difference(had)].map((line) => `left in ${kind}: ${line}`),
      ...[...had.difference(has)].map((line) => `gone from ${kind}: ${line}`),
    ];
  });
}

/** Of the run with that folder, which they carry in their environment. Never this process. */
export function processesOf(folder: string): readonly number[] {
  const wish = `${RUN_VARIABLE}=${folder}`;
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .filter((pid) => content(`/proc/${pid}/environ`).split("\0").includes(wish));
}

/** Without their numbers, which are given out again. */
function mounts(): readonly string[] {
  return content("/proc/self/mountinfo")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, , , root, at] = line.split(" ");
      return `${at} (${root} of ${line.split(" - ")[1]})`;
    });
}

/** What a program prints; nothing where it is missing or refuses, before and after alike. */
async function lines(program: string, ...args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await execute(program, args).catch(() => ({ stdout: "" }));
  return stdout.split("\n").filter((line) => line.trim() !== "");
}

/** Empty where there is none: processes end while they are looked at, and not every kernel has every setting. */
function content(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
