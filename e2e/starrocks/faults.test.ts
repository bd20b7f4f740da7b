// What goes wrong in a real cluster goes wrong here too: each trap of an agent or an operator once.
import { expect } from "chai";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StarRocksOptions } from "./cluster-options.ts";
import { Scenario } from "./testing/scenario.ts";
import type { Call, ReferenceBroker, ReferenceBrokerOptions } from "./testing/reference-broker.ts";

const TABLES = [{ name: "t1", tablets: 4, segmentBytes: [100_000, 50_000] }];
const NEVER = new Promise<never>(() => undefined);

describe("the stand-in when things go wrong", () => {
  let scenario: Scenario;
  let broker: ReferenceBroker;

  afterEach(async () => scenario.end());

  async function begin(
    options: Partial<StarRocksOptions> = {},
    brokerOptions: Partial<ReferenceBrokerOptions> = {},
  ): Promise<void> {
    scenario = await Scenario.start({ speed: 60, ...options });
    await scenario.starrocks.createDatabase({ name: "db1", tables: TABLES });
    broker = await scenario.broker("127.0.0.51", brokerOptions);
    await scenario.mount("r1", broker.address);
  }

  async function row(job: "BACKUP" | "RESTORE" = "BACKUP", db = "db1") {
    return (await scenario.query(`SHOW ${job} FROM ${db}`))[0] ?? {};
  }

  function restore(on: string, timestamp: string, replicationNum = 1): Promise<unknown> {
    return scenario.query(
      `RESTORE SNAPSHOT db1.s1 FROM r1 ON (${on})
       PROPERTIES ("backup_timestamp" = "${timestamp}", "replication_num" = "${replicationNum}")`,
    );
  }

  async function storedFiles(suffix: string): Promise<readonly string[]> {
    const files = await readdir(scenario.storage, { recursive: true });
    return files.filter((f) => f.endsWith(suffix)).map((f) => join(scenario.storage, f));
  }

  it("closes the writer after a local read error, and then meets its own .part for ever", async () => {
    await begin();
    for (const i of [0, 1]) {
      scenario.starrocks.backendFaults(i).localRead = { match: /_0\.dat$/, atByte: 0, times: 1 };
    }
    await scenario.query("BACKUP SNAPSHOT db1.s1 TO r1");
    await scenario.until(async () =>
      /Cannot truncate a file by broker, path=.*\.part/.test((await row())["TaskErrMsg"] ?? ""),
    );
    expect((await row())["State"]).to.equal("UPLOADING");
    expect((await row())["Status"]).to.equal("[OK]");
    const writers = (m: string) => broker.calls.filter((c) => c.method === m).length;
    // The other BE may be in the middle of a file; nobody opens one more.
    await scenario.until(() => writers("closeWriter") === writers("openWriter"));
    expect(await storedFiles(".part")).to.have.length.greaterThan(0);

    await scenario.query("CANCEL BACKUP FROM db1");
    expect(await row()).to.deep.include({
      State: "CANCELLED",
      Status: "[COMMON_ERROR, msg: user cancelled]",
    });
    expect(await scenario.failure("BACKUP SNAPSHOT db1.s1 TO r1")).to.include(
      "Snapshot with name 's1' already exist in repository",
    );
  });

  it("holds the job while one runs in the database, and the repository with it", async () => {
    await begin(
      {},
      {
        before: (call) =>
          call.method === "openWriter" && call.client?.endsWith(":9060") === true
            ? NEVER
            : undefined,
      },
    );
    await scenario.query("BACKUP SNAPSHOT db1.s1 TO r1");
    await scenario.watch("BACKUP", "db1", "UPLOADING");
    expect(await scenario.failure("BACKUP SNAPSHOT db1.s2 TO r1")).to.include(
      "Can only run one backup or restore job of a database at same time",
    );
    expect(await scenario.failure("DROP REPOSITORY r1")).to.include(
      "Backup or restore job is running on this repository. Can not drop it",
    );
  });

  it("lets a hung agent of one job stop another job of the same BE until it is killed", async () => {
    await begin(
      { backends: 1 },
      {
        before: (call) =>
          call.method === "pwrite" && (call.bytes ?? 0) > 1024 ? NEVER : undefined,
      },
    );
    await scenario.starrocks.createDatabase({ name: "db2", tables: [{ name: "t" }] });
    const healthy = await scenario.broker("127.0.0.52");
    await scenario.mount("r2", healthy.address);
    await scenario.query("BACKUP SNAPSHOT db1.s1 TO r1");
    await scenario.watch("BACKUP", "db1", "UPLOADING");
    await scenario.until(() => broker.calls.some((c) => c.method === "pwrite"));
    await scenario.query("BACKUP SNAPSHOT db2.s2 TO r2");
    await scenario.watch("BACKUP", "db2", "UPLOADING");
    await scenario.query("CANCEL BACKUP FROM db1");
    const uploads = () => healthy.calls.filter((c) => c.method === "openWriter").length;
    const before = uploads();
    await scenario.until(() => healthy.calls.filter((c) => c.method === "ping").length > 3);
    expect(uploads()).to.equal(before);
    await broker.kill();
    await scenario.watch("BACKUP", "db2", "FINISHED");
  });

  it("resumes a BE's tablets after its kill and restart", async () => {
    let cut = false;
    await begin(
      { backends: 1 },
      {
        before: (call) => {
          if (cut || call.method !== "openWriter" || call.client !== "127.0.0.11:9060")
            return undefined;
          cut = true;
          scenario.starrocks.killBackend(0);
          return undefined;
        },
      },
    );
    await scenario.query("BACKUP SNAPSHOT db1.s1 TO r1");
    await scenario.until(() => cut);
    await scenario.until(async () => (await storedFiles(".part")).length > 0);
    for (const file of await storedFiles(".part")) await rm(file);
    scenario.starrocks.startBackend(0);
    await scenario.watch("BACKUP", "db1", "FINISHED");
    expect(scenario.starrocks.violations).to.deep.equal([]);
  });

  it("re-sends all uploads under new ids after kill -9 of the FE, and finishes", async () => {
    const slow = (call: Call) =>
      call.method === "openWriter" ? new Promise<void>((done) => setTimeout(done, 30)) : undefined;
    await begin({}, { before: slow });
    await scenario.query("BACKUP SNAPSHOT db1.s1 TO r1");
    const [first, later] = await scenario.at("BACKUP", "db1", "UPLOADING", async (rows) => {
      await scenario.starrocks.killFrontend();
      await scenario.starrocks.startFrontend();
      // A new leader's first tick waits for nothing.
      const again = await scenario.watch("BACKUP", "db1", "UPLOADING");
      return [rows.at(-1), again.at(-1)];
    });
    expect(later?.["JobId"]).to.equal(first?.["JobId"]);
    const ids = (r: Readonly<Record<string, string | null>> | undefined) =>
      (r?.["UnfinishedTasks"] ?? "").split(", ").map((t) => t.split("=")[0]);
    expect(ids(later)).to.not.include(ids(first)[0]);
    await scenario.watch("BACKUP", "db1", "FINISHED");
    const renamed = broker.calls.filter((c) => c.method === "renamePath").map((c) => c.to);
    expect(new Set(renamed).size).to.equal(renamed.length);
  });

  it("starts over with a new job id when the FE dies before UPLOAD_SNAPSHOT", async () => {
    await begin({ speed: 20 });
    await scenario.query("BACKUP SNAPSHOT db1.s1 TO r1");
    const rows = await scenario.at("BACKUP", "db1", "SNAPSHOTING", async (seen) => {
      await scenario.starrocks.killFrontend();
      return seen;
    });
    await scenario.starrocks.startFrontend();
    const later = await scenario.watch("BACKUP", "db1", "FINISHED");
    expect(later.at(-1)?.["SnapshotName"]).to.equal("s1");
    expect(later.at(-1)?.["JobId"]).to.not.equal(rows.at(-1)?.["JobId"]);
  });

  it("is stuck in UPLOAD_INFO when the leader changes there: the files are on the old one's disk", async () => {
    await begin(
      { frontends: 2, frontendHost: "127.0.0.1" },
      {
        answers: {
          renamePath: (r) =>
            r.destPath.includes("__meta.") ? { statusCode: 502, message: "no" } : undefined,
        },
      },
    );
    await scenario.query("BACKUP SNAPSHOT db1.s1 TO r1");
    await scenario.until(async () =>
      /failed to rename .*msg: no/.test((await row())["Status"] ?? ""),
    );
    expect((await row())["State"]).to.equal("UPLOAD_INFO");
    await scenario.starrocks.changeLeader();
    await scenario.until(async () =>
      /file is invalid: .*__meta/.test((await row())["Status"] ?? ""),
    );
    await scenario.query("CANCEL BACKUP FROM db1");
    const roles = (await scenario.query("SHOW FRONTENDS")).map((r) => r["Role"]);
    expect(roles).to.deep.equal(["FOLLOWER", "LEADER"]);
  });

  it("forwards a follower's statements, but shows it restores only as they were logged", async () => {
    await begin({ frontends: 2 });
    const timestamp = await scenario.backup("db1", "s1", "r1");
    await restore("t1 AS copy", timestamp);
    const seen = await scenario.at("RESTORE", "db1", "SNAPSHOTING", () =>
      scenario.query("SHOW RESTORE FROM db1", "root", 1),
    );
    expect(seen[0]).to.deep.include({ State: "PENDING", JobId: "-1", UnfinishedTasks: "" });
    await scenario.watch("RESTORE", "db1", "FINISHED");
    expect(await scenario.query("SHOW SNAPSHOT ON r1", "root", 1)).to.have.length(1);
    expect(broker.calls.some((c) => c.peer.startsWith("127.0.0.2:"))).to.equal(true);
    await scenario.query("DROP REPOSITORY r1", "root", 1);
    expect(await scenario.query("SHOW REPOSITORIES")).to.deep.equal([]);
  });

  it("probes every repository of the journal at FE start, dropped ones too, until an image is made", async () => {
    await begin();
    await scenario.query("DROP REPOSITORY r1");
    const probes = () =>
      broker.calls.filter(
        (c) => c.method === "checkPathExist" && c.path?.includes("__palo_repository_r1") === true,
      ).length;
    await scenario.starrocks.killFrontend();
    await scenario.starrocks.startFrontend();
    expect(probes()).to.equal(1);
    await scenario.query("ALTER SYSTEM CREATE IMAGE");
    await scenario.starrocks.killFrontend();
    await scenario.starrocks.startFrontend();
    expect(probes()).to.equal(1);
  });

  it("fails one statement for each stale connection of the FE's pool", async () => {
    await begin(
      { speed: 1 },
      {
        before: (call) =>
          call.method === "listPath" ? new Promise((done) => setTimeout(done, 50)) : undefined,
      },
    );
    const clients = await Promise.all([1, 2, 3].map(() => scenario.starrocks.connect()));
    await Promise.all(clients.map((client) => client.query("SHOW SNAPSHOT ON r1")));
    for (const client of clients) client.destroy();
    let failures = 0;
    // A heartbeat that failed meanwhile would empty the pool.
    await scenario.hold(async () => {
      await broker.kill();
      broker = await scenario.broker("127.0.0.51", { port: broker.port });
      await scenario.until(async () => {
        const failed = await scenario.query("SHOW SNAPSHOT ON r1").then(
          () => false,
          (e: Error) =>
            /^.*Failed to list snapshot in repo: r1, err: .*msg: (Socket is closed by peer|Connection reset)/.test(
              e.message,
            ),
        );
        if (failed) failures += 1;
        return !failed;
      });
    });
    expect(failures).to.equal(3);
  });

  it("dies of a read that is not OK and notes a read that would never end", async () => {
    let answer: { opStatus: { statusCode: number }; data: Buffer } | undefined;
    await begin({}, { answers: { pread: () => answer } });
    const timestamp = await scenario.backup("db1", "s1", "r1");
    answer = { opStatus: { statusCode: 501 }, data: Buffer.alloc(0) };
    const detail = `SHOW SNAPSHOT ON r1 WHERE SNAPSHOT = 's1' AND TIMESTAMP = '${timestamp}'`;
    expect(await scenario.failure(detail)).to.include(
      "d != com.starrocks.thrift.TBrokerOperationStatusCode",
    );
    expect(scenario.starrocks.violations).to.deep.equal([]);
    answer = { opStatus: { statusCode: 0 }, data: Buffer.alloc(0) };
    await scenario.failure(detail);
    expect(scenario.starrocks.violations.join()).to.match(/pread .*the FE loops for ever/);
  });

  it("downloads a damaged file for ever until CANCEL takes the new table away", async () => {
    await begin();
    const timestamp = await scenario.backup("db1", "s1", "r1");
    const [damaged] = (await storedFiles("")).filter((f) => f.includes("_0.dat."));
    await writeFile(damaged ?? "", Buffer.alloc(100_000));
    await restore("t1 AS copy", timestamp);
    await scenario.until(
      async () =>
        (await row("RESTORE"))["TaskErrMsg"]?.includes("invalid md5 of downloaded file") === true,
    );
    expect((await row("RESTORE"))["State"]).to.equal("DOWNLOADING");
    expect(await scenario.query("SHOW TABLES FROM db1")).to.have.length(2);
    await scenario.query("CANCEL RESTORE FROM db1");
    expect((await row("RESTORE"))["Status"]).to.equal(
      "[COMMON_ERROR, msg: user cancelled, current state: DOWNLOADING]",
    );
    expect(await scenario.query("SHOW TABLES FROM db1")).to.have.length(1);
  });

  it("half restores a table that lacks a file, before 4.2", async () => {
    await begin({ profile: "4.1" });
    const timestamp = await scenario.backup("db1", "s1", "r1");
    const [lost] = (await storedFiles("")).filter((f) => f.includes("_0.dat."));
    await rm(lost ?? "");
    await restore("t1 AS copy", timestamp);
    await scenario.watch("RESTORE", "db1", "FINISHED");
    expect(await scenario.starrocks.digest("db1", "copy")).to.not.equal(
      await scenario.starrocks.digest("db1", "t1"),
    );
  });

  it("keeps trying to download what 4.2's manifest names", async () => {
    await begin({ profile: "4.2" });
    const timestamp = await scenario.backup("db1", "s1", "r1");
    const [lost] = (await storedFiles("")).filter((f) => f.includes("_0.dat."));
    await rm(lost ?? "");
    await restore("t1 AS copy", timestamp);
    await scenario.until(
      async () =>
        (await row("RESTORE"))["TaskErrMsg"]?.includes("files of the snapshot manifest") === true,
    );
    expect((await row("RESTORE"))["State"]).to.equal("DOWNLOADING");
  });

  it("overwrites a table in place and refuses loads meanwhile", async () => {
    await begin();
    const before = await scenario.starrocks.digest("db1", "t1");
    const timestamp = await scenario.backup("db1", "s1", "r1");
    await scenario.starrocks.load("db1", "t1", [10_000]);
    await scenario.starrocks.compact("db1", "t1");
    await restore("t1", timestamp);
    const refused = await scenario.at("RESTORE", "db1", "SNAPSHOTING", () =>
      scenario.starrocks.load("db1", "t1", [1]).catch((e: Error) => e.message),
    );
    expect(refused).to.include("Cannot write RESTORE state table");
    await scenario.watch("RESTORE", "db1", "FINISHED");
    expect(await scenario.starrocks.digest("db1", "t1")).to.equal(before);
  });

  const statuses: readonly (readonly [string, string, number])[] = [
    ["t1 AS other", "Table other already exist but with different schema", 1],
    ["t1", "has different replication num '1' with partition in repository, which is 2", 2],
    ["t1 AS copy", "failed to find 3 different hosts to create table: copy", 3],
  ];
  it("cancels restores that do not fit, with the reason in Status", async () => {
    await begin();
    await scenario.starrocks.createDatabase({ name: "db2", tables: [{ name: "other" }] });
    const timestamp = await scenario.backup("db1", "s1", "r1");
    await scenario.query(
      `RESTORE SNAPSHOT db2.s1 FROM r1 ON (t1 AS other) PROPERTIES ("backup_timestamp" = "${timestamp}", "replication_num" = "1")`,
    );
    const last = (await scenario.watch("RESTORE", "db2", "CANCELLED")).at(-1);
    expect(last?.["Status"]).to.include(statuses[0]?.[1]);
    for (const [on, text, replicationNum] of statuses.slice(1)) {
      await restore(on, timestamp, replicationNum);
      const failed = (await scenario.watch("RESTORE", "db1", "CANCELLED", "FINISHED")).at(-1);
      expect(failed?.["Status"]).to.include(text);
    }
    expect(await scenario.query("SHOW TABLES FROM db1")).to.have.length(1);
  });

  it("times a backup out with an empty message", async () => {
    await begin(
      { speed: 1_000 },
      {
        before: (call) =>
          call.method === "openWriter" && call.client?.endsWith(":9060") === true
            ? NEVER
            : undefined,
      },
    );
    await scenario.query("BACKUP SNAPSHOT db1.s1 TO r1 PROPERTIES ('timeout' = '600')");
    const last = (await scenario.watch("BACKUP", "db1", "CANCELLED")).at(-1);
    expect(last?.["Status"]).to.equal("[TIMEOUT, msg: ]");
  });

  it("cancels without a broker up to 3.3 and starves every job from 3.3.2 on", async () => {
    // The job must not get to its uploads before.
    const backUpAndDropBroker = () =>
      scenario.hold(async () => {
        await scenario.query("BACKUP SNAPSHOT db1.s1 TO r1");
        await scenario.query("ALTER SYSTEM DROP ALL BROKER r1");
      });
    await begin();
    await backUpAndDropBroker();
    const last = (await scenario.watch("BACKUP", "db1", "CANCELLED")).at(-1);
    expect(last?.["Status"]).to.include(
      "failed to get address of broker r1 when try to send upload snapshot task",
    );
    await scenario.end();

    await begin({ profile: "3.5" });
    await scenario.starrocks.createDatabase({ name: "db2", tables: [{ name: "t" }] });
    await scenario.mount("r2", (await scenario.broker("127.0.0.53")).address);
    await backUpAndDropBroker();
    await scenario.watch("BACKUP", "db1", "UPLOAD_SNAPSHOT");
    await scenario.query("BACKUP SNAPSHOT db2.s2 TO r2");
    const seen = await row("BACKUP", "db2");
    expect(seen["State"]).to.equal("PENDING");
    await scenario.query(`ALTER SYSTEM ADD BROKER r1 "${broker.address}"`);
    await scenario.watch("BACKUP", "db2", "FINISHED");
    await scenario.watch("BACKUP", "db1", "FINISHED");
  });

  it("registers the name that __repo_info carries, whoever asked", async () => {
    await begin();
    const folder = join(scenario.storage, "mount", "__starrocks_repository_r7");
    await mkdir(folder, { recursive: true });
    const info = { name: "other", create_time: "2026-01-01 00:00:00" };
    await writeFile(join(folder, "__repo_info"), JSON.stringify(info));
    const create = `CREATE REPOSITORY r7 WITH BROKER r1 ON LOCATION "backup://mount"`;
    await scenario.query(create);
    await scenario.query(create);
    const names = async () => (await scenario.query("SHOW REPOSITORIES")).map((r) => r["RepoName"]);
    expect(await names()).to.deep.equal(["r1", "other", "other"]);
    await scenario.query("DROP REPOSITORY other");
    expect(await names()).to.deep.equal(["r1", "other"]);
    expect(await scenario.failure("DROP REPOSITORY other")).to.include("Repository does not exist");
    await scenario.starrocks.killFrontend();
    await scenario.starrocks.startFrontend();
    expect(await names()).to.deep.equal(["r1"]);
  });

  it("prefers a broker of the BE's own host and fixes it for the whole task", async () => {
    await begin();
    const near = await scenario.broker("127.0.0.11");
    await scenario.query(`ALTER SYSTEM ADD BROKER r1 "${near.address}"`);
    await scenario.until(async () =>
      (await scenario.query("SHOW BROKER")).every((r) => r["Alive"] === "true"),
    );
    await scenario.backup("db1", "s1", "r1");
    const clients = (b: ReferenceBroker) =>
      new Set(b.calls.filter((c) => c.method === "openWriter").map((c) => c.client));
    expect(clients(near).has("127.0.0.11:9060")).to.equal(true);
    expect(clients(broker).has("127.0.0.11:9060")).to.equal(false);
  });
});
