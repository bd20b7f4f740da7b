// What was measured on several storages, as one table for docs/benchmarks.md. Of an agent's series the last one
// counts: the calls that StarRocks makes since 3.4.
import { medianOf, megabytesPerSecond, ratioOf, type Measured, type Series } from "./comparison.ts";
import type { Group, MemoryPeak, SectionResult } from "./sections.ts";

export interface StoreResult {
  /** For people. */
  readonly store: string;
  readonly sections: readonly SectionResult[];
}

const MIB = 1024 * 1024;

/** Tables in Markdown. A ratio is the agent's speed in terms of the client's, a median of rounds. */
export function renderSummary(results: readonly StoreResult[]): string {
  const head = ["", "agent MB/s", "client MB/s", "agent / client", "with its rename"];
  const cpu = ["agent CPU s/GB", "client CPU s/GB"];
  return results
    .map(({ store, sections }) => {
      const speeds = sections.flatMap(({ groups }) => groups.map(speedRow));
      const peaks = sections.flatMap(({ memory }) => memory.map(memoryRow));
      return [
        store,
        ...(speeds.length > 0 ? [markdown([...head, ...cpu], speeds)] : []),
        ...(peaks.length > 0 ? [markdown(["", "peak MiB", "MB/s"], peaks)] : []),
      ].join("\n\n");
    })
    .join("\n\n");
}

function speedRow({ title, series, references }: Group): string[] {
  const agent = series.findLast(({ name }) => name.startsWith("agent"));
  const [client, withRename] = references.map((name) => series.find((one) => one.name === name));
  return [
    title,
    speedOf(agent),
    speedOf(client),
    ratio(agent, client),
    ratio(agent, withRename),
    cpuOf(agent, "agent"),
    cpuOf(client, "client"),
  ];
}

function memoryRow({ what, peakBytes, run }: MemoryPeak): string[] {
  return [what, Math.round(peakBytes / MIB).toString(), megabytesPerSecond(run).toFixed(0)];
}

function speedOf(series: Series | undefined): string {
  if (series === undefined) return "";
  const speed = medianOf(series, megabytesPerSecond);
  return speed.toFixed(speed < 10 ? 1 : 0);
}

function ratio(one: Series | undefined, other: Series | undefined): string {
  return one === undefined || other === undefined ? "" : ratioOf(one, other).toFixed(2);
}

function cpuOf(series: Series | undefined, role: string): string {
  const perGigabyte = ({ cpu, bytes }: Measured) => {
    const { user, system } = cpu[role] ?? { user: Number.NaN, system: Number.NaN };
    return (user + system) / (bytes / 1e9);
  };
  return series === undefined ? "" : medianOf(series, perGigabyte).toFixed(1);
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, at) => (at === 0 ? "---" : "--:"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
