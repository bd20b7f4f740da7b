// What is measured, and with which aim: one function for each part of the report.
import type { BenchAgent } from "./bench-agent.ts";
import type { BeLoad, Bench, ReferenceLoad } from "./bench.ts";
import { interleave, ratioOf, type Measured, type Series, type Variant } from "./comparison.ts";
import type { FileSet } from "./content.ts";
import { memoryOf } from "./process-stat.ts";
import type { ProfileSummary } from "./profile.ts";
import { PART_BYTES } from "./stores/bench-store.ts";
import { STORES } from "./stores/stores.ts";
import {
  CALL_BYTES,
  MEMORY_STREAMS,
  SMALL_BYTES,
  SMALL_PER_TABLET,
  SMALL_STREAMS,
  type Section,
} from "./settings.ts";

const MIB = 1024 * 1024;
/** Many first: what warms up there is warm for the single stream. Shown the other way round. */
const STREAMS = [8, 1] as const;
const CLIENT = "(a) client alone";
const CLIENT_WITH_RENAMES = "(b) client and its rename";
const CLIENT_IN_PARTS = "(c) the same in durable parts";
const REQUEST_FILES = 400;

/** Something the issue wants reached. */
export interface Aim {
  readonly what: string;
  readonly limit: number;
  /** Whether `reached` must not be below or not be above the limit. */
  readonly kind: "least" | "most";
  readonly reached: number;
  readonly unit: string;
}

/** Series that were measured in turns, and so can be compared with each other. */
export interface Group {
  readonly title: string;
  readonly unit: "MB/s" | "files/s";
  readonly series: readonly Series[];
  readonly references: readonly string[];
}

/** Requests that an agent sent to the store. */
export interface RequestCount {
  readonly what: string;
  readonly files: number;
  readonly byOperation: Readonly<Record<string, number>>;
}

export interface MemoryPeak {
  readonly what: string;
  readonly idleBytes: number;
  readonly peakBytes: number;
  readonly refused: number;
  readonly run: Measured;
}

export interface SectionResult {
  readonly section: Section;
  readonly groups: readonly Group[];
  readonly requests: readonly RequestCount[];
  readonly memory: readonly MemoryPeak[];
  readonly aims: readonly Aim[];
  readonly profiles: readonly { readonly of: string; readonly summary: ProfileSummary }[];
}

export const RUN_SECTION: Readonly<Record<Section, (bench: Bench) => Promise<SectionResult>>> = {
  up: runUp,
  down: runDown,
  small: runSmall,
  requests: runRequests,
  memory: runMemory,
};

async function runUp(bench: Bench): Promise<SectionResult> {
  const { sizes } = bench.settings;
  const run = async (agent: BenchAgent) => {
    const groups: Group[] = [];
    for (const streams of STREAMS) {
      const files = sizes.largeFiles[streams];
      const set = (count: number) => bench.freshSet(count, sizes.largeBytes);
      const how = { direction: "up", streams, set, files } as const;
      const variants = [...throughAgent(bench, agent, how), ...references(bench, how)];
      const series = await interleave(variants, sizes.largeRounds, () => bench.clear());
      groups.unshift(largeGroup("up", { streams, files, bytes: sizes.largeBytes }, series));
    }
    return groups;
  };
  const { result: groups, profile } = await bench.withAgent("backup", run);
  const aims = groups.flatMap((group) => speedAims(group, CLIENT_WITH_RENAMES));
  return resultOf("up", { groups, aims, profiles: profilesOf("up", profile) });
}

async function runDown(bench: Bench): Promise<SectionResult> {
  const { sizes } = bench.settings;
  const all = bench.freshSet(sizes.largeFiles[8], sizes.largeBytes);
  await bench.prepare(all);
  const run = async (agent: BenchAgent) => {
    const groups: Group[] = [];
    for (const streams of STREAMS) {
      const files = sizes.largeFiles[streams];
      const set = (count: number) => ({ ...all, files: count });
      const how = { direction: "down", streams, set, files } as const;
      const variants = [...throughAgent(bench, agent, how), ...references(bench, how)];
      const series = await interleave(variants, sizes.largeRounds, async () => {});
      groups.unshift(largeGroup("down", { streams, files, bytes: sizes.largeBytes }, series));
    }
    return groups;
  };
  const { result: groups, profile } = await bench.withAgent("restore", run);
  await bench.clear();
  const aims = groups.flatMap((group) => speedAims(group, CLIENT));
  return resultOf("down", { groups, aims, profiles: profilesOf("down", profile) });
}

async function runSmall(bench: Bench): Promise<SectionResult> {
  const { smallFiles: files, smallRounds: rounds } = bench.settings.sizes;
  const fresh = (count: number) => bench.freshSet(count, SMALL_BYTES, SMALL_PER_TABLET);
  const streams = SMALL_STREAMS;
  const up = await bench.withAgent("backup", async (agent) => {
    const how = { direction: "up", streams, set: fresh, files } as const;
    const variants = [...throughAgent(bench, agent, how, [MIB]), ...references(bench, how)];
    return interleave(variants, rounds, () => bench.clear());
  });
  const all = fresh(files);
  await bench.prepare(all);
  const down = await bench.withAgent("restore", async (agent) => {
    const set = (count: number) => ({ ...all, files: count });
    const how = { direction: "down", streams, set, files } as const;
    const variants = [...throughAgent(bench, agent, how, [MIB]), ...references(bench, how)];
    return interleave(variants, rounds, async () => {});
  });
  await bench.clear();
  const title = (way: string) => `${way}, ${files} files of 16 KiB, ${streams} streams`;
  return resultOf("small", {
    groups: [smallGroup(title("up"), up.result), smallGroup(title("down"), down.result)],
    profiles: [...profilesOf("small up", up.profile), ...profilesOf("small down", down.profile)],
  });
}

/** Counted by a proxy in front of the store; nothing is timed. */
async function runRequests(bench: Bench): Promise<SectionResult> {
  const proxy = await STORES[bench.store.kind].count(bench.store);
  try {
    const smallSet = bench.freshSet(REQUEST_FILES, SMALL_BYTES, SMALL_PER_TABLET);
    const large = bench.freshSet(2, bench.settings.sizes.largeBytes);
    const count = async (agent: BenchAgent, what: string, load: BeLoad): Promise<RequestCount> => {
      proxy.take();
      await bench.throughAgent(agent, load);
      const byOperation: Record<string, number> = {};
      for (const operation of proxy.take()) {
        byOperation[operation] = (byOperation[operation] ?? 0) + 1;
      }
      return { what, files: load.set.files, byOperation };
    };
    const both = async (agent: BenchAgent, direction: "up" | "down") => {
      const load = { direction, streams: 4, callBytes: MIB } as const;
      return [
        await count(agent, `small file ${direction}`, { ...load, set: smallSet }),
        await count(agent, `large file ${direction}`, { ...load, set: large }),
      ];
    };
    const up = await bench.withAgent("backup", (agent) => both(agent, "up"), proxy.address);
    await bench.prepare(bench.freshSet(1, SMALL_BYTES));
    const down = await bench.withAgent("restore", (agent) => both(agent, "down"), proxy.address);
    await bench.clear();
    const requests = [...up.result, ...down.result];
    const limit = STORES[bench.store.kind].smallFileRequestsMax;
    const small = requests.filter(({ what }) => what.startsWith("small"));
    const aims = small.map((count) => requestAim(count, limit));
    return resultOf("requests", { requests, aims });
  } finally {
    await proxy.stop();
  }
}

/** A fresh agent for each way: the peak of a process is for life. */
async function runMemory(bench: Bench): Promise<SectionResult> {
  const { memoryFiles, memoryFileBytes, hugeBytes } = bench.settings.sizes;
  const run = async (
    direction: "up" | "down",
    set: FileSet,
    streams = MEMORY_STREAMS,
  ): Promise<MemoryPeak> => {
    const mode = direction === "up" ? "backup" : "restore";
    const { result } = await bench.withAgent(mode, async (agent) => {
      const idleBytes = memoryOf(agent.pid).nowBytes;
      const load = { direction, streams, set, callBytes: 4 * MIB } as const;
      const measured = await bench.throughAgent(agent, load);
      const { peakBytes } = memoryOf(agent.pid);
      const { files, fileBytes } = set;
      const what = `${direction}, ${streamsOf(streams)}, ${files} × ${fileBytes / MIB} MiB, 4 MiB calls`;
      return { what, idleBytes, peakBytes, refused: measured.refused, run: measured };
    });
    await bench.clear();
    return result;
  };
  const up = await run("up", bench.freshSet(memoryFiles, memoryFileBytes));
  const set = bench.freshSet(memoryFiles, memoryFileBytes);
  await bench.prepare(set);
  const memory = [up, await run("down", set), await run("up", bench.freshSet(1, hugeBytes), 1)];
  const aims = memory.map(({ what, peakBytes }): Aim => ({
    what: `peak memory ${what}`,
    limit: 512,
    kind: "most",
    reached: peakBytes / MIB,
    unit: "MiB",
  }));
  return resultOf("memory", { memory, aims });
}

interface How {
  readonly direction: "up" | "down";
  readonly streams: number;
  /** Of so many files. */
  readonly set: (files: number) => FileSet;
  readonly files: number;
}

function throughAgent(
  bench: Bench,
  agent: BenchAgent,
  { set, files, ...how }: How,
  callSizes: readonly number[] = CALL_BYTES,
): Variant[] {
  const calls = how.direction === "up" ? "pwrites" : "preads";
  return callSizes.map((callBytes) => {
    const run = (count: number) =>
      bench.throughAgent(agent, { ...how, callBytes, set: set(count) });
    return {
      name: `agent, ${callBytes / MIB} MiB ${calls}`,
      warmUp: async () => {
        await run(warmUpFiles(files));
        agent.startProfile();
      },
      run: () => run(files),
    };
  });
}

function references(bench: Bench, { set, files, ...how }: How): Variant[] {
  const variantOf = (name: string, load: Partial<ReferenceLoad>): Variant => {
    const run = (count: number) => bench.reference({ ...how, ...load, set: set(count) });
    return { name, warmUp: () => run(warmUpFiles(files)), run: () => run(files) };
  };
  const alone = variantOf(CLIENT, {});
  if (how.direction === "down") return [alone];
  const renamed = variantOf(CLIENT_WITH_RENAMES, { renames: true });
  const isLarge = set(1).fileBytes > PART_BYTES;
  if (!isLarge || !STORES[bench.store.kind].hasParts) return [alone, renamed];
  return [alone, renamed, variantOf(CLIENT_IN_PARTS, { renames: true, inParts: true })];
}

/** Of whole tablets: a BE reads all that a folder lists. */
function warmUpFiles(files: number): number {
  const some = Math.floor(files / 4);
  return some < SMALL_PER_TABLET ? files : some - (some % SMALL_PER_TABLET);
}

function largeGroup(
  direction: string,
  { streams, files, bytes }: { streams: number; files: number; bytes: number },
  series: readonly Series[],
): Group {
  const title = `${direction}, ${streamsOf(streams)}, ${files} × ${bytes / MIB} MiB`;
  return { title, unit: "MB/s", series, references: referenceNames(series) };
}

function streamsOf(count: number): string {
  return `${count} stream${count === 1 ? "" : "s"}`;
}

function smallGroup(title: string, series: readonly Series[]): Group {
  return { title, unit: "files/s", series, references: referenceNames(series) };
}

function referenceNames(series: readonly Series[]): string[] {
  return series.map(({ name }) => name).filter((name) => name.startsWith("("));
}

function speedAims({ title, series }: Group, against: string): Aim[] {
  const reference = series.find(({ name }) => name === against);
  if (reference === undefined) return [];
  return series
    .filter(({ name }) => name.startsWith("agent"))
    .map((one) => ({
      what: `${title}: ${one.name} beside ${against}`,
      limit: 0.9,
      kind: "least",
      reached: ratioOf(one, reference),
      unit: "of it",
    }));
}

function requestAim({ what, files, byOperation }: RequestCount, limit: number): Aim {
  const all = Object.values(byOperation).reduce((a, b) => a + b, 0);
  return {
    what: `requests for a ${what}`,
    limit,
    kind: "most",
    reached: all / files,
    unit: "each",
  };
}

function profilesOf(of: string, summary: ProfileSummary | undefined) {
  return summary === undefined ? [] : [{ of, summary }];
}

function resultOf(section: Section, parts: Partial<Omit<SectionResult, "section">>): SectionResult {
  return { section, groups: [], requests: [], memory: [], aims: [], profiles: [], ...parts };
}
