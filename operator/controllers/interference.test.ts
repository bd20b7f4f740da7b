// Lives in which other hands reach: another tool's job, a right that is taken away, a Service that is deleted.
import { expect } from "chai";
import { BACKUP } from "../api/kinds.ts";
import { ANNOTATIONS, LABELS } from "../api/group.ts";
import { must } from "../assert.ts";
import { keyOf } from "../runtime/keys.ts";
import { PODS, SERVICES } from "../runtime/objects.ts";
import {
  ended,
  expectNothingLeft,
  lentSlots,
  messageOf,
  phaseOf,
  putBackup,
  putFinishedBackup,
  putForeignJob,
  putRestore,
  readyWorld,
} from "./testing/lives.ts";
import type { World } from "./testing/world.ts";

const OTHER_UID = "dddddddd-4444-4444-8444-444444444444";
const TWO_DATABASES = {
  starrocks: {
    databases: { shop: [{ name: "orders" }, { name: "items" }], crm: [{ name: "people" }] },
  },
};

/** Another tool's job begins between our last look and our statement, and does not end. */
function race(world: World): void {
  world.starrocks.races.push(async () => {
    await putForeignJob(world);
    must(world.starrocks.job("shop")).stalledBy = "slow";
  });
}

function endTheirs(world: World): void {
  must(world.starrocks.job("shop")).cancel("COMMON_ERROR", "user cancelled");
}

describe("another tool's job that begins just before our statement", () => {
  it("gets the database; the slot of a Backup serves others meanwhile", async () => {
    const world = readyWorld(TWO_DATABASES, { concurrency: 1 });
    race(world);
    putBackup(world);
    await world.until(
      () => world.job("Backup", "nightly").status?.reason === "DatabaseBusy" && isIdle(world),
      "the slot given back",
    );
    putBackup(world, { database: "crm" }, { name: "second", uid: OTHER_UID });
    expect((await ended(world, "Backup", "second")).phase).to.equal("FINISHED");
    await world.until(
      () => messageOf(world, "Backup", "nightly").startsWith("waits for backup theirs in database"),
      "a wait without a slot",
    );
    expectNothingLeft(world);
    endTheirs(world);
    const { phase, attempt, attempts } = await ended(world, "Backup", "nightly");
    expect([phase, attempt, attempts]).to.deep.equal(["FINISHED", 1, undefined]);
    expect(world.starrocks.accepted).to.include("backup nightly_bbbbbbbb");
    expectNothingLeft(world);
  });

  it("costs a Restore nothing but time", async () => {
    const world = readyWorld();
    putFinishedBackup(world);
    world.starrocks.world.databases.get("shop")?.delete("orders");
    race(world);
    putRestore(world, { tables: [{ name: "orders" }] });
    await world.until(
      () => world.job("Restore", "again").status?.reason === "DatabaseBusy" && isIdle(world),
      "the slot given back",
    );
    endTheirs(world);
    expect((await ended(world, "Restore", "again")).phase).to.equal("FINISHED");
    expectNothingLeft(world);
  });

  it("is tried against once a minute when we may not see it", async () => {
    const world = readyWorld();
    await putForeignJob(world);
    must(world.starrocks.job("shop")).stalledBy = "slow";
    world.starrocks.hiddenJobs.add("shop");
    putBackup(world);
    const tries = () => world.starrocks.calls.filter((c) => c.verb === "backup").length - 1;
    await world.until(() => tries() === 1, "the first try");
    const began = world.clock.now();
    await world.until(() => tries() === 4, "the fourth try");
    expect(world.clock.now() - began).to.be.greaterThan(3 * 60_000);
    endTheirs(world);
    expect((await ended(world, "Backup", "nightly")).phase).to.equal("FINISHED");
  });
});

function isIdle(world: World): boolean {
  return lentSlots(world).size === 0;
}

describe("a table that somebody makes between our last look and StarRocks'", () => {
  it("is not overwritten: the Restore is cancelled before COMMIT", async () => {
    const world = readyWorld();
    putFinishedBackup(world);
    const shop = must(world.starrocks.world.databases.get("shop"));
    shop.delete("orders");
    const theirs = { name: "orders", content: "somebody's rows", replication: 3 };
    world.starrocks.races.push(() => {
      world.starrocks.world.putTable("shop", theirs);
      return Promise.resolve();
    });
    putRestore(world, { tables: [{ name: "orders" }] });
    const status = await ended(world, "Restore", "again");
    expect([status.phase, status.reason]).to.deep.equal(["FAILED", "TargetExists"]);
    expect(status.message).to.match(/^somebody made orders in the moment before/);
    expect(status)
      .to.have.property("targetState")
      .that.matches(/^nothing was changed/);
    expect([...must(shop.get("orders")).partitions.values()]).to.deep.equal(["somebody's rows"]);
    expect(world.starrocks.accepted, "it was sent").to.deep.equal(["restore nightly_bbbbbbbb"]);
    expectNothingLeft(world);
  });
});

describe("EXPORT that is taken away in the middle of a Backup", () => {
  it("does not end a job whose agents still move bytes", async () => {
    const world = await uploading("5m");
    let files = 0;
    world.reactions.push(() => {
      files += 1;
      const line = JSON.stringify({ message: "progress", files, bytes: files * 1024 });
      for (const pod of world.api.all(PODS)) world.api.setLog(keyOf(pod), line);
    });
    world.starrocks.hiddenJobs.add("shop");
    for (let i = 0; i < 200; i += 1) await world.round();
    expect(world.job("Backup", "nightly").status?.reason).to.equal("JobNotVisible");
    expect(messageOf(world, "Backup", "nightly")).to.match(/GRANT EXPORT/);
    world.starrocks.hiddenJobs.clear();
    must(world.starrocks.job("shop")).stalledBy = undefined;
    const { phase, attempt } = await ended(world, "Backup", "nightly");
    expect([phase, attempt]).to.deep.equal(["FINISHED", 1]);
  });

  it("names the GRANT while the job cannot be cancelled, and goes on once it is given", async () => {
    const world = await uploading("1m");
    world.starrocks.hiddenJobs.add("shop");
    await world.until(
      () =>
        /GRANT EXPORT ON TABLE shop\.orders TO USER/.test(messageOf(world, "Backup", "nightly")),
      "the GRANT",
    );
    expect(world.job("Backup", "nightly").status?.reason).to.equal("JobLost");
    expect(must(world.starrocks.job("shop")).isDone, "it still has the database").to.equal(false);
    world.starrocks.hiddenJobs.clear();
    const { phase, attempts = [] } = await ended(world, "Backup", "nightly");
    expect([phase, attempts.map((a) => a.reason)]).to.deep.equal(["FINISHED", ["JobLost"]]);
    expectNothingLeft(world);
  });

  it("holds an end up no longer than StarRocks' own timeout", async () => {
    const world = await uploading("1m", "10m");
    world.starrocks.hiddenJobs.add("shop");
    const began = world.clock.now();
    await world.until(() => isIdle(world), "the slot given back");
    expect(world.clock.now() - began).to.be.within(10 * 60_000, 25 * 60_000);
  });

  async function uploading(noProgressTimeout: string, timeout = "2h"): Promise<World> {
    const world = readyWorld();
    const retry = { maxAttempts: 2, backoff: "1s" };
    putBackup(world, { noProgressTimeout, timeout, retry });
    await world.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "uploading");
    must(world.starrocks.job("shop")).stalledBy = "slow";
    return world;
  }
});

describe("a slot whose Service is deleted by hand", () => {
  it("is made again, and lent to the job that runs on it", async () => {
    const world = readyWorld({ standsStill: false });
    putBackup(world);
    await world.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "uploading");
    must(world.starrocks.job("shop")).stalledBy = "slow";
    const [name = ""] = must(lentSlots(world).get("bbbbbbbb-1"));
    await world.delete(SERVICES, name);
    const isBack = (): boolean => {
      const { metadata, spec } = world.get(SERVICES, name) ?? {};
      const lentTo = metadata?.annotations?.[ANNOTATIONS.lentTo];
      return lentTo === "bbbbbbbb-1" && spec?.selector?.[LABELS.attempt] === lentTo;
    };
    await world.until(() => !isBack(), "its absence");
    await world.until(isBack, "the slot");
    must(world.starrocks.job("shop")).stalledBy = undefined;
    expect((await ended(world, "Backup", "nightly")).phase).to.equal("FINISHED");
    await world.delete(BACKUP, "nightly");
    await world.until(() => world.get(BACKUP, "nightly") === undefined, "its deletion");
    await world.until(() => world.api.all(PODS).length === 0, "the end of the catalogue");
    expectNothingLeft(world);
  });
});

describe("a clock that jumps by hours", () => {
  for (const hours of [-7, 7]) {
    it(`by ${hours} ends no Backup, in any phase`, async () => {
      for (const phase of ["PENDING", "SNAPSHOTING", "UPLOADING", "COMMIT"]) {
        const world = readyWorld();
        putBackup(world, { timeout: "1h", noProgressTimeout: "10m" });
        await world.until(() => phaseOf(world, "Backup", "nightly") === phase, phase);
        await world.round();
        // StarRocks has a clock of its own.
        const job = world.starrocks.job("shop");
        if (job !== undefined) job.deadlineShiftMs = hours * 3_600_000;
        world.clock.jump(hours * 3_600_000);
        const { attempts, phase: end } = await ended(world, "Backup", "nightly");
        expect([end, attempts], phase).to.deep.equal(["FINISHED", undefined]);
        expectNothingLeft(world);
      }
    });
  }
});
