// A store that fails one request in five, in every way that the fault proxy knows, under a whole backup
// and restore. Everything ends well, and no upload stays open.
import { expect } from "chai";
import type { Harm } from "../servers/fault-script.ts";
import { DataPath } from "./data-path.ts";

const MIB = 1024 * 1024;

const HARMS: readonly Harm[] = [
  { do: "refuse", status: 500, code: "InternalError" },
  { do: "refuse", status: 503, code: "SlowDown" },
  { do: "refuse", status: 429, code: "TooManyRequests" },
  { do: "page", status: 502 },
  { do: "loseAnswer", how: "error" },
  { do: "loseAnswer", how: "reset" },
  { do: "resetUp", afterBytes: 1000 },
  { do: "cutDown", how: "reset", afterBytes: 50_000 },
  { do: "cutDown", how: "end", afterBytes: 50_000 },
];

describe("a store that fails one request in five", () => {
  let path: DataPath;

  before(async () => {
    path = await DataPath.start({ limits: { partMiB: 5, memoryMiB: 64 } });
    await path.starrocks.createDatabase({
      name: "shop",
      tables: [
        { name: "t", partitions: ["p1", "p2"], tablets: 3, segmentBytes: [11 * MIB, 700_000, 1] },
      ],
    });
  });

  after(async () => {
    await path.stop();
  });

  it("still takes a backup, seals it and gives it back equal", async () => {
    const before = await path.starrocks.digest("shop", "t");
    path.s3.harmAtRandom({ seed: 3, rate: 1 / 5, harms: HARMS });
    const timestamp = await path.backUp("shop", "f", ["t"]);
    await path.restoreAll("shop", "f", "t AS copy", timestamp);
    expect(path.s3.harmed).to.be.greaterThan(10);
    expect(await path.starrocks.digest("shop", "copy")).to.equal(before);
    expect(await path.litter()).to.deep.equal([]);
    expect(path.starrocks.violations).to.deep.equal([]);
  });

  it("tells the person when a right is taken away, and goes on when it is given back", async () => {
    path.s3.heal();
    await path.mount("backup", "g");
    path.s3.inject({
      operation: "PutObject",
      times: Infinity,
      harm: { do: "refuse", status: 403, code: "AccessDenied" },
    });
    await path.backup("shop", "g", ["t"]);
    let told = "";
    const end = await path.untilEnded("BACKUP", "shop", (row) => {
      if (told !== "" || !(row["TaskErrMsg"] ?? "").includes("AccessDenied")) return;
      told = row["TaskErrMsg"] ?? "";
      path.s3.heal();
    });
    expect(end.state).to.equal("FINISHED");
    expect(told).to.contain("s3:PutObject");
    await path.unmount();
    expect((await path.seal("g")).code).to.equal(0);
    expect(await path.litter()).to.deep.equal([]);
  });
});
