// A job of the stand-in while its FEs come and go: the Frontend stays with whoever leads, and neither loses the
// job nor starts a second one.
import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { Secret } from "../secret.ts";
import { Scenario } from "../../e2e/starrocks/testing/scenario.ts";
import type { Frontend, JobRow } from "./frontend.ts";
import { openFrontend } from "./open.ts";

const MOUNT = {
  name: "k8s_1a2b_0",
  broker: "k8s_1a2b_0",
  location: "backup://mount",
  readOnly: false,
  properties: { token: "t" },
};
const REQUEST = { database: "shop", label: "l1", repository: MOUNT.name, timeoutSeconds: 3600 };

describe("frontend amid changes of leader", () => {
  let scenario: Scenario;
  let frontend: Frontend;
  /** What BEs download is not read before. */
  let mayRead: Promise<void> | undefined;

  before(async () => {
    scenario = await Scenario.start({
      profile: "3.5",
      speed: 60,
      frontends: 3,
      frontendHost: "127.0.0.71",
      backendHost: "127.0.0.75",
    });
    const tables = [{ name: "orders", tablets: 4 }, { name: "items" }];
    await scenario.starrocks.createDatabase({ name: "shop", tables });
    frontend = openFrontend({
      frontends: scenario.starrocks.frontendAddresses.map((a) => `${a.host}:${a.port}`),
      user: "root",
      password: new Secret(""),
      clock: systemClock,
      log: silentLog,
    });
    const broker = await scenario.broker("127.0.0.79", {
      before: ({ method }) => (method === "pread" ? mayRead : undefined),
    });
    await frontend.addBroker(MOUNT.broker, broker.address);
    await scenario.until(async () => (await frontend.brokers()).some((b) => b.alive));
    await frontend.createRepository(MOUNT);
  });
  after(async () => {
    await frontend.close();
    await scenario.end();
  });

  /** Calls `disturb` once in each state on the way, but in UPLOAD_INFO, which no change of leader survives. */
  async function follow(
    kind: JobRow["kind"],
    disturb: (state: string) => Promise<void>,
  ): Promise<JobRow[]> {
    const seen: JobRow[] = [];
    await scenario.until(async () => {
      const [row] = (await frontend.jobs("shop")).filter((j) => j.kind === kind);
      if (row === undefined) return false;
      const isNew = !seen.some((s) => s.state === row.state);
      seen.push(row);
      const mayDisturb = !["SAVE_META", "UPLOAD_INFO", "FINISHED"].includes(row.state);
      if (isNew && mayDisturb) await disturb(row.state);
      await sleep(1);
      return row.state === "FINISHED" || row.state === "CANCELLED";
    });
    return seen;
  }

  it("sees a backup through while connections break off", async () => {
    await frontend.backup(REQUEST);
    const rows = await follow("backup", () => {
      scenario.starrocks.breakClients();
      return Promise.resolve();
    });
    expect(rows.at(-1)).to.include({ state: "FINISHED", label: "l1" });
  });

  it("sees a backup through two changes of leader", async () => {
    await frontend.backup({ ...REQUEST, label: "l2" });
    let left = 2;
    const rows = await follow("backup", async () => {
      if ((left -= 1) >= 0) await scenario.starrocks.changeLeader();
    });
    expect(rows.at(-1)).to.include({ state: "FINISHED", label: "l2" });
    // The text of its creation is the same on every FE.
    expect(new Set(rows.map((r) => r.createdAt)).size).to.equal(1);
    const { frontends } = await frontend.facts();
    expect(frontends.filter((f) => f.leads)).to.have.length(1);
  });

  it("takes no follower's old word for the jobs of a database or for its tables", async () => {
    const { starrocks } = scenario;
    const leader = starrocks.leaderIndex();
    const followers = [0, 1, 2].filter((i) => i !== leader);
    const before = await frontend.jobs("shop");
    for (const i of followers) starrocks.lagFollower(i);
    const [timestamp = ""] = (await frontend.snapshot(MOUNT.name, "l1")).timestamps;
    const tables = [{ name: "items", partitions: [], as: "made_meanwhile" }] as const;
    await frontend.restore({ ...REQUEST, timestamp, tables, replicationNum: 1 });
    await follow("restore", () => Promise.resolve());
    const old = await scenario.query("SHOW TABLES FROM shop", "root", followers[0]);
    expect(Object.values(old).flatMap((r) => Object.values(r))).to.not.include("made_meanwhile");
    expect(await scenario.query("SHOW RESTORE FROM shop", "root", followers[0])).to.have.length(0);
    expect(before.map((j) => j.kind)).to.deep.equal(["backup"]);

    await starrocks.hideFrontend(leader);
    for (const asked of [frontend.jobs("shop"), frontend.tables("shop")]) {
      const error = await asked.catch((e: unknown) => e);
      expect(error).to.include({ reason: "FrontendUnreachable", heals: true });
      expect(String(error)).to.include("what a follower says may be old");
    }
    await starrocks.showFrontend(leader);
    expect((await frontend.jobs("shop")).map((j) => j.kind)).to.deep.equal(["restore"]);
    expect((await frontend.tables("shop"))?.map((t) => t.name)).to.include("made_meanwhile");
    for (const i of followers) starrocks.catchUp(i);
  });

  it("finds the leader from a follower that lags and tells the one before", async () => {
    const { starrocks } = scenario;
    const old = starrocks.leaderIndex();
    // The first one that is left will lead.
    const lagging = must([2, 1].find((i) => i !== old));
    starrocks.lagFollower(lagging);
    await starrocks.killFrontend(old);
    await scenario.until(() => starrocks.leader() !== undefined);
    await starrocks.startFrontend(old);
    const { host, port } = must(starrocks.frontendAddresses[lagging]);
    const from = openFrontend({
      frontends: [`${host}:${port}`],
      user: "root",
      password: new Secret(""),
      clock: systemClock,
      log: silentLog,
    });
    try {
      const { frontends } = await from.facts();
      expect(frontends.find((f) => f.leads)?.name).to.equal(`fe-${starrocks.leaderIndex()}_9010`);
    } finally {
      await from.close();
      starrocks.catchUp(lagging);
    }
  });

  it("shows a restore's tasks, which only the leader knows", async () => {
    const [timestamp = ""] = (await frontend.snapshot(MOUNT.name, "l1")).timestamps;
    await scenario.starrocks.changeLeader();
    const tables = [{ name: "orders", partitions: [], as: "copy" }] as const;
    await frontend.restore({ ...REQUEST, timestamp, tables, replicationNum: 1 });
    const seen = Promise.withResolvers<void>();
    mayRead = seen.promise;
    const rows = await follow("restore", async (state) => {
      if (state === "DOWNLOADING") seen.resolve();
    });
    expect(rows.at(-1)).to.include({ state: "FINISHED", unfinishedTasks: 0 });
    expect(rows.some((r) => r.unfinishedTasks > 0)).to.equal(true);
  });
});
