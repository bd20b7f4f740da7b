// What commands look at may be a hundred times more; their memory may not.
import { expect } from "chai";
import { runCommands } from "./commands.ts";

/** As commands.scale.test.ts beside the commands has it for five million files. */
const RSS_MIB_MAX = 256;
const MORE_MIB_MAX = 32;

describe("the agent's commands, at scale", () => {
  it("list a hundred times more snapshots in the same memory, two requests each", async () => {
    const [, few, many] = await runCommands([
      ["seal", 10],
      ["catalog", 100],
      ["catalog", 10_000],
    ]);
    expect(many?.detail).to.deep.include({ snapshots: 10_000, complete: 10_000, sealed: 10_000 });
    expect(many?.requests).to.be.at.most(10_000 * 2 + 100);
    expect((many?.rssMiB ?? Infinity) - (few?.rssMiB ?? 0)).to.be.at.most(MORE_MIB_MAX);
  });

  it(`seal, verify and remove a million files in ${RSS_MIB_MAX} MiB, a request for a thousand`, async () => {
    const reports = await runCommands([
      ["seal", 1_000_000],
      ["verify", 1_000_000],
      ["prune", 1_000_000],
    ]);
    for (const { detail, rssMiB, requests } of reports) {
      // A prune meets the two at the top again: what it removes here stays until all is listed.
      expect(detail["files"]).to.be.within(1_000_002, 1_000_004);
      expect(rssMiB).to.be.at.most(RSS_MIB_MAX);
      // Pages of a thousand to list, and to remove them batches of a thousand.
      expect(requests).to.be.at.most(2_100);
    }
  });
});
