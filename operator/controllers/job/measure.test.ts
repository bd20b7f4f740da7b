// What is left of a job when it is gone itself: a line in the log and a count, once.
import { expect } from "chai";
import { Registry } from "prom-client";
import { must } from "../../assert.ts";
import { recordingLog } from "../../runtime/testing/recording-log.ts";
import type { LogLine } from "../../runtime/testing/recording-log.ts";
import type { ControllerDeps } from "../deps.ts";
import { OperatorMetrics } from "../metrics.ts";
import { ago, done, MINUTE, seen, submitted } from "../testing/seen.ts";
import { measure } from "./measure.ts";
import type { Seen } from "./model.ts";
import type { JobStatus } from "./status.ts";

const OF = { kind: "Backup", namespace: "ops", repository: "prod" };

async function measured(before: Seen, after: Partial<JobStatus>) {
  const lines: LogLine[] = [];
  const registry = new Registry();
  const deps = { log: recordingLog(lines), metrics: new OperatorMetrics(registry) };
  measure(deps as unknown as ControllerDeps, before, { ...before.status, ...after });
  const values = async (name: string) => {
    const metric = must(registry.getSingleMetric(`starrocks_backup_${name}`));
    return (await metric.get()).values.map(({ value, labels }) => ({ value, ...labels }));
  };
  return { lines, ended: await values("jobs_ended_total"), retries: await values("retries_total") };
}

describe("measure", () => {
  it("says nothing while the phase stays", async () => {
    const { lines, ended, retries } = await measured(seen(submitted()), { message: "other" });
    expect([lines, ended, retries]).to.deep.equal([[], [], []]);
  });

  it("tells another phase", async () => {
    const { lines, ended } = await measured(seen(submitted()), { phase: "COMMIT" });
    expect(lines.map(({ level, message }) => [level, message])).to.deep.equal([
      ["info", "phase changed"],
    ]);
    expect(lines[0]?.fields).to.include({ from: "UPLOADING", phase: "COMMIT", name: "nightly" });
    expect(ended).to.deep.equal([]);
  });

  it("tells and counts what is done, with its time", async () => {
    const before = seen(done({ status: { startTime: ago(MINUTE) } }));
    const after = { phase: "FINISHED", reason: "Finished", completionTime: ago(0) } as const;
    const { lines, ended } = await measured(before, after);
    expect(lines.map(({ level, message }) => [level, message])).to.deep.equal([
      ["info", "job ended"],
    ]);
    expect(lines[0]?.fields).to.include({ phase: "FINISHED", seconds: 60 });
    expect(ended).to.deep.equal([{ value: 1, ...OF, phase: "FINISHED", reason: "Finished" }]);
  });

  it("tells a failure loudly, with its reason and message", async () => {
    const after = {
      phase: "FAILED",
      reason: "TableMissing",
      message: "table shop.x does not exist",
    } as const;
    const { lines, ended } = await measured(seen(), after);
    expect(lines.map(({ level, message }) => [level, message])).to.deep.equal([
      ["error", "job failed"],
    ]);
    expect(lines[0]?.fields).to.include({ reason: after.reason, why: after.message });
    expect(ended).to.deep.equal([{ value: 1, ...OF, phase: "FAILED", reason: "TableMissing" }]);
  });

  it("counts an attempt that failed before its phase changed", async () => {
    const attempts = [{ number: 1, endTime: ago(0), reason: "AgentsMissing", message: "no node" }];
    const { lines, retries } = await measured(seen(), { attempt: 2, attempts });
    expect(lines.map(({ message }) => message)).to.deep.equal(["phase changed"]);
    expect(retries).to.deep.equal([{ value: 1, ...OF, reason: "AgentsMissing" }]);
  });
});
