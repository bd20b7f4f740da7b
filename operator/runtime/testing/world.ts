// What most tests of the runtime start from: an API in memory, time that stands still, a log to read, and
// small objects.
import { ManualClock } from "../../testing/manual-clock.ts";
import { RuntimeMetrics } from "../metrics.ts";
import type { Lease } from "../objects.ts";
import { LEASES } from "../objects.ts";
import { MemoryApi } from "./memory-api.ts";
import { recordingLog } from "./recording-log.ts";

export function makeWorld() {
  const clock = new ManualClock();
  return {
    clock,
    api: new MemoryApi({ clock }),
    /** No jitter: pauses are whole. */
    random: () => 1,
    log: recordingLog(),
    metrics: new RuntimeMetrics(),
  };
}

export type World = ReturnType<typeof makeWorld>;

/** The smallest object there is; any kind would do. */
export function lease(name: string, more: Partial<Lease["metadata"]> = {}): Lease {
  return {
    apiVersion: LEASES.apiVersion,
    kind: LEASES.kind,
    metadata: { name, namespace: "n", ...more },
  };
}

/** The value of one metric with these labels; 0 when it never was. */
export async function metricOf(
  { metrics }: Pick<World, "metrics">,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const metric = await metrics.registry.getSingleMetric(name)?.get();
  const found = metric?.values.find(({ labels: has }) =>
    Object.entries(labels).every(([key, value]) => (has as Record<string, unknown>)[key] === value),
  );
  return found?.value ?? 0;
}
