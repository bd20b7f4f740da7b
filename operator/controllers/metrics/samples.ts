// Gauges that are read from objects at each scrape, so that they are right from the first one after a restart
// and vanish with their object. Reading is one pass over a cache: no call to anybody, ever.
import { Gauge, type Registry } from "prom-client";

export type Labels<L extends string> = Readonly<Record<L, string>>;

export interface Sample<L extends string> {
  readonly labels: Labels<L>;
  readonly value: number;
}

export interface Reading<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly L[];
  /** Of samples with the same labels there may be several: they are folded with `fold`. */
  readonly read: () => readonly Sample<L>[];
  readonly fold: Fold;
}

/** How samples with the same labels become one. */
export type Fold = (a: number, b: number) => number;

export const add: Fold = (a, b) => a + b;
export const highest: Fold = Math.max;
export const lowest: Fold = Math.min;

export function registerReading<L extends string>(registry: Registry, reading: Reading<L>): void {
  const { name, help, labelNames, read, fold } = reading;
  const gauge = new Gauge<L>({
    name,
    help,
    labelNames,
    registers: [],
    collect() {
      this.reset();
      for (const { labels, value } of folded(read(), fold)) this.set(labels, value);
    },
  });
  registry.registerMetric(gauge);
}

function folded<L extends string>(samples: readonly Sample<L>[], fold: Fold): Iterable<Sample<L>> {
  const byLabels = new Map<string, Sample<L>>();
  for (const sample of samples) {
    const key = JSON.stringify(sample.labels);
    const before = byLabels.get(key);
    const value = before === undefined ? sample.value : fold(before.value, sample.value);
    byLabels.set(key, { ...sample, value });
  }
  return byLabels.values();
}

/** Unix seconds of an object's time; undefined when it has none or it is no time. */
export function secondsOf(time: string | undefined): number | undefined {
  const ms = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(ms) ? undefined : ms / 1000;
}
