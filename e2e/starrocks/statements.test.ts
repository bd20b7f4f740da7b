// What one FE answers to statements: texts, columns, rights. A reference broker stands behind it.
import { expect } from "chai";
import { createConnection } from "mysql2/promise";
import type { ProfileName } from "./profile.ts";
import { MINIMAL_PRIVILEGES } from "./privileges.ts";
import { BACKUP_COLUMNS, RESTORE_COLUMNS } from "./show/jobs.ts";
import { Scenario } from "./testing/scenario.ts";

const TABLES = [
  { name: "t1", partitions: ["p1", "p2"] },
  { name: "t2", replicationNum: 2 },
];

async function fresh(profile: ProfileName): Promise<Scenario> {
  const scenario = await Scenario.start({
    profile,
    speed: 100,
    rootPassword: "secret",
    users: [
      { name: "op", password: "pw", privileges: MINIMAL_PRIVILEGES },
      { name: "later", password: "pw", privileges: MINIMAL_PRIVILEGES, needsSetRole: true },
      { name: "half", password: "pw", privileges: ["REPOSITORY", "EXPORT ON db1.t1"] },
      { name: "nobody", password: "pw", privileges: [] },
    ],
  });
  await scenario.starrocks.createDatabase({ name: "db1", tables: TABLES });
  const broker = await scenario.broker("127.0.0.41");
  await scenario.mount("r1", broker.address);
  return scenario;
}

describe("statements of the stand-in", () => {
  let scenario: Scenario;

  before(async () => {
    scenario = await fresh("recorded");
    await scenario.query(
      `CREATE READ ONLY REPOSITORY ro WITH BROKER r1 ON LOCATION "backup://mount"`,
    );
    await scenario.backup("db1", "s1", "r1", "ON (t1)");
  });

  after(async () => scenario.end());

  const failures: readonly (readonly [string, string])[] = [
    ["ALTER SYSTEM DROP BROKER r1 '127.0.0.99:1'", "Broker(127.0.0.99:1) has not in brokers."],
    ["ALTER SYSTEM DROP ALL BROKER nosuch", "Unknown broker name(nosuch)"],
    [
      "CREATE REPOSITORY r2 WITH BROKER nosuch ON LOCATION 'backup://x'",
      "failed to get address of broker nosuch.",
    ],
    [
      "CREATE REPOSITORY r1 WITH BROKER r1 ON LOCATION 'backup://x'",
      "Failed to create repository: repository with same name already exist: r1",
    ],
    [
      "CREATE REPOSITORY `r-2` WITH BROKER r1 ON LOCATION 'backup://x'",
      "Incorrect repository name 'r-2'.",
    ],
    ["DROP REPOSITORY nosuch", "Repository does not exist."],
    ["BACKUP SNAPSHOT db1.s2 TO nosuch", "Repository [nosuch] does not exist."],
    ["BACKUP SNAPSHOT db1.s2 TO ro", "Repository ro is read only"],
    ["BACKUP SNAPSHOT x.s2 TO r1", "Unknown database 'x'."],
    ["BACKUP SNAPSHOT db1.s2 TO r1 ON (x)", "Incorrect table name 'x'."],
    ["BACKUP SNAPSHOT db1.s2 TO r1 ON (t1, T1)", "Duplicated table: T1"],
    [
      "BACKUP SNAPSHOT db1.s2 TO r1 ON (t1 PARTITION (p9))",
      "partition[p9] does not exist  in tablet1",
    ],
    [
      "BACKUP SNAPSHOT db1.s2 TO r1 PROPERTIES ('timeout' = '599')",
      "timeout must be at least 10 min.",
    ],
    [
      "BACKUP SNAPSHOT db1.s2 TO r1 PROPERTIES ('ttl' = '1 DAY')",
      "Unknown backup job properties: [ttl]",
    ],
    ["BACKUP SNAPSHOT db1.s1 TO r1", "Snapshot with name 's1' already exist in repository"],
    [
      "RESTORE SNAPSHOT db1.s1 FROM r1 PROPERTIES ('timeout' = '600')",
      "Missing backup_timestamp property.",
    ],
    [
      "RESTORE SNAPSHOT db1.s1 FROM r1 PROPERTIES ('backup_timestamp' = 'x', 'reserve_replica' = 'true')",
      "Unknown restore job properties: [reserve_replica]",
    ],
    [
      "RESTORE SNAPSHOT db1.s1 FROM r1 PROPERTIES ('backup_timestamp' = '2020-01-01-00-00-00-000')",
      "get: 0. Maybe specified wrong backup timestamp",
    ],
    ["CANCEL RESTORE FROM db1", "No restore is currently running"],
    [
      "CANCEL BACKUP FROM db1",
      "Failed to cancel job: Job with label s1 can not be cancelled. state: FINISHED",
    ],
    ["SHOW SNAPSHOT ON nosuch", "Repository [nosuch] does not exist."],
    ["SHOW SNAPSHOT ON r1 WHERE TIMESTAMP = 'x'", "Where clause should looks like: SNAPSHOT = "],
    ["SELECT nonsense()", "Column 'nonsense()' cannot be resolved"],
    ["SELECT * FROM information_schema.nosuch", "Unknown table 'information_schema.nosuch'"],
  ];
  for (const [sql, text] of failures) {
    it(`refuses ${sql}`, async () => expect(await scenario.failure(sql)).to.include(text));
  }

  it("refuses an address that is there already, with all that came with it", async () => {
    const [row] = await scenario.query("SHOW BROKER");
    const known = `${row?.["IP"]}:${row?.["Port"]}`;
    const text = await scenario.failure(`ALTER SYSTEM ADD BROKER r1 '127.0.0.98:1', '${known}'`);
    expect(text).to.include(`Broker(${known}) has already in brokers.`);
    expect(await scenario.query("SHOW BROKER")).to.have.length(1);
  });

  it("shows a finished backup in the FE's formats", async () => {
    const [row] = await scenario.query("SHOW BACKUP FROM db1");
    expect(Object.keys(row ?? {})).to.deep.equal(BACKUP_COLUMNS);
    expect(row).to.deep.include({
      SnapshotName: "s1",
      State: "FINISHED",
      BackupObjs: "[db1.t1]",
      UnfinishedTasks: "",
      Status: "[OK]",
      Timeout: "86400",
    });
    expect(row?.["FinishedTime"]).to.match(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  });

  it("shows times in the session's zone", async () => {
    const connection = await scenario.starrocks.connect();
    const created = async () => {
      const [rows] = await connection.query("SHOW BACKUP FROM db1");
      return Date.parse(`${String((rows as { CreateTime: string }[])[0]?.CreateTime)}Z`);
    };
    const utc = await created();
    await connection.query("SET time_zone = 'Asia/Shanghai'");
    expect((await created()) - utc).to.equal(8 * 3_600_000);
    connection.destroy();
  });

  it("shows snapshots, briefly and in detail", async () => {
    expect(await scenario.query("SHOW SNAPSHOT ON r1 WHERE SNAPSHOT = 'nosuch'")).to.deep.equal([
      { Snapshot: "nosuch", Timestamp: "", Status: "ERROR: no snapshot" },
    ]);
    const timestamp = await scenario.timestamp("r1", "s1");
    const where = `WHERE SNAPSHOT = 's1' AND TIMESTAMP = '${timestamp}'`;
    const [row] = await scenario.query(`SHOW SNAPSHOT ON r1 ${where}`);
    expect(Object.keys(row ?? {})).to.deep.equal([
      "Snapshot",
      "Timestamp",
      "Database",
      "Details",
      "Status",
    ]);
    const details = JSON.parse(row?.["Details"] ?? "") as { backup_objects: object };
    expect(details.backup_objects).to.deep.equal({ t1: { partitions: { p1: {}, p2: {} } } });
  });

  it("refuses prepared statements and wrong passwords as the FE does", async () => {
    const connection = await scenario.starrocks.connect();
    const refused = await connection.execute("SELECT 1").catch((e: unknown) => e);
    expect(refused).to.include({ message: "Unsupported command(COM_STMT_PREPARE)", errno: 1064 });
    connection.destroy();
    const { host, port } = scenario.starrocks.mysql;
    const wrong = await createConnection({ host, port, user: "root", password: "wrong" }).catch(
      (e: unknown) => e,
    );
    expect(wrong).to.include({ errno: 1064, sqlState: "HY000" });
  });

  it("answers the views that an operator plans with", async () => {
    const tables = await scenario.query(
      "SELECT TABLE_NAME FROM information_schema.tables WHERE TABLE_SCHEMA = 'db1' AND ENGINE = 'StarRocks' ORDER BY TABLE_NAME",
    );
    expect(tables).to.deep.equal([{ TABLE_NAME: "t1" }, { TABLE_NAME: "t2" }]);
    const [tablets] = await scenario.query(
      "SELECT COUNT(*) AS replicas, SUM(DATA_SIZE) AS bytes FROM information_schema.be_tablets",
    );
    expect(tablets).to.deep.equal({ replicas: 4, bytes: 4 * 65_536 });
    const config = await scenario.query("ADMIN SHOW FRONTEND CONFIG LIKE 'run_mode'");
    expect(config[0]?.["Value"]).to.equal("shared_nothing");
    expect(await scenario.query("SELECT current_version() AS v")).to.deep.equal([
      { v: "UNKNOWN 1f5a0c3" },
    ]);
  });

  it("lets the minimal user do its work and says what others lack", async () => {
    expect(await scenario.query("SHOW BACKUP FROM db1", "op")).to.have.length(1);
    for (const [sql, privilege] of [
      ["ALTER SYSTEM ADD BROKER x '127.0.0.9:1'", "NODE"],
      ["SHOW BROKER", "OPERATE OR NODE"],
      ["DROP REPOSITORY r1", "REPOSITORY"],
      ["ADMIN SHOW FRONTEND CONFIG", "OPERATE"],
      ["BACKUP SNAPSHOT db1.s9 TO r1", "REPOSITORY"],
    ] as const) {
      const text = await scenario.failure(sql, "nobody");
      expect(text).to.include(`(at least one of) the ${privilege} privilege(s)`);
    }
    expect(await scenario.query("SHOW REPOSITORIES", "nobody")).to.have.length(2);
    const text = await scenario.failure("BACKUP SNAPSHOT db1.s9 TO r1", "half");
    expect(text).to.include("the EXPORT privilege(s) on TABLE db1.t2");
  });

  it("gives nothing before SET ROLE to a user whose roles are not active", async () => {
    const connection = await scenario.starrocks.connect("later");
    const refused = await connection.query("SHOW BROKER").catch((e: unknown) => e);
    expect(refused).to.include({ errno: 1252, sqlState: "42000" });
    await connection.query("SET ROLE ALL");
    const [rows] = await connection.query("SHOW BROKER");
    expect(rows).to.have.length(1);
    connection.destroy();
  });

  it("empties SHOW BACKUP without an error when EXPORT is missing on one table", async () => {
    expect(await scenario.query("SHOW BACKUP FROM db1", "half")).to.have.length(1);
    await scenario.backup("db1", "s3", "r1");
    expect(await scenario.query("SHOW BACKUP FROM db1", "half")).to.deep.equal([]);
    expect(await scenario.query("SHOW BACKUP FROM db1")).to.have.length(1);
  });

  it("forgets the backup once a restore ran in the database", async () => {
    const timestamp = await scenario.timestamp("r1", "s1");
    await scenario.query(
      `RESTORE SNAPSHOT db1.s1 FROM r1 ON (t1 AS copy) PROPERTIES ("backup_timestamp" = "${timestamp}", "replication_num" = "2")`,
    );
    const [row] = (await scenario.watch("RESTORE", "db1", "FINISHED", "CANCELLED")).slice(-1);
    expect(Object.keys(row ?? {})).to.deep.equal(RESTORE_COLUMNS);
    expect(row).to.deep.include({
      State: "FINISHED",
      RestoreObjs: "t1 PARTITIONS [p1, p2]",
      ReplicationNum: "2",
      AllowLoad: "false",
    });
    expect(await scenario.query("SHOW BACKUP FROM db1")).to.deep.equal([]);
    expect(await scenario.failure("CANCEL BACKUP FROM db1")).to.include(
      "No backup job is currently running",
    );
  });
});

describe("statements by release", () => {
  const columns: readonly (readonly [ProfileName, string, string])[] = [
    ["2.5", "SHOW FRONTENDS", "Name"],
    ["3.5", "SHOW FRONTENDS", "Id"],
    ["2.5", "SHOW BACKENDS", "BackendId"],
    ["3.5", "SHOW BACKENDS", "BackendId"],
  ];
  for (const [profile, sql, first] of columns) {
    it(`${sql} of ${profile} begins with ${first}`, async () => {
      const scenario = await Scenario.start({ profile, speed: 100 });
      try {
        const names = Object.keys((await scenario.query(sql))[0] ?? {});
        expect(names[0]).to.equal(first);
        expect(names.includes("StatusCode")).to.equal(profile === "3.5" && first === "BackendId");
      } finally {
        await scenario.end();
      }
    });
  }

  it("2.5 refuses views, hides why a right is missing, and knows only the old folder", async () => {
    const scenario = await fresh("2.5");
    try {
      await scenario.starrocks.createDatabase({
        name: "db2",
        tables: [{ name: "v", kind: "view" }],
      });
      expect(await scenario.failure("BACKUP SNAPSHOT db2.s TO r1")).to.include(
        "Table 'v' is not a OLAP table",
      );
      expect(await scenario.failure("BACKUP SNAPSHOT db1.s TO r1", "nobody")).to.include(
        "BackupStatement failed",
      );
      await scenario.backup("db1", "s1", "r1");
    } finally {
      await scenario.end();
    }
  });

  it("3.5 leaves materialized views out of a whole database and takes views along", async () => {
    const scenario = await fresh("3.5");
    try {
      await scenario.starrocks.createDatabase({
        name: "db2",
        tables: [
          { name: "t" },
          { name: "v", kind: "view", baseTables: ["t"] },
          { name: "m", kind: "materializedView", baseTables: ["t"] },
        ],
      });
      const timestamp = await scenario.backup("db2", "s1", "r1");
      const [row] = await scenario.query("SHOW BACKUP FROM db2");
      expect(row?.["BackupObjs"]).to.equal("[db2.t], [db2.v]");
      await scenario.backup("db2", "s2", "r1", "ON (MATERIALIZED VIEW m)");
      await scenario.query(
        `RESTORE SNAPSHOT s1 FROM r1 DATABASE db2 AS db3 PROPERTIES ("backup_timestamp" = "${timestamp}", "replication_num" = "1")`,
      );
      const last = (await scenario.watch("RESTORE", "db3", "FINISHED", "CANCELLED")).at(-1);
      expect(last?.["Status"]).to.equal("[OK]");
      expect(await scenario.starrocks.digest("db3", "t")).to.equal(
        await scenario.starrocks.digest("db2", "t"),
      );
    } finally {
      await scenario.end();
    }
  });
});
