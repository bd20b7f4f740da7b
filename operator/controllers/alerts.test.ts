// Fault → metric → alert: what goes wrong in the simulated world moves the very series that the alert for it reads, past
// what it bears, and back once it is mended. That the alert then fires is promtool's to say (hack/alerts).
import { expect } from "chai";
import { readRules, selectorsOf } from "../../hack/alerts/rules.ts";
import { BACKUP, REPOSITORY } from "../api/kinds.ts";
import { must } from "../assert.ts";
import { BACKUPS, FAULTS, isGone, NO_RETRY, rounds } from "./testing/faults.ts";
import { fate, phaseOf, putBackup, putForeignJob, readyWorld } from "./testing/lives.ts";
import { valueOf } from "./testing/metrics.ts";
import { runOperator } from "./testing/operator.ts";
import { repository } from "./testing/samples.ts";
import { World } from "./testing/world.ts";

describe("faults and their alerts", () => {
  for (const { alert, fault, metric, labels, given, isTold, mend } of FAULTS) {
    it(`${fault}: ${metric} tells ${alert}`, async () => {
      const rule = must(readRules().find((one) => one.alert === alert));
      expect(selectorsOf(rule.expr).map((one) => one.metric)).to.include(metric);
      const world = await given();
      const told = async (): Promise<boolean> => {
        // The informers hear of the last write.
        await world.round();
        const value = await valueOf(world.registry, metric, labels);
        if (value === undefined) return false;
        const isTime = metric.endsWith("_timestamp_seconds");
        return isTold(isTime ? world.clock.now() / 1000 - value : value);
      };
      expect(await told(), `${metric}\n${world.describe()}`).to.equal(true);
      await mend?.(world);
      if (mend !== undefined) expect(await told(), "after it was mended").to.equal(false);
    });
  }

  it("a Backup removed by force: its leftovers are counted, and its slot is not lost", async () => {
    const world = new World();
    const operator = runOperator(world);
    world.put(REPOSITORY, repository({}, { meta: { finalizers: [] } }));
    const isReady = () => world.get(REPOSITORY, "prod")?.status?.phase === "READY";
    await operator.until(isReady, "Ready");
    putBackup(world);
    await operator.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "the upload");
    const lent = () => valueOf(world.registry, "starrocks_backup_slots_lent");
    const jobs = () => valueOf(world.registry, "starrocks_backup_jobs");
    expect([await lent(), await jobs()]).to.deep.equal([1, 1]);
    world.starrocks.fail("dropBroker", { when: "before", error: isGone, times: 5 });
    world.api.vanish(BACKUP, { namespace: "ops", name: "nightly" });
    await operator.round();
    expect([await lent(), await jobs()], "the series of StarRocksBackupSlotLost").to.deep.equal([
      1,
      undefined,
    ]);
    const swept = () => valueOf(world.registry, "starrocks_backup_leftovers_removed_total");
    for (let i = 0; i < 300 && (await lent()) !== 0; i += 1) {
      await world.clock.advance(60_000);
      await operator.round();
    }
    expect(await lent()).to.equal(0);
    expect(await swept()).to.be.greaterThan(1);
    await operator.stop();
  });

  const EXITS = { 42: "misconfigured", 70: "internal", 137: "killed" };
  for (const [exitCode, exit] of Object.entries(EXITS)) {
    it(`agents that end with ${exitCode} are counted as ${exit}`, async () => {
      const world = readyWorld();
      const operator = runOperator(world);
      fate(world, "agent", { exitCode: Number(exitCode), reason: "Error", message: "it failed" });
      putBackup(world, { retry: NO_RETRY });
      const isOver = () => phaseOf(world, "Backup", "nightly") === "FAILED";
      await operator.until(isOver, "the end", 300);
      expect(await exitsOf(world, "agent", exit)).to.be.greaterThan(0);
      await operator.stop();
    });
  }

  it("a seal that storage does not let through is counted, each time", async () => {
    const world = readyWorld();
    const operator = runOperator(world);
    fate(world, "seal", { exitCode: 1, message: "storage is away" });
    putBackup(world);
    const failures = () => exitsOf(world, "seal", "failed");
    for (let i = 0; i < 300 && ((await failures()) ?? 0) <= 3; i += 1) await operator.round();
    expect(await failures()).to.be.greaterThan(3);
    await operator.stop();
  });

  it("another tool's job in the database is a wait in the queue's alert", async () => {
    const world = readyWorld();
    await putForeignJob(world);
    must(world.starrocks.job("shop")).stalledBy = "slow";
    putBackup(world);
    await rounds(world, 5);
    const labels = { ...BACKUPS, reason: "DatabaseBusy" };
    expect(await valueOf(world.registry, "starrocks_backup_jobs", labels)).to.equal(1);
  });
});

async function exitsOf(world: World, component: string, exit: string): Promise<number | undefined> {
  const name = "starrocks_backup_agent_exits_total";
  return await valueOf(world.registry, name, { component, exit });
}
