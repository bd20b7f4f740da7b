import { expect } from "chai";
import { findServer, installHint } from "../servers/installed.ts";
import { startVersitygw } from "../servers/versitygw.ts";
import { DataPath, secretsOf, type DataPathOptions } from "./data-path.ts";

const MIB = 1024 * 1024;

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

interface Way {
  readonly name: string;
  readonly options: DataPathOptions;
  /** Why this cannot run here. */
  readonly missing?: string;
}

const WAYS: readonly Way[] = [
  { name: "StarRocks 2.5", options: { starrocks: { profile: "2.5" } } },
  { name: "StarRocks 3.5", options: { starrocks: { profile: "3.5" } } },
  {
    name: "versitygw, which checks signatures and checksums",
    options: { server: () => startVersitygw() },
    ...(findServer("versitygw") === undefined ? { missing: installHint("versitygw") } : {}),
  },
];

for (const { name, options, missing } of WAYS) {
  const title = missing === undefined ? name : `${name} (SKIPPED, it is not installed: ${missing})`;
  (missing === undefined ? describe : describe.skip)(`backup and restore, ${title}`, () => {
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
  });
}

describe("two agents behind the FE", () => {
  let path: DataPath;

  before(async () => {
    path = await DataPath.start({ agentHosts: ["127.0.0.31", "127.0.0.32"] });
    await path.starrocks.createDatabase({
      name: "shop",
      tables: [
        { name: "t", partitions: ["p1", "p2"], tablets: 3, segmentBytes: [9 * MIB, 100_000] },
      ],
    });
  });

  after(async () => {
    await path.stop();
  });

  it("finish backups whose writes and renames land on different ones", async () => {
    const before = await path.starrocks.digest("shop", "t");
    for (const label of ["a", "b", "c", "d"]) {
      const timestamp = await path.backUp("shop", label, ["t"]);
      await path.restoreAll("shop", label, `t AS t_${label}`, timestamp);
      expect(await path.starrocks.digest("shop", `t_${label}`)).to.equal(before);
    }
    expect(await path.litter()).to.deep.equal([]);
    expect(path.starrocks.violations).to.deep.equal([]);
  });

  it("and they did land on different ones", async () => {
    const moved = await Promise.all(
      path.agents.map(async (agent) => {
        const { detail } = (await agent.termination()) as {
          detail: { calls: Record<string, number> };
        };
        return (detail.calls["openWriter"] ?? 0) - (detail.calls["renamePath"] ?? 0);
      }),
    );
    // A BE opens and renames at one agent; only the FE's __meta and __info can unbalance the count.
    expect(moved.some((difference) => difference !== 0)).to.equal(true);
  });
});
