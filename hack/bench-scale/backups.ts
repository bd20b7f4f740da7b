// What Backups cost the API server, StarRocks and the operator, in the simulated world. Requests and statements are
// counts and the same on any machine; latency is in simulated time, in which the client's limit of requests a second
// is the only thing that takes long; CPU alone is of this machine.
import type { Measured } from "./figure.ts";
import { ScaleWorld } from "./world.ts";
import type { Size } from "./world.ts";

/** All Backups put there at once, to the last one's end. */
export async function measureBackups(size: Size): Promise<readonly Measured[]> {
  const world = new ScaleWorld(size);
  try {
    const begun = process.cpuUsage();
    world.putBackups();
    await world.until(() => world.finished === size.backups, "the end of all Backups", 500_000);
    world.starrocks.round();
    const { user, system } = process.cpuUsage(begun);
    return [
      ...figuresOf(world),
      per("CPU of operator and simulation", "ms a Backup", (user + system) / 1000, size),
    ];
  } finally {
    await world.stop();
  }
}

function figuresOf(world: ScaleWorld): readonly Measured[] {
  const { size, api, starrocks } = world;
  const seconds = world.elapsedMs / 1000;
  return [
    per("API requests", "a Backup", api.total, size),
    ...byVerb(api.calls).map(([verb, calls]) => per(`… ${verb}`, "a Backup", calls, size)),
    { what: "API requests", unit: "a second", value: api.total / seconds },
    per("SQL statements", "a Backup", starrocks.total, size),
    { what: "SQL statements", unit: "a second", value: starrocks.total / seconds },
    per("looks at a job or Repository", "a Backup", world.reconciles.length, size),
    {
      what: "latency of a look, p50",
      unit: "simulated ms",
      value: quantile(world.reconciles, 0.5),
    },
    {
      what: "latency of a look, p99",
      unit: "simulated ms",
      value: quantile(world.reconciles, 0.99),
    },
    { what: "all done", unit: "simulated s", value: seconds },
  ];
}

function per(what: string, unit: string, value: number, { backups }: Size): Measured {
  return { what, unit, value: value / backups };
}

function byVerb(calls: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  const verbs = new Map<string, number>();
  for (const [what, count] of calls) {
    const [verb = ""] = what.split(" ");
    verbs.set(verb, (verbs.get(verb) ?? 0) + count);
  }
  return [...verbs].sort(([, a], [, b]) => b - a);
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}
