// Each release as it looks from outside: one cluster a release, the same statements, and a table of what
// each must show. The table is written from the facts and not from the profiles, so that it holds them.
import { expect } from "chai";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { must } from "../../operator/assert.ts";
import { RELEASES, type Release } from "./profile.ts";
import { Scenario } from "./testing/scenario.ts";
import type { Call } from "./testing/reference-broker.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** Last columns; the first ones, where they moved. */
interface Looks {
  readonly version: RegExp;
  readonly frontends: string;
  readonly backends: string;
  readonly computeNodes: string;
  readonly snapshots: number;
  readonly runModeIsTold: boolean;
  readonly unknownDatabase: number;
  readonly prefix: "__palo_repository_" | "__starrocks_repository_";
  readonly doubleSlash: boolean;
  /** Of nine tablets on one BE: tasks, and those that run at once. */
  readonly tasks: number;
  readonly atOnce: number;
  readonly writeBytes: number;
  readonly infoLists: boolean;
  readonly infoTablets: "own" | "sub";
  readonly manifests: boolean;
  /** Hours by which a snapshot's timestamp is ahead of UTC. */
  readonly timestampHours: readonly number[];
  readonly sessionZoneCounts: boolean;
  readonly wholeDatabase: string | RegExp;
  readonly listPartitions: boolean;
  readonly catalogRow: boolean;
  readonly brokerPerCall: boolean;
  readonly noBroker: RegExp;
  readonly dropSnapshot: boolean;
}

const NOT_OLAP = /Table 'm' is not a OLAP table/;
const STATUS = /^Unexpected exception/;
const THROWN = /^Getting analyzing error/;

const LOOKS_2_5: Looks = {
  version: /^2\.5\./,
  frontends: "Name…Version",
  backends: "BackendId…CpuUsedPct",
  computeNodes: "ComputeNodeId…Version",
  snapshots: 3,
  runModeIsTold: false,
  unknownDatabase: 1049,
  prefix: "__palo_repository_",
  doubleSlash: true,
  tasks: 3,
  atOnce: 1,
  writeBytes: MIB,
  infoLists: true,
  infoTablets: "own",
  manifests: false,
  timestampHours: [8],
  sessionZoneCounts: true,
  wholeDatabase: NOT_OLAP,
  listPartitions: false,
  catalogRow: false,
  brokerPerCall: false,
  noBroker: STATUS,
  dropSnapshot: false,
};
const LOOKS_3_1: Looks = {
  ...LOOKS_2_5,
  version: /^3\.1\./,
  computeNodes: "ComputeNodeId…HasStoragePath",
  runModeIsTold: true,
  prefix: "__starrocks_repository_",
  tasks: 9,
  timestampHours: [-5, -4],
};
const LOOKS_3_3_0: Looks = {
  ...LOOKS_3_1,
  version: /^3\.3\.0/,
  backends: "BackendId…Location",
  unknownDatabase: 5501,
  timestampHours: [0],
  wholeDatabase: "[db2.t], [db2.m]",
  brokerPerCall: true,
};
const LOOKS_3_3_2: Looks = {
  ...LOOKS_3_3_0,
  version: /^3\.3\.2/,
  infoLists: false,
  brokerPerCall: false,
  noBroker: THROWN,
};
const LOOKS_3_4: Looks = {
  ...LOOKS_3_3_2,
  version: /^3\.4\./,
  backends: "BackendId…StatusCode",
  computeNodes: "ComputeNodeId…StatusCode",
  atOnce: 4,
  writeBytes: 4 * MIB,
  infoTablets: "sub",
  listPartitions: true,
  catalogRow: true,
};
const LOOKS_3_5: Looks = {
  ...LOOKS_3_4,
  version: /^3\.5\./,
  frontends: "Id…Version",
  wholeDatabase: "[db2.t]",
};
const LOOKS_4_1: Looks = {
  ...LOOKS_3_5,
  version: /^4\.1\./,
  doubleSlash: false,
  atOnce: 8,
  timestampHours: [8],
  sessionZoneCounts: false,
};

const LOOKS: Readonly<Record<Release, Looks>> = {
  "2.5": LOOKS_2_5,
  "3.1": LOOKS_3_1,
  "3.3.0": LOOKS_3_3_0,
  "3.3.2": LOOKS_3_3_2,
  "3.4": LOOKS_3_4,
  "3.5": LOOKS_3_5,
  "4.1": LOOKS_4_1,
  "4.2": { ...LOOKS_4_1, version: /^4\.2\./, snapshots: 7, manifests: true, dropSnapshot: true },
};

for (const release of RELEASES) {
  describe(`the stand-in of ${release}`, () => {
    const looks = LOOKS[release];
    const first: Call[] = [];
    let scenario: Scenario;
    let timestamp = "";
    let seen: { tasks: number; atOnce: number; createdMs: number };

    before(async () => {
      scenario = await Scenario.start({ profile: release, speed: 100, backends: 1 });
      await scenario.starrocks.createDatabase({
        name: "db1",
        tables: [
          { name: "big", segmentBytes: [5 * MIB] },
          { name: "t", tablets: 8, segmentBytes: [KIB] },
        ],
      });
      await scenario.starrocks.createDatabase({
        name: "db2",
        tables: [
          { name: "t", segmentBytes: [KIB] },
          { name: "m", kind: "materializedView", baseTables: ["t"], segmentBytes: [KIB] },
        ],
      });
      await scenario.starrocks.createDatabase({
        name: "db3",
        tables: [{ name: "l", listPartitioned: true, segmentBytes: [KIB] }],
      });
      seen = await backUpHeld();
      timestamp = await scenario.timestamp("r1", "s1");
    });

    after(async () => scenario.end());

    /** The uploads wait until tasks and writers have been counted. */
    async function backUpHeld(): Promise<typeof seen> {
      const held = Promise.withResolvers<void>();
      const writers = new Set<string>();
      const broker = await scenario.broker("127.0.0.81", {
        before: (call) => {
          first.push(call);
          const isContent = call.path?.includes("__ss_content") === true;
          if (call.method !== "openWriter" || !isContent) return undefined;
          writers.add(call.path ?? "");
          return held.promise;
        },
      });
      await scenario.mount("r1", broker.address);
      await scenario.query("BACKUP SNAPSHOT db1.s1 TO r1 ON (big, t)");
      await scenario.until(() => writers.size >= looks.atOnce);
      const [row] = await scenario.query("SHOW BACKUP FROM db1");
      const tasks = (row?.["UnfinishedTasks"] ?? "").split(",").length;
      const atOnce = writers.size;
      held.resolve();
      await scenario.watch("BACKUP", "db1", "FINISHED");
      return { tasks, atOnce, createdMs: await createdMs("+00:00") };
    }

    async function createdMs(timeZone: string): Promise<number> {
      const connection = await scenario.starrocks.connect();
      try {
        await connection.query(`SET time_zone = '${timeZone}'`);
        const [rows] = await connection.query("SHOW BACKUP FROM db1");
        return Date.parse(`${must((rows as { CreateTime: string }[])[0]).CreateTime}Z`);
      } finally {
        connection.destroy();
      }
    }

    async function edges(sql: string): Promise<string> {
      const connection = await scenario.starrocks.connect();
      try {
        const [, fields] = await connection.query(sql);
        return `${must(fields[0]).name}…${must(fields.at(-1)).name}`;
      } finally {
        connection.destroy();
      }
    }

    async function stored(part: string): Promise<readonly string[]> {
      const files = await readdir(scenario.storage, { recursive: true });
      return files.filter((f) => f.includes(part));
    }

    it("shows its version and its columns", async () => {
      const [version] = await scenario.query("SELECT current_version() AS v");
      expect(version?.["v"]).to.match(looks.version);
      expect(await edges("SHOW FRONTENDS")).to.equal(looks.frontends);
      expect(await edges("SHOW BACKENDS")).to.equal(looks.backends);
      expect(await edges("SHOW COMPUTE NODES")).to.equal(looks.computeNodes);
      const [snapshot] = await scenario.query("SHOW SNAPSHOT ON r1");
      expect(Object.keys(snapshot ?? {})).to.have.length(looks.snapshots);
      expect(snapshot).to.include({ Snapshot: "s1", Timestamp: timestamp, Status: "OK" });
      const config = await scenario.query("ADMIN SHOW FRONTEND CONFIG LIKE 'run_mode'");
      expect(config.length === 1).to.equal(looks.runModeIsTold);
    });

    it("numbers its errors", async () => {
      const connection = await scenario.starrocks.connect();
      const refused = connection.query("BACKUP SNAPSHOT nosuch.s TO r1");
      expect(await refused.catch((e: unknown) => e)).to.include({ errno: looks.unknownDatabase });
      connection.destroy();
    });

    it("splits tablets into its tasks and runs its number of them", () => {
      expect(seen.tasks).to.equal(looks.tasks);
      expect(seen.atOnce).to.equal(looks.atOnce);
    });

    it("writes pieces of its size into its own folder", async () => {
      const sizes = first
        .filter((c) => c.method === "pwrite" && c.bytes !== 1024)
        .map((c) => c.bytes ?? 0);
      expect(Math.max(...sizes)).to.equal(looks.writeBytes);
      expect((await stored("_r1/__repo_info")).join()).to.include(`${looks.prefix}r1`);
      expect(await stored(`__starrocks_snapshot_manifest`)).to.have.length(looks.manifests ? 9 : 0);
    });

    it("describes tablets in __info where it does", async () => {
      const [path] = await stored("__info_");
      const text = await readFile(join(scenario.storage, must(path)), "utf8");
      expect(text.includes(".hdr")).to.equal(looks.infoLists);
      const info = JSON.parse(text) as {
        readonly backup_objects: Record<string, { partitions: Record<string, InfoPartition> }>;
        readonly expire_time?: number;
      };
      const partition = must(info.backup_objects["t"]?.partitions["t"]);
      const inside = Object.values(partition.subPartitions ?? {}).map((p) => p.indexes);
      const where = looks.infoTablets === "sub" ? must(inside[0]) : partition.indexes;
      expect(Object.keys(must(where["t"]).tablets)).to.have.length(8);
      expect(info.expire_time !== undefined).to.equal(looks.snapshots === 7);
    });

    it("prints times in its zones", async () => {
      const [date, time] = [timestamp.slice(0, 10), timestamp.slice(11, 19).replaceAll("-", ":")];
      const utcMs = seen.createdMs - (looks.sessionZoneCounts ? 0 : 8 * 3_600_000);
      const ahead = (Date.parse(`${date}T${time}Z`) - utcMs) / 3_600_000;
      expect(ahead).to.be.oneOf([...looks.timestampHours]);
      const moved = (await createdMs("-03:00")) !== seen.createdMs;
      expect(moved).to.equal(looks.sessionZoneCounts);
    });

    it("takes or refuses a whole database with a materialized view, and list partitions", async () => {
      if (typeof looks.wholeDatabase === "string") {
        await scenario.backup("db2", "s2", "r1");
        const [row] = await scenario.query("SHOW BACKUP FROM db2");
        expect(row?.["BackupObjs"]).to.equal(looks.wholeDatabase);
      } else {
        expect(await scenario.failure("BACKUP SNAPSHOT db2.s2 TO r1")).to.match(
          looks.wholeDatabase,
        );
        expect(await scenario.failure("BACKUP SNAPSHOT db2.s2 TO r1 ON (m)")).to.match(NOT_OLAP);
      }
      if (looks.listPartitions) {
        await scenario.backup("db3", "s3", "r1");
        return;
      }
      const text = "List partition table does not support backup/restore job";
      for (const on of ["", "ON (l)"]) {
        expect(await scenario.failure(`BACKUP SNAPSHOT db3.s3 TO r1 ${on}`)).to.include(text);
      }
    });

    it("restores what it wrote", async () => {
      await scenario.query(
        `RESTORE SNAPSHOT db1.s1 FROM r1 ON (big AS copy)
         PROPERTIES ("backup_timestamp" = "${timestamp}", "replication_num" = "1")`,
      );
      await scenario.watch("RESTORE", "db1", "FINISHED");
      const digests = ["big", "copy"].map((t) => scenario.starrocks.digest("db1", t));
      const [one, other] = await Promise.all(digests);
      expect(other).to.equal(one);
    });

    it("shows somebody's backup of catalogs where it does, whatever FROM says", async () => {
      scenario.starrocks.pretendCatalogBackup("catalogs");
      const rows = await scenario.query("SHOW BACKUP FROM db3");
      expect(rows.some((r) => r["DbName"] === "")).to.equal(looks.catalogRow);
    });

    it("makes paths of a location with a trailing slash", async () => {
      const sql = `CREATE REPOSITORY slash WITH BROKER r1 ON LOCATION "backup://x/" PROPERTIES ("a" = "b")`;
      await scenario.query(sql);
      const paths = first.map((c) => c.path ?? "").filter((p) => p.startsWith("backup://x"));
      expect(paths.length).to.be.greaterThan(0);
      expect(paths.every((p) => p.startsWith("backup://x//"))).to.equal(looks.doubleSlash);
    });

    it("asks one broker for all of a file, or a new one with each call", async () => {
      const other: Call[] = [];
      const broker = await scenario.broker("127.0.0.82", { before: (c) => void other.push(c) });
      await scenario.query(`ALTER SYSTEM ADD BROKER r1 "${broker.address}"`);
      await scenario.until(async () =>
        (await scenario.query("SHOW BROKER")).every((r) => r["Alive"] === "true"),
      );
      first.length = 0;
      const sql = `SHOW SNAPSHOT ON r1 WHERE SNAPSHOT = 's1' AND TIMESTAMP = '${timestamp}'`;
      // By chance: that one of the two is never asked must not come to pass.
      for (let i = 0; i < 30; i += 1) await scenario.query(sql).catch(() => undefined);
      const count = (calls: readonly Call[], method: string) =>
        calls.filter((c) => c.method === method).length;
      expect(count(other, "listPath")).to.be.greaterThan(0);
      const together = [first, other].every(
        (calls) => count(calls, "openReader") === count(calls, "closeReader"),
      );
      expect(together).to.equal(!looks.brokerPerCall);
    });

    it("drops a snapshot where it can, and knows a ttl there", async () => {
      const ttl = "BACKUP SNAPSHOT db1.s9 TO r1 PROPERTIES ('ttl' = 'soon')";
      const known = (await scenario.failure(ttl)).includes("ttl must be a positive duration");
      expect(known).to.equal(looks.dropSnapshot);
      if (!looks.dropSnapshot) {
        expect(await scenario.failure("DROP SNAPSHOT s1 ON r1")).to.include("syntax error");
        return;
      }
      expect(await scenario.failure("DROP SNAPSHOT nosuch ON r1")).to.include(
        "Snapshot does not exist in repository r1: nosuch",
      );
      await scenario.query("DROP SNAPSHOT s1 ON r1 FORCE");
      expect(await stored("__ss_s1")).to.deep.equal([]);
    });

    it("says in its own way that no broker is there", async () => {
      await scenario.query("ALTER SYSTEM DROP ALL BROKER r1");
      const text = await scenario.failure("SHOW SNAPSHOT ON r1");
      expect(text).to.match(looks.noBroker).and.include("Unknown broker name(r1)");
    });
  });
}

interface InfoPartition {
  readonly indexes: Readonly<Record<string, { readonly tablets: object }>>;
  readonly subPartitions?: Readonly<Record<string, InfoPartition>>;
}
