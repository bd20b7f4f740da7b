// The data path with every release of StarRocks, a little data each: there and back, an agent killed on the way,
// and what only this release does to a broker.
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { DataPath } from "./data-path.ts";
import { RELEASE_SEED, releasesOfRun } from "./releases.ts";

const KIB = 1024;
const TABLES = [
  { name: "orders", partitions: ["p1", "p2"], tablets: 3, segmentBytes: [300 * KIB, 1, 0] },
  { name: "items", tablets: 2, segmentBytes: [5_000 * KIB] },
];

for (const release of releasesOfRun()) {
  describe(`the data path with StarRocks ${release} (RELEASE_SEED=${RELEASE_SEED})`, () => {
    let path: DataPath;
    let timestamp = "";
    let originals: readonly string[] = [];

    before(async () => {
      path = await DataPath.start({ starrocks: { profile: release, speed: 60, backends: 2 } });
      await path.starrocks.createDatabase({ name: "shop", tables: TABLES });
      originals = await digests(["orders", "items"]);
      timestamp = await path.backUp("shop", "full", ["orders", "items"]);
    });

    after(async () => {
      await path.stop();
    });

    afterEach(async () => {
      expect(path.starrocks.violations).to.deep.equal([]);
      expect(await path.litter()).to.deep.equal([]);
    });

    const digests = async (tables: readonly string[]) =>
      await Promise.all(tables.map((t) => path.starrocks.digest("shop", t)));

    it("brings back what was dropped, and as another table", async () => {
      await path.sql("DROP TABLE shop.orders");
      await path.restoreAll("shop", "full", "orders, items AS items_copy", timestamp);
      expect(await digests(["orders", "items_copy"])).to.deep.equal(originals);
    });

    it("overwrites a table in place", async () => {
      await path.starrocks.load("shop", "orders", [1_000]);
      await path.restoreAll("shop", "full", "orders", timestamp);
      expect(await digests(["orders", "items"])).to.deep.equal(originals);
    });

    it("finishes a backup and a restore whose agent is killed once", async () => {
      path.s3.harmAtRandom({ seed: 1, rate: 1, harms: [{ do: "wait", beforeMs: 20, afterMs: 5 }] });
      await path.mount("backup", "killed");
      await path.backup("shop", "killed", ["orders", "items"]);
      await killOnce("BACKUP", "UPLOADING");
      const again = await path.timestampOf("killed");
      await path.unmount();
      expect((await path.seal("killed")).code).to.equal(0);

      await path.mount("restore", "killed");
      await path.restore("shop", "killed", "orders AS o2, items AS i2", again);
      await killOnce("RESTORE", "DOWNLOADING");
      await path.unmount();
      path.s3.harmAtRandom({ seed: 1, rate: 0, harms: [] });
      expect(await digests(["o2", "i2"])).to.deep.equal(originals);
    });

    async function killOnce(kind: "BACKUP" | "RESTORE", state: string): Promise<void> {
      let killed = false;
      const end = await path.untilEnded(kind, "shop", async (row) => {
        if (killed || row["State"] !== state) return;
        killed = true;
        const from = path.s3.requests.length;
        for (let i = 0; i < 100 && path.s3.requests.length < from + 3; i += 1) await sleep(10);
        await path.killAgent();
        await path.startAgent();
      });
      expect(killed, `${kind} was seen in ${state}`).to.equal(true);
      expect(end.state, JSON.stringify(end)).to.equal("FINISHED");
    }

    it("does not let StarRocks drop a snapshot, by whatever statement it has for that", async () => {
      await path.mount("restore", "full");
      const drop = path.sql("DROP SNAPSHOT `full` ON k8s_1a2b3c4d_0 FORCE");
      const text = String(await drop.catch((e: unknown) => e));
      expect(text).to.match(release === "4.2" ? /failed to delete remote path/ : /syntax error/);
      await path.unmount();
    });

    it("verifies what it has stored, and prunes it to the last object", async () => {
      for (const label of ["full", "killed"]) {
        const { code, termination } = await path.verify(label, "checksums");
        expect(code, JSON.stringify(termination)).to.equal(0);
        const pruned = await path.prune(label);
        expect(pruned.code, JSON.stringify(pruned.termination)).to.equal(0);
      }
      expect(await path.keys()).to.deep.equal([]);
    });
  });
}
