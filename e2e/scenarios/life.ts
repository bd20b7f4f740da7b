// The operator as people use it: manifests in, statuses out, data lost and restored. In a World whose operator and
// Repository `prod` are there; each test has databases and names of its own, and leaves nothing behind.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { must } from "../../operator/assert.ts";
import { OPERATOR_NAMESPACE, type AnyWorld } from "../any-world.ts";
import { atOnce } from "./at-once.ts";
import { isOver } from "./is-over.ts";

const MIB = 1024 * 1024;

/** Tests of the `describe` that calls it; `world` is asked for as they run. `width`: how many of them at a time. */
export function lifeScenarios(world: () => AnyWorld, width = 1): void {
  const leavesNothing = async () => {
    expect(await world().untilNothingIsLeft(), "left behind").to.deep.equal([]);
    expect(world().starrocks.violations, "what a real StarRocks would not survive").to.deep.equal(
      [],
    );
  };

  const database = async (name: string, bytes = 100_000): Promise<void> => {
    await world().starrocks.createDatabase({
      name,
      tables: [
        {
          name: "orders",
          partitions: ["p1", "p2"],
          tablets: 3,
          segmentBytes: [bytes],
          replicationNum: 1,
        },
        { name: "items", tablets: 2, replicationNum: 2 },
      ],
    });
  };
  const backup = async (name: string, spec: object): Promise<void> =>
    await world().apply(world().resource("Backup", name, { repository: "prod", ...spec }));
  const restore = async (name: string, spec: object): Promise<void> =>
    await world().apply(world().resource("Restore", name, { repository: "prod", ...spec }));
  const ended = async <T extends Backup | Restore>(kind: T["kind"], name: string): Promise<T> =>
    await world().until<T>(kind, name, (r) => isOver(r));

  atOnce(width, leavesNothing, (it) => {
    it("backs a database up and brings a dropped table back", async () => {
      await database("shop");
      const digest = await world().starrocks.digest("shop", "orders");
      await backup("shop-1", { database: "shop" });
      const { status } = await ended<Backup>("Backup", "shop-1");
      expect(status, JSON.stringify(status)).to.include({ phase: "FINISHED", attempt: 1 });
      expect(status?.sealed?.tablets).to.equal(8);
      expect(must(status?.progress?.bytes)).to.be.greaterThan(600_000);
      expect(status?.progress?.percent).to.equal(100);
      await world().sql("DROP TABLE `shop`.`orders`");
      await restore("shop-1", { source: { backup: "shop-1" }, tables: [{ name: "orders" }] });
      expect((await ended<Restore>("Restore", "shop-1")).status?.phase).to.equal("FINISHED");
      expect(await world().starrocks.digest("shop", "orders")).to.equal(digest);
    });

    it("restores under another name, into another database, and some partitions", async () => {
      await database("names");
      const digest = await world().starrocks.digest("names", "orders");
      await backup("names", { database: "names", tables: [{ name: "orders" }] });
      await ended<Backup>("Backup", "names");
      await restore("names-as", {
        source: { backup: "names" },
        tables: [{ name: "orders", as: "orders_old" }],
      });
      await restore("names-other", { source: { backup: "names" }, database: "names2" });
      await restore("names-part", {
        source: { backup: "names" },
        database: "names3",
        tables: [{ name: "orders", partitions: ["p2"] }],
      });
      for (const name of ["names-as", "names-other", "names-part"]) {
        const { status } = await ended<Restore>("Restore", name);
        expect(status?.phase, `${name}: ${status?.message}`).to.equal("FINISHED");
      }
      expect(await world().starrocks.digest("names", "orders_old")).to.equal(digest);
      expect(await world().starrocks.digest("names2", "orders")).to.equal(digest);
    });

    it("refuses to restore onto a table that nobody named, and overwrites the one that was", async () => {
      await database("over");
      const digest = await world().starrocks.digest("over", "orders");
      await backup("over", { database: "over", tables: [{ name: "orders" }] });
      await ended<Backup>("Backup", "over");
      await restore("over-fail", { source: { backup: "over" } });
      const refused = (await ended<Restore>("Restore", "over-fail")).status;
      expect(refused).to.include({ phase: "FAILED", reason: "TargetExists" });
      expect(refused?.message).to.match(/over\.orders exists.*overwriteTables/);
      await world().starrocks.load("over", "orders", [50_000]);
      expect(await world().starrocks.digest("over", "orders")).not.to.equal(digest);
      await restore("over-write", {
        source: { backup: "over" },
        existing: "Overwrite",
        overwriteTables: ["orders"],
      });
      const { status } = await ended<Restore>("Restore", "over-write");
      expect(status?.phase, status?.message).to.equal("FINISHED");
      expect(await world().starrocks.digest("over", "orders")).to.equal(digest);
    });

    it("waits for a Repository and a Backup that are not there yet", async () => {
      await database("later");
      await world().apply(
        world().resource("Restore", "later", {
          repository: "prod",
          source: { backup: "later" },
          database: "later2",
        }),
      );
      const waits = await world().until<Restore>(
        "Restore",
        "later",
        (r) => r.status?.reason === "SourceMissing",
      );
      expect(waits.status?.message).to.equal("waits for Backup later to exist in this namespace");
      await backup("later", { database: "later" });
      expect((await ended<Backup>("Backup", "later")).status?.phase).to.equal("FINISHED");
      expect((await ended<Restore>("Restore", "later")).status?.phase).to.equal("FINISHED");
    });

    it("deletes the snapshot of a Backup with deletionPolicy Delete, and keeps it under Retain", async () => {
      await database("gone");
      await backup("keep", { database: "gone" });
      await backup("drop", { database: "gone", deletionPolicy: "Delete" });
      const kept = must((await ended<Backup>("Backup", "keep")).status?.snapshot?.name);
      const dropped = must((await ended<Backup>("Backup", "drop")).status?.snapshot?.name);
      await world().delete("Backup", "keep");
      await world().delete("Backup", "drop");
      await world().untilGone("Backup", "keep");
      await world().untilGone("Backup", "drop");
      const keys = await world().keys();
      expect(keys.some((key) => key.includes(`__ss_${kept}/`))).to.equal(true);
      expect(keys.filter((key) => key.includes(dropped))).to.deep.equal([]);
    });
  });

  atOnce(1, leavesNothing, (it) => {
    it("runs two databases at once on one Repository, and two jobs of one database in turn", async () => {
      await Promise.all([database("left", 2 * MIB), database("right", 2 * MIB)]);
      await backup("left-1", { database: "left", bandwidth: "2Mi" });
      await backup("right-1", { database: "right", bandwidth: "2Mi" });
      await backup("left-2", { database: "left" });
      const queued = await world().until<Backup>(
        "Backup",
        "left-2",
        (b) => b.status?.queue?.position !== undefined,
      );
      expect(queued.status?.queue?.message).to.match(/left-1/);
      await world().until<Backup>("Backup", "right-1", (b) => b.status?.slot !== undefined);
      const left = await world().get<Backup>("Backup", "left-1");
      expect(left?.status?.slot, "both run at the same time").not.to.equal(undefined);
      for (const name of ["left-1", "right-1", "left-2"]) {
        expect((await ended<Backup>("Backup", name)).status?.phase, name).to.equal("FINISHED");
      }
    });

    it("refuses what cannot work, and says what to write instead", async () => {
      await database("plain");
      const cases: readonly [name: string, spec: object, reason: string, text: RegExp][] = [
        ["no-database", { database: "nowhere" }, "DatabaseMissing", /does not exist/],
        [
          "no-table",
          { database: "plain", tables: [{ name: "Orders" }] },
          "TableMissing",
          /orders\?/,
        ],
        [
          "no-partition",
          { database: "plain", tables: [{ name: "orders", partitions: ["p9"] }] },
          "PartitionMissing",
          /no partition p9: it has p1, p2/,
        ],
      ];
      for (const [name, spec, reason, text] of cases) {
        await backup(name, spec);
        const { status } = await ended<Backup>("Backup", name);
        expect(status).to.include({ phase: "FAILED", reason });
        expect(status?.message).to.match(text);
      }
    });

    it("tells no secret in any log, status, event or SQL text", async () => {
      const secrets = {
        "password of StarRocks": world().starrocks.mysql.password,
        "key of the storage": world().s3Secret,
        "key of the mounts": await mountKey(world()),
      };
      const { statements } = world().starrocks;
      expect(statements.some(({ sql }) => sql.startsWith("BACKUP"))).to.equal(true);
      const texts = {
        "the operator's log": world().operatorLines,
        "what the API shows": (await world().objects(world().namespace)).map((o) =>
          JSON.stringify(o),
        ),
        SQL: statements.map(({ sql }) => sql),
        "the agents' logs": await world().podLogs(),
      };
      for (const [where, lines] of Object.entries(texts)) {
        expect(lines.length, where).to.be.greaterThan(5);
        for (const [name, secret] of Object.entries(secrets)) {
          const found = lines.find((line) => line.includes(secret));
          expect(found, `${name} in ${where}`).to.equal(undefined);
        }
      }
      // A mount's token is in the one statement that hands it over, and nowhere else.
      const tokens = statements.flatMap(({ sql }) => /'token' = '(\w+)'/.exec(sql)?.[1] ?? []);
      expect(tokens.length).to.be.greaterThan(0);
      for (const token of tokens) {
        for (const [where, lines] of Object.entries(texts)) {
          const found = lines.find((line) => line.includes(token) && !line.startsWith("CREATE "));
          expect(found, `a token in ${where}`).to.equal(undefined);
        }
      }
    });
  });
}

async function mountKey(world: AnyWorld): Promise<string> {
  const secret = await world.secret(OPERATOR_NAMESPACE, "starrocks-backup-mount-key");
  return must(secret["key"]);
}
