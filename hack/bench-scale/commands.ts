// What the agent's commands take over snapshots and repositories of a size, each in a process of its own.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { NODE_FLAGS } from "../../operator/agent/node-flags.ts";
import type { Measured } from "./figure.ts";

export type CommandName = "seal" | "verify" | "prune" | "catalog";

export interface CommandReport {
  readonly exitCode: number;
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly seconds: number;
  readonly rssMiB: number;
  readonly requests: number;
}

const child = join(import.meta.dirname, "command-child.ts");
const execute = promisify(execFile);

/** One after the other in one folder: what a seal wrote is there for those that follow. */
export async function runCommands(
  commands: readonly (readonly [CommandName, size: number])[],
): Promise<readonly CommandReport[]> {
  const folder = await mkdtemp(join(tmpdir(), "bench-scale-"));
  try {
    const reports: CommandReport[] = [];
    for (const [command, size] of commands) {
      const args = [...NODE_FLAGS, child, command, String(size), folder];
      const { stdout } = await execute(process.execPath, args);
      const report = JSON.parse(stdout) as CommandReport;
      if (report.exitCode !== 0) throw new Error(`${command} failed: ${report.message}`);
      reports.push(report);
    }
    return reports;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Of a snapshot with so many files. */
export async function measureSnapshot(files: number): Promise<readonly Measured[]> {
  const names = ["seal", "verify", "prune"] as const;
  const reports = await runCommands(names.map((name) => [name, files]));
  return reports.flatMap((report, at) => figuresOf(names[at] ?? "", report, files));
}

/** Of a repository with so many sealed snapshots. */
export async function measureCatalog(snapshots: number): Promise<readonly Measured[]> {
  const [, report] = await runCommands([
    ["seal", 10],
    ["catalog", snapshots],
  ]);
  return report === undefined ? [] : figuresOf("catalog", report, snapshots);
}

function figuresOf(what: string, report: CommandReport, size: number): readonly Measured[] {
  return [
    { what, unit: "s", value: report.seconds },
    { what: `${what}, memory at its peak`, unit: "MiB resident", value: report.rssMiB },
    { what: `${what}, requests`, unit: "for a thousand", value: (report.requests / size) * 1_000 },
  ];
}
