// The fake keeps the contract, in each release, and its own promises to tests.
import { expect } from "chai";
import { FakeFrontend } from "./fake-frontend.ts";
import type { FakeTableSpec } from "./fake-world.ts";
import {
  CONTRACT_DATABASES,
  describeFrontend,
  reasonOf,
  type ContractSubject,
} from "./frontend-contract.ts";

const KINDS = {
  table: "table",
  view: "view",
  materializedView: "materializedView",
  external: "other",
} as const;

function subjectOf(version: string): ContractSubject {
  const dead = new Set(["127.0.0.99:1"]);
  const databases = Object.fromEntries(
    CONTRACT_DATABASES.map(({ name, tables }) => [
      name,
      tables.map((t): FakeTableSpec => ({
        name: t.name,
        kind: KINDS["kind" in t ? t.kind : "table"],
        ...("partitions" in t ? { partitions: t.partitions } : {}),
        ...("replicationNum" in t ? { replication: t.replicationNum } : {}),
      })),
    ]),
  );
  const frontend = new FakeFrontend({
    databases,
    version,
    agentServes: (address) => !dead.has(address),
    // Two repositories of one location and one broker: the agents show one folder.
    folderOf: () => "one",
  });
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isAtLeast = (a: number, b: number) => major > a || (major === a && minor >= b);
  return {
    frontend,
    agentAddress: "127.0.0.41:8000",
    deadAddress: "127.0.0.99:1",
    release: {
      tellsPartitions: major > 2,
      restoreCreatesDatabase: isAtLeast(3, 4),
      takesViews: isAtLeast(3, 2) ? !isAtLeast(3, 5) : undefined,
    },
    pass: () => {
      frontend.tick();
      return Promise.resolve();
    },
    holdUploads: (database, held) => {
      const job = frontend.job(database);
      if (job !== undefined) job.stalledBy = held ? "failed to rename" : undefined;
    },
    killAgent: () => {
      dead.add("127.0.0.41:8000");
      return Promise.resolve();
    },
    end: () => frontend.close(),
  };
}

for (const version of ["2.5.0", "3.3.2", "3.5.3"]) {
  describeFrontend(`fake frontend ${version}`, () => Promise.resolve(subjectOf(version)));
}

const MOUNT = { name: "r", broker: "r", location: "backup://m", readOnly: false, properties: {} };
const ORDERS = { name: "orders", partitions: [] };
const BACKUP = { database: "shop", repository: "r", label: "l", timeoutSeconds: 600 };

async function mounted(options: { agentServes?: () => boolean; nowMs?: () => number } = {}) {
  const fake = new FakeFrontend({
    databases: { shop: [{ name: "orders", content: "first" }] },
    ...options,
  });
  await fake.addBroker("r", "agent:1");
  fake.tick();
  await fake.createRepository(MOUNT);
  return fake;
}

describe("the fake frontend's own ways", () => {
  it("moves on by a state a tick", async () => {
    const fake = await mounted();
    await fake.backup(BACKUP);
    const states = [];
    for (let i = 0; i < 7; i += 1) {
      states.push((await fake.jobs("shop"))[0]?.state);
      fake.tick();
    }
    expect(states).to.deep.equal([
      "PENDING",
      "SNAPSHOTING",
      "UPLOAD_SNAPSHOT",
      "UPLOADING",
      "SAVE_META",
      "UPLOAD_INFO",
      "FINISHED",
    ]);
  });

  it("brings back what a table held", async () => {
    const fake = await mounted();
    await fake.backup(BACKUP);
    fake.tick(6);
    const [timestamp = ""] = (await fake.snapshot("r", "l")).timestamps;
    fake.world.table("shop", "orders")?.partitions.set("orders", "second");
    await fake.restore({ ...BACKUP, timestamp, tables: [ORDERS], replicationNum: 1 });
    fake.tick(5);
    expect(fake.world.table("shop", "orders")?.partitions.get("orders")).to.equal("second");
    fake.tick();
    expect(fake.world.table("shop", "orders")?.partitions.get("orders")).to.equal("first");
  });

  it("fails a call before its effect or after it", async () => {
    const fake = await mounted();
    fake.fail("backup", { when: "before" });
    expect(await reasonOf(fake.backup(BACKUP))).to.equal("FrontendUnreachable");
    expect(await fake.jobs("shop")).to.deep.equal([]);
    fake.fail("backup", { when: "after" });
    expect(await reasonOf(fake.backup(BACKUP))).to.equal("OutcomeUnknown");
    expect(await fake.jobs("shop")).to.have.length(1);
    expect(fake.writes.map((c) => c.verb)).to.deep.equal([
      "addBroker",
      "createRepository",
      "backup",
      "backup",
    ]);
  });

  it("stalls, and says so, while no agent answers the tasks' address", async () => {
    let serves = true;
    const fake = await mounted({ agentServes: () => serves });
    await fake.backup(BACKUP);
    fake.tick(3);
    serves = false;
    fake.tick(2);
    const [row] = await fake.jobs("shop");
    expect(row).to.deep.include({ state: "UPLOADING", ok: true });
    expect(row?.taskErrors).to.have.length(1);
    serves = true;
    fake.tick(3);
    const [done] = await fake.jobs("shop");
    expect(done).to.deep.include({ state: "FINISHED", ok: true });
    expect(done?.taskErrors).to.have.length(1);
  });

  it("waits in UPLOAD_INFO for its broker, and goes on when that is back", async () => {
    const fake = await mounted();
    await fake.backup(BACKUP);
    fake.tick(5);
    await fake.dropBroker("r");
    fake.tick();
    expect((await fake.jobs("shop"))[0]).to.include({ state: "UPLOAD_INFO", ok: false });
    await fake.addBroker("r", "agent:1");
    fake.tick();
    expect((await fake.jobs("shop"))[0]).to.include({ state: "FINISHED", ok: true });
  });

  it("ends a job when its broker is gone before the tasks are made", async () => {
    const fake = await mounted();
    await fake.backup(BACKUP);
    fake.tick(2);
    await fake.dropBroker("r");
    fake.tick();
    expect((await fake.jobs("shop"))[0]).to.include({
      state: "CANCELLED",
      statusText:
        "failed to get address of broker r when try to send upload snapshot task: Unknown broker name(r)",
    });
  });

  it("ends a job at its timeout", async () => {
    let nowMs = 0;
    const fake = await mounted({ nowMs: () => nowMs });
    await fake.backup(BACKUP);
    nowMs = 600_001;
    fake.tick();
    expect((await fake.jobs("shop"))[0]).to.include({ state: "CANCELLED", statusCode: "TIMEOUT" });
  });

  it("starts over what was not logged when the leader changes, and is stuck in UPLOAD_INFO", async () => {
    const fake = await mounted();
    await fake.backup(BACKUP);
    const after: (string | undefined)[] = [];
    for (const ticks of [1, 3, 3]) {
      fake.tick(ticks);
      fake.changeLeader();
      after.push((await fake.jobs("shop"))[0]?.state);
    }
    expect(after).to.deep.equal(["PENDING", "UPLOAD_SNAPSHOT", "UPLOAD_INFO"]);
    fake.tick(5);
    expect((await fake.jobs("shop"))[0]).to.include({ state: "UPLOAD_INFO", ok: false });
  });

  it("takes a new table away when its restore is cancelled", async () => {
    const fake = await mounted();
    await fake.backup(BACKUP);
    fake.tick(6);
    const [timestamp = ""] = (await fake.snapshot("r", "l")).timestamps;
    const tables = [{ ...ORDERS, as: "copy" }] as const;
    await fake.restore({ ...BACKUP, timestamp, tables, replicationNum: 1 });
    fake.tick(3);
    expect(fake.world.table("shop", "copy")?.state).to.equal("RESTORE");
    await fake.cancel("restore", "shop");
    expect(fake.world.table("shop", "copy")).to.equal(undefined);
  });

  it("hides jobs from a user without EXPORT, and forgets old ones", async () => {
    const fake = await mounted();
    await fake.backup(BACKUP);
    fake.hiddenJobs.add("shop");
    expect(await fake.jobs("shop")).to.deep.equal([]);
    fake.hiddenJobs.clear();
    fake.forgetJobs();
    expect(await fake.jobs("shop")).to.have.length(1);
    fake.tick(6);
    fake.forgetJobs();
    expect(await fake.jobs("shop")).to.deep.equal([]);
  });

  it("calls a broker dead after four failed heartbeats", async () => {
    let serves = true;
    const fake = await mounted({ agentServes: () => serves });
    serves = false;
    fake.tick(3);
    expect((await fake.brokers())[0]?.alive).to.equal(true);
    fake.tick();
    expect((await fake.brokers())[0]).to.include({ alive: false });
    expect(await reasonOf(fake.snapshot("r", "l"))).to.equal("BrokerNotAlive");
  });
});
