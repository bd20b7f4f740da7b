// The whole operator on storages other than S3: a Repository becomes ready, a Backup finishes and is restored
// under another name, equal; and with deletionPolicy Delete nothing of it is left. No secret shows anywhere.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { GcsStorageServer } from "../servers/gcs-storage.ts";
import { HdfsStorageServer } from "../servers/hdfs-storage.ts";
import { describeWith } from "../servers/installed.ts";
import { NAMESPACE, World, resource } from "../world.ts";
import { isOver } from "./is-over.ts";

const MIB = 1024 * 1024;

for (const { name, needs, storage } of [
  { name: "GCS", needs: "fake-gcs-server", storage: () => GcsStorageServer.start() },
  { name: "HDFS", needs: "hadoop", storage: () => HdfsStorageServer.start() },
] as const) {
  describeWith(needs, `the operator on ${name}`, () => {
    let world: World;

    before(async () => {
      world = await World.start({ storage });
      world.startOperator();
      await world.apply(world.repository());
      await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
    });

    after(async () => {
      await world?.stop();
    });

    it("backs up, restores equal, and deletes to the last file", async () => {
      await world.starrocks.createDatabase({
        name: "shop",
        tables: [{ name: "orders", partitions: ["p1"], segmentBytes: [17 * MIB + 5, 100_000] }],
      });
      const spec = { repository: "prod", database: "shop", deletionPolicy: "Delete" };
      await world.apply(resource("Backup", "b", spec));
      const backup = await world.until<Backup>("Backup", "b", isOver);
      expect(backup.status, JSON.stringify(backup.status)).to.include({ phase: "FINISHED" });
      const tables = [{ name: "orders", as: "orders_copy" }];
      const source = { backup: "b" };
      await world.apply(resource("Restore", "r", { repository: "prod", source, tables }));
      const restore = await world.until<Restore>("Restore", "r", isOver);
      expect(restore.status, JSON.stringify(restore.status)).to.include({ phase: "FINISHED" });
      const [there, back] = await Promise.all(
        ["orders", "orders_copy"].map((table) => world.starrocks.digest("shop", table)),
      );
      expect(back).to.equal(there);

      await world.delete("Backup", "b");
      await world.untilGone("Backup", "b");
      expect((await world.keys()).filter((key) => !key.endsWith("/__repo_info"))).to.deep.equal([]);
      expect(await world.untilNothingIsLeft(), "left behind").to.deep.equal([]);
      expect(world.starrocks.violations).to.deep.equal([]);
    });

    it("tells no secret of the storage in any log, status or event", async function () {
      // A cluster without Kerberos wants none.
      if (!world.hasStorageSecret) this.skip();
      const shown = (await world.objects(NAMESPACE)).map((object) => JSON.stringify(object));
      const lines = [...world.operatorLines, ...(await world.podLogs()), ...shown];
      expect(lines.length).to.be.greaterThan(20);
      for (const text of Object.values(world.storage.credentials)) {
        const { private_key: key = text } = JSON.parse(text) as { readonly private_key?: string };
        const secret = key.split("\n")[1] ?? key;
        expect(lines.some((line) => line.includes(secret))).to.equal(false);
      }
    });
  });
}
