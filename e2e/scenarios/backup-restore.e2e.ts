import { expect } from "chai";
import { DataPath } from "./data-path.ts";
import { MIB, thereAndBack } from "./there-and-back.ts";

for (const profile of ["2.5", "3.5"] as const) {
  describe(`backup and restore, StarRocks ${profile}`, () => {
    thereAndBack({ starrocks: { profile } });
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
