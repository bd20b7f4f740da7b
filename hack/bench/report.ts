// The results as text. Speeds are medians; ratios are medians of the rounds' own ratios, so the two need
// not divide to each other.
import {
  filesPerSecond,
  medianOf,
  megabytesPerSecond,
  ratioOf,
  type Measured,
  type Series,
} from "./comparison.ts";
import type { HotSpot } from "./profile.ts";
import type { Aim, Group, MemoryPeak, RequestCount, SectionResult } from "./sections.ts";

const MIB = 1024 * 1024;
const ROLES = ["agent", "load", "client", "store"] as const;

export function renderSection(result: SectionResult): string {
  return [
    ...result.groups.map(renderGroup),
    ...(result.requests.length > 0 ? [renderRequests(result.requests)] : []),
    ...(result.memory.length > 0 ? [renderMemory(result.memory)] : []),
    ...result.profiles.map(renderProfile),
  ].join("\n\n");
}

function renderProfile({ of, summary }: SectionResult["profiles"][number]): string {
  const lines = (spots: readonly HotSpot[]) =>
    spots.map(({ name, share }) => `  ${percent(share).padStart(5)}  ${name}`);
  return [
    `where the agent's busy time goes: ${of}`,
    ...lines(summary.areas),
    "  of which in the functions themselves",
    ...lines(summary.functions),
  ].join("\n");
}

export function renderAims(aims: readonly Aim[]): string {
  const rows = aims.map((aim) => [
    isReached(aim) ? "reached" : "AIM MISSED",
    aim.what,
    `${aim.kind === "least" ? "≥" : "≤"} ${aim.limit}`,
    `${aim.reached.toFixed(aim.reached >= 100 ? 0 : 2)} ${aim.unit}`,
  ]);
  return table("aims", ["", "", "aim", "reached"], rows);
}

export function isReached({ kind, limit, reached }: Aim): boolean {
  return kind === "least" ? reached >= limit : reached <= limit;
}

function renderGroup(group: Group): string {
  const { series, unit, references } = group;
  const small = unit === "files/s";
  const against = references.map((name) => series.find((s) => s.name === name));
  const head = [
    unit,
    ...(small ? ["MB/s"] : []),
    ...references.map((name) => `of ${name.slice(0, 3)}`),
    ...ROLES.map((role) => `${role} ${small ? "ms/file" : "s/GB"}`),
    "cores",
    "others",
  ];
  const rows = series.map((one) => [
    one.name,
    Math.round(medianOf(one, small ? filesPerSecond : megabytesPerSecond)).toString(),
    ...(small ? [medianOf(one, megabytesPerSecond).toFixed(1)] : []),
    ...against.map((other) => (other === undefined ? "" : ratioOf(one, other).toFixed(2))),
    ...ROLES.map((role) => cpuCell(one, role, small)),
    medianOf(one, (run) => totalCpu(run) / run.seconds).toFixed(2),
    medianOf(one, (run) => run.othersSeconds / run.seconds).toFixed(2),
  ]);
  return table(group.title, ["", ...head], rows);
}

/** CPU time of one process: per GB, or per file in ms; in brackets the kernel's part. */
function cpuCell(series: Series, role: string, perFile: boolean): string {
  if (series.runs[0]?.cpu[role] === undefined) return "";
  const unitsOf = (run: Measured) => (perFile ? run.files / 1000 : run.bytes / 1e9);
  const user = medianOf(series, (run) => (run.cpu[role]?.user ?? 0) / unitsOf(run));
  const system = medianOf(series, (run) => (run.cpu[role]?.system ?? 0) / unitsOf(run));
  return `${(user + system).toFixed(2)} (${system.toFixed(2)})`;
}

function totalCpu(run: Measured): number {
  return Object.values(run.cpu).reduce((sum, { user, system }) => sum + user + system, 0);
}

function renderRequests(counts: readonly RequestCount[]): string {
  const rows = counts.map(({ what, files, byOperation }) => {
    const all = Object.values(byOperation).reduce((a, b) => a + b, 0);
    const parts = Object.entries(byOperation).map(([operation, n]) => `${operation} ${n}`);
    return [what, files.toString(), (all / files).toFixed(2), parts.join(", ")];
  });
  return table("requests to the store", ["", "files", "per file", "of which"], rows);
}

function renderMemory(peaks: readonly MemoryPeak[]): string {
  const rows = peaks.map(({ what, idleBytes, peakBytes, refused, run }) => [
    what,
    mebibytes(idleBytes),
    mebibytes(peakBytes),
    Math.round(megabytesPerSecond(run)).toString(),
    refused.toString(),
  ]);
  const head = ["", "idle MiB", "peak MiB", "MB/s", "refused opens"];
  return table("memory of the agent (resident)", head, rows);
}

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]) {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return isText(cell) ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd(),
  );
  return [title, ...lines.map((line) => `  ${line}`)].join("\n");
}

/** Words stand left, numbers right. */
function isText(cell: string): boolean {
  return !/^[\d.≥≤ ]/.test(cell);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

function mebibytes(bytes: number): string {
  return Math.round(bytes / MIB).toString();
}
