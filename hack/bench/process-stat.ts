// What Linux knows of a process: its CPU time and the most memory it ever held. Read from /proc, so the
// benchmark needs Linux; a process and everything it started count as one.
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** `sysconf(_SC_CLK_TCK)`: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export interface CpuSeconds {
  /** In the program itself. */
  readonly user: number;
  /** In the kernel, for it: sockets, files, memory. */
  readonly system: number;
}

export function hasProcessStat(): boolean {
  return existsSync("/proc/self/stat");
}

/** CPU time of a process and of its children that still run. */
export function cpuOf(pid: number): CpuSeconds {
  const tree = [pid, ...childrenOf(pid)];
  const fields = tree.map(statFields);
  return {
    user: sum(fields.map((f) => Number(f[11]))) / TICKS_PER_SECOND,
    system: sum(fields.map((f) => Number(f[12]))) / TICKS_PER_SECOND,
  };
}

export function cpuBetween(before: CpuSeconds, after: CpuSeconds): CpuSeconds {
  return { user: after.user - before.user, system: after.system - before.system };
}

/** The most memory a process has held at a time, and what it holds now. Bytes. */
export function memoryOf(pid: number): { readonly peakBytes: number; readonly nowBytes: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]);
  return { peakBytes: kib("VmHWM") * 1024, nowBytes: kib("VmRSS") * 1024 };
}

/** CPU seconds that all processes of the machine have taken since it started. */
export function machineCpu(): number {
  const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n", 1);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** The fields of /proc/<pid>/stat after the program's name, which may itself hold spaces and brackets. */
function statFields(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function childrenOf(parent: number): number[] {
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  return pids.filter((pid) => {
    try {
      return Number(statFields(pid)[1]) === parent;
    } catch {
      // It ended while the list was read.
      return false;
    }
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
