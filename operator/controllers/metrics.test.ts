// The metric that a person is woken by: when a database was backed up last.
import { expect } from "chai";
import { Registry } from "prom-client";
import { ObjectStore } from "../runtime/store.ts";
import type { Backup } from "../api/backup.generated.ts";
import { OperatorMetrics } from "./metrics.ts";
import { backup } from "./testing/samples.ts";

const NAME = "starrocks_backup_last_success_timestamp_seconds";

describe("OperatorMetrics", () => {
  it("tells the last FINISHED Backup of each database, also right after a restart", async () => {
    const registry = new Registry();
    const metrics = new OperatorMetrics(registry);
    const store = new ObjectStore<Backup>();
    metrics.backups = store;
    const ended = (name: string, phase: "FINISHED" | "FAILED", completionTime: string): void => {
      const made = backup({});
      const status = { observedGeneration: 1, phase, completionTime };
      store.set({ ...made, metadata: { ...made.metadata, name, uid: name }, status });
    };
    ended("a", "FINISHED", "2026-01-02T00:00:00Z");
    ended("b", "FINISHED", "2026-01-03T00:00:00Z");
    ended("c", "FAILED", "2026-01-04T00:00:00Z");
    const values = async () => (await registry.getSingleMetric(NAME)?.get())?.values ?? [];
    expect((await values()).map(({ value }) => value)).to.deep.equal([
      Date.parse("2026-01-03T00:00:00Z") / 1000,
    ]);
    for (const object of store.list()) store.delete(object);
    expect(await values()).to.deep.equal([]);
  });
});
