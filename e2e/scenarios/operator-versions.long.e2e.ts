// The operator with older StarRocks: the same manifests, what each release lacks is told and not tried.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import type { ProfileName } from "../starrocks/profile.ts";
import { World, resource } from "../world.ts";

const PROFILES: readonly ProfileName[] = ["2.5", "recorded"];

for (const profile of PROFILES) {
  describe(`the operator with StarRocks ${profile}`, () => {
    let world: World;
    let digest: string;
    let items: string;

    before(async () => {
      world = await World.start({ starrocks: { profile } });
      world.startOperator();
      await world.starrocks.createDatabase({
        name: "shop",
        tables: [
          { name: "orders", partitions: ["p1", "p2"], tablets: 3, replicationNum: 1 },
          { name: "items", tablets: 2, replicationNum: 2 },
          { name: "orders_view", kind: "view", baseTables: ["orders"] },
          { name: "orders_sum", kind: "materializedView", baseTables: ["orders"] },
          { name: "elsewhere", kind: "external" },
        ],
      });
      digest = await world.starrocks.digest("shop", "orders");
      items = await world.starrocks.digest("shop", "items");
      await world.apply(world.repository());
      await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
    });

    after(async () => {
      await world.stop();
    });

    afterEach(async () => {
      expect(await world.untilNothingIsLeft(), "left behind").to.deep.equal([]);
      expect(world.starrocks.violations, "what a real StarRocks would not survive").to.deep.equal(
        [],
      );
    });

    const run = async <T extends Backup | Restore>(
      kind: T["kind"],
      name: string,
      spec: object,
    ): Promise<T> => {
      await world.apply(resource(kind, name, { repository: "prod", ...spec }));
      return await world.until<T>(kind, name, isOver);
    };
    const finished = async <T extends Backup | Restore>(
      kind: T["kind"],
      name: string,
      spec: object,
    ): Promise<T> => {
      const job = await run<T>(kind, name, spec);
      const { status } = job;
      expect(status?.phase, `${kind} ${name}: ${status?.message}`).to.equal("FINISHED");
      return job;
    };

    it("backs a whole database up, and lists what is left out of it", async () => {
      const { status } = await finished<Backup>("Backup", "whole", { database: "shop" });
      expect(status?.leftOut?.map(({ name }) => name)).to.have.members([
        "orders_view",
        "orders_sum",
        "elsewhere",
      ]);
    });

    it("brings a dropped table back, also under another name and in part", async () => {
      await world.sql("DROP TABLE `shop`.`orders` FORCE");
      const source = { backup: "whole" };
      await finished<Restore>("Restore", "back", { source, tables: [{ name: "orders" }] });
      expect(await world.starrocks.digest("shop", "orders")).to.equal(digest);
      await finished<Restore>("Restore", "as", {
        source,
        tables: [
          { name: "orders", as: "orders_old", partitions: ["p1"] },
          { name: "items", as: "items_old" },
        ],
      });
      expect(await world.starrocks.digest("shop", "orders_old")).not.to.equal(digest);
      expect(await world.starrocks.digest("shop", "items_old")).to.equal(items);
    });

    it("overwrites the table that was named", async () => {
      await world.starrocks.load("shop", "orders", [20_000]);
      await finished<Restore>("Restore", "over", {
        source: { backup: "whole" },
        tables: [{ name: "orders" }],
        existing: "Overwrite",
        overwriteTables: ["orders"],
      });
      expect(await world.starrocks.digest("shop", "orders")).to.equal(digest);
    });

    it("says that a missing database must be made first, and restores into it then", async () => {
      const spec = { source: { backup: "whole" }, database: "copy" };
      const { status } = await run<Restore>("Restore", "no-database", spec);
      // An own build does not tell that it is too old to make one: then StarRocks' own words are passed on.
      const reasons = ["DatabaseMissing", "ObjectNotFound"];
      expect(status?.phase).to.equal("FAILED");
      expect(status?.reason, status?.message).to.be.oneOf(reasons);
      expect(status?.message).to.match(/CREATE DATABASE/);
      await world.sql("CREATE DATABASE `copy`");
      await finished<Restore>("Restore", "copy", spec);
      expect(await world.starrocks.digest("copy", "orders")).to.equal(digest);
    });

    it("refuses a view by name, and says so", async () => {
      const spec = { database: "shop", tables: [{ name: "orders_view" }] };
      const { status } = await run<Backup>("Backup", "view", spec);
      expect(status).to.include({ phase: "FAILED", reason: "ObjectUnsupported" });
      expect(status?.message).to.match(/orders_view is a view/);
    });
  });
}

function isOver({ status }: Backup | Restore): boolean {
  return ["FINISHED", "FAILED", "CANCELLED"].includes(status?.phase ?? "");
}
