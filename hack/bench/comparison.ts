// Comparing on a machine that others use too: the variants take turns (A B C, B C A, C A B …), so that a
// slow minute hits all of them, and a ratio is the median of the rounds' own ratios.
import type { CpuSeconds } from "./process-stat.ts";
import type { Moved } from "./streams.ts";

/** One run: what moved, and what CPU each process took for it. */
export interface Measured extends Moved {
  readonly cpu: Readonly<Record<string, CpuSeconds>>;
  /** What everybody else on the machine took meanwhile: the noise. CPU seconds. */
  readonly othersSeconds: number;
}

export interface Variant {
  readonly name: string;
  readonly run: () => Promise<Measured>;
  /** A smaller run, for compilers, connections and caches. */
  readonly warmUp: () => Promise<unknown>;
}

/** A variant's runs, one for each round. */
export interface Series {
  readonly name: string;
  readonly runs: readonly Measured[];
}

/** Warms every variant up, and then runs all of them in every round. `between` follows each round. */
export async function interleave(
  variants: readonly Variant[],
  rounds: number,
  between: () => Promise<void>,
): Promise<Series[]> {
  const series = variants.map(({ name, run }) => ({ name, run, runs: [] as Measured[] }));
  for (const { warmUp } of variants) await warmUp();
  await between();
  for (let round = 0; round < rounds; round += 1) {
    const turn = round % series.length;
    for (const one of [...series.slice(turn), ...series.slice(0, turn)]) {
      one.runs.push(await one.run());
    }
    await between();
  }
  return series.map(({ name, runs }) => ({ name, runs }));
}

/** How fast `one` was in terms of `other`, round by round; the median. */
export function ratioOf(one: Series, other: Series): number {
  const ratios = one.runs.map((run, round) => {
    const against = other.runs[round];
    return against === undefined ? Number.NaN : filesPerSecond(run) / filesPerSecond(against);
  });
  return median(ratios);
}

export function medianOf(series: Series, of: (run: Measured) => number): number {
  return median(series.runs.map(of));
}

export function filesPerSecond({ files, seconds }: Moved): number {
  return files / seconds;
}

/** Millions of bytes, as disks and networks are sold. */
export function megabytesPerSecond({ bytes, seconds }: Moved): number {
  return bytes / 1e6 / seconds;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}
