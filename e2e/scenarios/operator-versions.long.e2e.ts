// The operator with every release of StarRocks: the same manifests, what each release lacks is told and not tried.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import type { ProfileName } from "../starrocks/profile.ts";
import { noFaults } from "../starrocks/backend.ts";
import { profileOf } from "../starrocks/profiles.ts";
import { must } from "../../operator/assert.ts";
import { World, resource } from "../world.ts";
import { RELEASE_SEED, releasesOfRun } from "./releases.ts";
import { isOver } from "./is-over.ts";

const KIB = 1024;
const SOME_VIEWS = ["orders_view", "orders_sum", "elsewhere"];
/** What a Backup of the whole database leaves out; the build that does not tell its version is asked for tables. */
const LEFT_OUT: Readonly<Record<ProfileName, readonly string[]>> = {
  "2.5": SOME_VIEWS,
  "3.1": SOME_VIEWS,
  recorded: SOME_VIEWS,
  "3.3.0": SOME_VIEWS,
  "3.3.2": SOME_VIEWS,
  "3.4": ["elsewhere"],
  "3.5": ["orders_sum", "elsewhere"],
  "4.1": ["orders_sum", "elsewhere"],
  "4.2": ["orders_sum", "elsewhere"],
};

for (const release of [...releasesOfRun(), "recorded"] as const) {
  describe(`the operator with StarRocks ${release} (RELEASE_SEED=${RELEASE_SEED})`, () => {
    const { restoreCreatesDatabase } = profileOf(release).frontend;
    let world: World;
    let orders: string;
    let items: string;

    before(async () => {
      world = await World.start({ starrocks: { profile: release } });
      world.startOperator();
      const tables = [
        { name: "orders", partitions: ["p1", "p2"], tablets: 3, replicationNum: 1 },
        { name: "items", tablets: 2, replicationNum: 2 },
      ];
      const others = [
        { name: "orders_view", kind: "view", baseTables: ["orders"] },
        { name: "orders_sum", kind: "materializedView", baseTables: ["orders"] },
        { name: "elsewhere", kind: "external" },
      ] as const;
      await world.starrocks.createDatabase({ name: "shop", tables: [...tables, ...others] });
      const slow = { name: "orders", tablets: 8, segmentBytes: [1_000 * KIB] };
      await world.starrocks.createDatabase({ name: "store", tables: [slow, must(tables[1])] });
      world.starrocks.pretendCatalogBackup("somebodys");
      orders = await world.starrocks.digest("shop", "orders");
      items = await world.starrocks.digest("shop", "items");
      await world.apply(world.repository({ concurrency: 2 }));
      await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
    });

    it("is used, with a warning where it does not tell its version", async () => {
      const { status } = must(await world.get<Repository>("Repository", "prod"));
      const told = status?.conditions?.find((c) => c.type === "StarRocksReady");
      expect(told?.reason).to.equal(release === "recorded" ? "VersionUnknown" : "Answers");
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

    const make = async (kind: "Backup" | "Restore", name: string, spec: object): Promise<void> => {
      await world.apply(resource(kind, name, { repository: "prod", ...spec }));
    };
    const over = async <T extends Backup | Restore>(kind: T["kind"], name: string): Promise<T> =>
      await world.until<T>(kind, name, isOver);
    const finished = async <T extends Backup | Restore>(
      kind: T["kind"],
      name: string,
    ): Promise<T> => {
      const job = await over<T>(kind, name);
      expect(job.status?.phase, `${kind} ${name}: ${job.status?.message}`).to.equal("FINISHED");
      return job;
    };

    it("backs a whole database up and lists what is left out, and tables and partitions of another", async () => {
      await make("Backup", "whole", { database: "shop" });
      await make("Backup", "part", {
        database: "store",
        tables: [{ name: "orders" }, { name: "items", partitions: ["items"] }],
      });
      const { status } = await finished<Backup>("Backup", "whole");
      const leftOut = status?.leftOut?.map(({ name }) => name);
      expect(leftOut).to.have.members([...LEFT_OUT[release]]);
      await finished<Backup>("Backup", "part");
    });

    it("restores under other names and in part, and into a database that StarRocks or a person makes", async () => {
      await world.sql("DROP TABLE `shop`.`orders` FORCE");
      const source = { backup: "whole" };
      await make("Restore", "as", {
        source,
        tables: [{ name: "orders" }, { name: "items", as: "items_old", partitions: ["items"] }],
      });
      await make("Restore", "copy", { source, database: "copy" });
      await finished<Restore>("Restore", "as");
      expect(await world.starrocks.digest("shop", "orders")).to.equal(orders);
      expect(await world.starrocks.digest("shop", "items_old")).to.equal(items);
      const { status } = await over<Restore>("Restore", "copy");
      if (!restoreCreatesDatabase) {
        // An own build does not tell that it is too old to make one: then StarRocks' own words are passed on.
        expect(status?.phase).to.equal("FAILED");
        expect(status?.reason, status?.message).to.be.oneOf(["DatabaseMissing", "ObjectNotFound"]);
        expect(status?.message).to.match(/CREATE DATABASE/);
        await world.sql("CREATE DATABASE `copy`");
        await make("Restore", "copy-again", { source, database: "copy" });
        await finished<Restore>("Restore", "copy-again");
      } else {
        expect(status?.phase, status?.message).to.equal("FINISHED");
      }
      expect(await world.starrocks.digest("copy", "orders")).to.equal(orders);
      expect(await world.starrocks.digest("copy", "items")).to.equal(items);
    });

    it("overwrites the table that was named, and cancels a Backup meanwhile", async () => {
      const goOn = stallUploads(world);
      await make("Backup", "cancelled", { database: "store" });
      await world.starrocks.load("shop", "orders", [20_000]);
      await make("Restore", "over", {
        source: { backup: "whole" },
        tables: [{ name: "orders" }],
        existing: "Overwrite",
        overwriteTables: ["orders"],
      });
      try {
        await world.until<Backup>(
          "Backup",
          "cancelled",
          (b) => b.status?.phase === "UPLOADING" || isOver(b),
        );
        await world.patch("Backup", "cancelled", { spec: { cancel: true } });
        expect((await over<Backup>("Backup", "cancelled")).status?.phase).to.equal("CANCELLED");
      } finally {
        goOn();
      }
      await finished<Restore>("Restore", "over");
      expect(await world.starrocks.digest("shop", "orders")).to.equal(orders);
    });

    it("refuses a view by name, and says so", async () => {
      await make("Backup", "view", { database: "shop", tables: [{ name: "orders_view" }] });
      const { status } = await over<Backup>("Backup", "view");
      expect(status).to.include({ phase: "FAILED", reason: "ObjectUnsupported" });
      expect(status?.message).to.match(/orders_view is a view/);
    });
  });
}

/** BEs cannot read their disks until it is called off: a job that is cancelled meanwhile has not ended before. */
function stallUploads({ starrocks }: World): () => void {
  const faults = starrocks.backendHosts.map((_, i) => starrocks.backendFaults(i));
  for (const fault of faults) fault.localRead = { match: /\.dat$/, atByte: 0, times: 1_000_000 };
  return () => {
    for (const fault of faults) Object.assign(fault, noFaults());
  };
}
