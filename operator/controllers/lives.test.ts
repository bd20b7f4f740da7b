// Lives of Backups and Restores beside each other, beside other tools, and with answers of StarRocks that are lost.
import { expect } from "chai";
import { RESTORE } from "../api/kinds.ts";
import type { RestoreStatus } from "../api/restore.generated.ts";
import { must } from "../assert.ts";
import { FrontendError, type RestoreRequest } from "../starrocks/frontend.ts";
import {
  ended,
  expectNothingLeft,
  expectNothingTwice,
  fate,
  lentSlots,
  messageOf,
  phaseOf,
  putForeignJob,
  putBackup,
  putFinishedBackup,
  putRestore,
  readyWorld,
  snapshotLabels,
} from "./testing/lives.ts";
import { FOLDER, type World } from "./testing/world.ts";

const OTHER_UID = "dddddddd-4444-4444-8444-444444444444";
const TWO_DATABASES = {
  starrocks: {
    databases: { shop: [{ name: "orders" }, { name: "items" }], crm: [{ name: "people" }] },
  },
};

/** Somebody else's snapshot, with somebody else's label. */
function putForeignSnapshot(world: World, label: string): void {
  const snapshot = { database: "shop", tables: [], timestamp: "2025-01-01-00-00-00-000" };
  world.starrocks.world.snapshotsOf(FOLDER).set(label, snapshot);
}

describe("Backups beside each other", () => {
  it("run at once in two databases, each in a slot of its own", async () => {
    const world = readyWorld(TWO_DATABASES, { concurrency: 2 });
    putBackup(world, { database: "shop" });
    putBackup(world, { database: "crm" }, { name: "second", uid: OTHER_UID });
    await world.until(() => lentSlots(world).size === 2, "two slots at once");
    expect((await ended(world, "Backup", "nightly")).phase).to.equal("FINISHED");
    expect((await ended(world, "Backup", "second")).phase).to.equal("FINISHED");
    expectNothingLeft(world);
    expectNothingTwice(world);
  });

  it("take turns in one slot, the older one first, and say their position", async () => {
    const world = readyWorld(TWO_DATABASES, { concurrency: 1 });
    putBackup(world, { database: "shop" });
    putBackup(
      world,
      { database: "crm" },
      { name: "second", uid: OTHER_UID, creationTimestamp: "2026-01-02T03:01:00Z" },
    );
    await world.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "the first");
    const { status } = world.job("Backup", "second");
    expect(status?.queue).to.deep.equal({
      position: 1,
      message: "the Repository's slot (concurrency), held by Backup nightly",
    });
    expect((await ended(world, "Backup", "second")).phase).to.equal("FINISHED");
    expect(world.starrocks.accepted).to.deep.equal([
      "backup nightly_bbbbbbbb",
      "backup second_dddddddd",
    ]);
    expect(world.job("Backup", "second").status?.queue, "its place once it ran").to.equal(
      undefined,
    );
    expectNothingLeft(world);
  });

  it("wait for each other in one database, though a slot is free", async () => {
    const world = readyWorld({}, { concurrency: 2 });
    putBackup(world);
    putBackup(
      world,
      {},
      { name: "second", uid: OTHER_UID, creationTimestamp: "2026-01-02T03:01:00Z" },
    );
    await world.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "the first");
    expect(lentSlots(world).size).to.equal(1);
    expect(messageOf(world, "Backup", "second")).to.equal(
      "waits for Backup nightly, which is before it on database shop",
    );
    expect((await ended(world, "Backup", "second")).phase).to.equal("FINISHED");
    expectNothingLeft(world);
    expectNothingTwice(world);
  });

  it("let others pass while they wait for another tool's job", async () => {
    const world = readyWorld(TWO_DATABASES, { concurrency: 1 });
    await putForeignJob(world);
    must(world.starrocks.job("shop")).stalledBy = "slow";
    putBackup(world);
    putBackup(
      world,
      { database: "crm" },
      { name: "second", uid: OTHER_UID, creationTimestamp: "2026-01-02T03:01:00Z" },
    );
    expect((await ended(world, "Backup", "second")).phase).to.equal("FINISHED");
    await world.round();
    expect(messageOf(world, "Backup", "nightly")).to.match(
      /^waits for backup theirs in database shop/,
    );
    must(world.starrocks.job("shop")).cancel("COMMON_ERROR", "user cancelled");
    expect((await ended(world, "Backup", "nightly")).phase).to.equal("FINISHED");
  });
});

describe("a RESTORE whose answer is lost", () => {
  function world(): World {
    const made = readyWorld();
    putFinishedBackup(made);
    made.starrocks.world.databases.get("shop")?.delete("orders");
    putRestore(made, { tables: [{ name: "orders" }] });
    return made;
  }

  it("is found when StarRocks had taken it, and not sent again", async () => {
    const w = world();
    w.starrocks.fail("restore", { when: "after" });
    expect((await ended(w, "Restore", "again")).phase).to.equal("FINISHED");
    expect(w.starrocks.accepted).to.deep.equal(["restore nightly_bbbbbbbb"]);
    expect(w.starrocks.calls.filter((c) => c.verb === "restore").length).to.equal(1);
    expectNothingLeft(w);
  });

  it("is sent again when StarRocks had not taken it", async () => {
    const w = world();
    const error = new FrontendError("OutcomeUnknown", false, "it was sent, and no answer came");
    w.starrocks.fail("restore", { when: "before", error });
    expect((await ended(w, "Restore", "again")).phase).to.equal("FINISHED");
    expect(w.starrocks.accepted).to.deep.equal(["restore nightly_bbbbbbbb"]);
    expect(w.starrocks.calls.filter((c) => c.verb === "restore").length).to.equal(2);
    expectNothingLeft(w);
  });

  for (const reason of ["DatabaseBusy", "FrontendUnreachable", "BrokerNotAlive"] as const) {
    it(`is found when StarRocks takes it late, while it is sent again: ${reason}`, async () => {
      const w = world();
      const lost = new FrontendError("OutcomeUnknown", false, "it was sent, and no answer came");
      w.starrocks.fail("restore", { when: "before", error: lost });
      w.starrocks.fail("restore", {
        when: "before",
        error: new FrontendError(reason, true, "not now"),
      });
      const sent = () => w.starrocks.calls.filter((c) => c.verb === "restore");
      await w.until(() => sent().length === 2, "the second statement", 60);
      await w.starrocks.restore(sent()[0]?.args[0] as RestoreRequest);
      expect((await ended(w, "Restore", "again")).phase).to.equal("FINISHED");
      expect(w.starrocks.accepted).to.deep.equal(["restore nightly_bbbbbbbb"]);
      expectNothingLeft(w);
    });
  }

  it("is FAILED, and never sent again, when another tool's job has run since", async () => {
    const w = world();
    w.starrocks.fail("restore", { when: "after" });
    await w.until(() => w.starrocks.accepted.length > 0, "the statement", 60);
    must(w.starrocks.job("shop")).cancel("COMMON_ERROR", "user cancelled");
    await putForeignJob(w);
    const status = await ended(w, "Restore", "again");
    expect([status.phase, status.reason]).to.deep.equal(["FAILED", "OutcomeUnknown"]);
    expect(w.starrocks.calls.filter((c) => c.verb === "restore").length).to.equal(1);
    expect(must(w.starrocks.job("shop")).state, "the other tool's job").to.not.equal("CANCELLED");
    expectNothingLeft(w);
  });
});

describe("a BACKUP whose answer is lost", () => {
  for (const when of ["before", "after"] as const) {
    it(`is one snapshot all the same, lost ${when} StarRocks took it`, async () => {
      const world = readyWorld();
      const error = new FrontendError("OutcomeUnknown", false, "it was sent, and no answer came");
      world.starrocks.fail("backup", { when, error });
      putBackup(world);
      expect((await ended(world, "Backup", "nightly")).phase).to.equal("FINISHED");
      expect(world.starrocks.accepted).to.deep.equal(["backup nightly_bbbbbbbb"]);
      expectNothingLeft(world);
    });
  }

  it("is found in the repository when StarRocks does not show the job", async () => {
    const world = readyWorld();
    world.starrocks.hiddenJobs.add("shop");
    putBackup(world);
    const status = await ended(world, "Backup", "nightly");
    expect(status.phase).to.equal("FINISHED");
    expect(world.starrocks.accepted).to.deep.equal(["backup nightly_bbbbbbbb"]);
    expectNothingLeft(world);
  });
});

describe("a label that is in use", () => {
  it("is told when a person chose it, and the other snapshot stays", async () => {
    const world = readyWorld();
    putForeignSnapshot(world, "before_upgrade");
    putBackup(world, { snapshotName: "before_upgrade" });
    const { phase, reason } = await ended(world, "Backup", "nightly");
    expect([phase, reason]).to.deep.equal(["FAILED", "SnapshotNameInUse"]);
    expect(snapshotLabels(world)).to.deep.equal(["before_upgrade"]);
    expectNothingLeft(world);
  });

  it("is not taken for ours when the answer to our statement is lost", async () => {
    const world = readyWorld();
    putForeignSnapshot(world, "nightly_bbbbbbbb");
    const lost = new FrontendError("OutcomeUnknown", false, "it was sent, and no answer came");
    world.starrocks.fail("backup", { when: "before", error: lost });
    putBackup(world, { retry: { maxAttempts: 2, backoff: "1s" } });
    const { phase, attempts = [] } = await ended(world, "Backup", "nightly");
    expect(phase).to.equal("FINISHED");
    expect(attempts.map((a) => a.reason)).to.deep.equal(["LabelInUse"]);
    expect(snapshotLabels(world)).to.deep.equal(["nightly_bbbbbbbb", "nightly_bbbbbbbb_2"]);
    expectNothingLeft(world);
  });

  it("costs an attempt when we chose it", async () => {
    const world = readyWorld();
    putForeignSnapshot(world, "nightly_bbbbbbbb");
    putBackup(world, { retry: { maxAttempts: 2, backoff: "1s" } });
    const { phase, attempts = [] } = await ended(world, "Backup", "nightly");
    expect(phase).to.equal("FINISHED");
    expect(attempts.map((a) => a.reason)).to.deep.equal(["LabelInUse"]);
    expect(snapshotLabels(world)).to.deep.equal(["nightly_bbbbbbbb", "nightly_bbbbbbbb_2"]);
    expectNothingLeft(world);
  });
});

describe("a Restore", () => {
  it("of a damaged snapshot is refused before anything starts", async () => {
    const world = readyWorld();
    putFinishedBackup(world);
    world.starrocks.world.databases.get("shop")?.delete("orders");
    fate(world, "verify", { exitCode: 43, reason: "SnapshotDamaged", message: "file x is short" });
    putRestore(world, { tables: [{ name: "orders" }] });
    const { phase, reason } = await ended(world, "Restore", "again");
    expect([phase, reason]).to.deep.equal(["FAILED", "SnapshotDamaged"]);
    expect(world.starrocks.writes).to.deep.equal([]);
    expectNothingLeft(world);
  });

  it("onto a table that nobody named is refused, and the table stays", async () => {
    const world = readyWorld();
    putFinishedBackup(world);
    putRestore(world, { existing: "Overwrite", overwriteTables: ["items"] });
    const { phase, reason, message } = await ended(world, "Restore", "again");
    expect([phase, reason]).to.deep.equal(["FAILED", "TargetExists"]);
    expect(message).to.match(/^table shop.orders exists/);
    expect(world.starrocks.accepted).to.deep.equal([]);
    expectNothingLeft(world);
  });

  it("onto a table that is made just before it is sent is refused, and the table stays", async () => {
    const world = readyWorld();
    putFinishedBackup(world);
    const shop = must(world.starrocks.world.databases.get("shop"));
    const orders = must(shop.get("orders"));
    shop.delete("orders");
    putRestore(world, { tables: [{ name: "orders" }] });
    const read = world.starrocks.snapshotDetails.bind(world.starrocks);
    // The last thing that is asked before the plan is made.
    world.starrocks.snapshotDetails = async (...of) => {
      const details = await read(...of);
      shop.set("orders", orders);
      return details;
    };
    const { phase, reason, targetState } = (await ended(
      world,
      "Restore",
      "again",
    )) as RestoreStatus;
    expect([phase, reason]).to.deep.equal(["FAILED", "TargetExists"]);
    expect(targetState).to.equal("nothing was changed: RESTORE was not sent");
    expect(world.starrocks.accepted).to.deep.equal([]);
    expectNothingLeft(world);
  });

  it("that fails while it replaces tables says which may be lost", async () => {
    const world = readyWorld();
    putFinishedBackup(world);
    world.reactions.push(() => {
      const job = world.starrocks.job("shop");
      const isIn = phaseOf(world, "Restore", "again") === "COMMIT";
      if (isIn && job?.state === "COMMITTING") job.cancel("COMMON_ERROR", "disk is full");
    });
    putRestore(world, {
      tables: [{ name: "orders" }],
      existing: "Overwrite",
      overwriteTables: ["orders"],
    });
    const status = await ended(world, "Restore", "again");
    expect(status.phase).to.equal("FAILED");
    expect(status).to.include({
      targetState: "content of orders may be lost: it is replaced in COMMIT; restore them again",
    });
    expect(status).to.deep.include({ targets: [{ table: "orders", as: "orders", existed: true }] });
    expectNothingLeft(world);
  });

  it("that replaces tables and fails between two looks says which may be lost", async () => {
    const world = readyWorld();
    putFinishedBackup(world);
    world.reactions.push(() => {
      const job = world.starrocks.job("shop");
      if (job?.state !== "DOWNLOADING") return;
      while (job.row().state !== "COMMITTING") job.tick();
      job.cancel("COMMON_ERROR", "disk is full");
    });
    putRestore(world, {
      tables: [{ name: "orders" }],
      existing: "Overwrite",
      overwriteTables: ["orders"],
    });
    const status = await ended(world, "Restore", "again");
    expect(status).to.include({
      phase: "FAILED",
      targetState: "content of orders may be lost: it is replaced in COMMIT; restore them again",
    });
    expectNothingLeft(world);
  });

  it("is not cancelled any more once it replaces data", async () => {
    const world = readyWorld();
    putFinishedBackup(world);
    world.starrocks.world.databases.get("shop")?.delete("orders");
    let isDone = false;
    world.reactions.push(async () => {
      if (isDone || phaseOf(world, "Restore", "again") !== "COMMIT") return;
      isDone = true;
      await world.edit(RESTORE, "again", { cancel: true });
    });
    putRestore(world, { tables: [{ name: "orders" }] });
    expect((await ended(world, "Restore", "again")).phase).to.equal("FINISHED");
    expect(isDone).to.be.true;
    expectNothingLeft(world);
  });
});
