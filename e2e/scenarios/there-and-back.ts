// The whole of a backup and its restore on the data path, on any S3 server: some hundred megabytes there and back,
// what they cost, and that nothing is left.
import { expect } from "chai";
import { DataPath, secretsOf, type DataPathOptions } from "./data-path.ts";

export const MIB = 1024 * 1024;

const SHOP = {
  name: "shop",
  tables: [
    {
      name: "orders",
      partitions: ["p202601", "p202602", "p202603"],
      tablets: 2,
      segmentBytes: [20 * MIB, 9 * MIB, 100_000],
    },
    { name: "items", partitions: ["p1", "p2"], tablets: 2, segmentBytes: [6 * MIB, 0, 1] },
    { name: "tiny", tablets: 1, segmentBytes: [700] },
  ],
} as const;

/** The tests of one `describe`. */
export function thereAndBack(options: DataPathOptions): void {
  let path: DataPath;

  before(async () => {
    path = await DataPath.start(options);
    await path.starrocks.createDatabase(SHOP);
  });

  after(async () => {
    await path.stop();
  });

  it("carries hundreds of megabytes there and back, equal, and leaves nothing but the snapshot", async () => {
    const tables = SHOP.tables.map((t) => t.name);
    const before = await Promise.all(tables.map((t) => path.starrocks.digest("shop", t)));
    const timestamp = await path.backUp("shop", "full", tables);
    expect(await path.litter()).to.deep.equal([]);

    for (const table of tables) await path.sql(`DROP TABLE shop.${table}`);
    await path.restoreAll("shop", "full", tables.join(", "), timestamp);
    const after = await Promise.all(tables.map((t) => path.starrocks.digest("shop", t)));
    expect(after).to.deep.equal(before);

    await path.restoreAll("shop", "full", "items AS items_copy", timestamp);
    expect(await path.starrocks.digest("shop", "items_copy")).to.equal(before[1]);

    expect(path.starrocks.violations).to.deep.equal([]);
    expect(await path.litter()).to.deep.equal([]);
    for (const secret of secretsOf(path)) expect(path.output()).to.not.contain(secret);
  });

  it("puts each small file with one request", () => {
    const small = path.s3.requests.filter((r) => r.key.includes("/__ss_content/"));
    const puts = small.filter((r) => r.operation === "PutObject");
    const names = new Set(puts.map((r) => r.key));
    expect(names.size).to.be.greaterThan(10);
    expect(puts.length).to.equal(names.size);
  });

  it("verifies what it has stored, and prunes it to the last object", async () => {
    for (const mode of ["list", "checksums"] as const) {
      const { code, termination } = await path.verify("full", mode);
      expect(code, JSON.stringify(termination)).to.equal(0);
    }
    const pruned = await path.prune("full");
    expect(pruned.code, JSON.stringify(pruned.termination)).to.equal(0);
    expect(await path.keys()).to.deep.equal([]);
  });
}
