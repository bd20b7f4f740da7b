// StarRocks itself fails in the middle of a backup or a restore: a BE cannot read its disk, a BE or the
// FE dies and comes back. With the reference broker each of these can leave a `.part` that blocks the job
// for ever (starrocks.md 11, rule 4); with our agent the job ends by itself, and restores equal.
import { expect } from "chai";
import { DataPath } from "./data-path.ts";

const MIB = 1024 * 1024;
const LARGE = { match: /_0\.dat$/, atByte: 6 * MIB, times: 1 };
const SMALL = { match: /_1\.dat$/, atByte: 0, times: 1 };

interface Accident {
  readonly name: string;
  /** Before the statement. */
  readonly prepare?: (path: DataPath) => void;
  /** Once, as soon as the job uploads or downloads. */
  readonly strike?: (path: DataPath) => Promise<void> | void;
}

const ACCIDENTS: readonly Accident[] = [
  {
    name: "a BE cannot read a large file to its end",
    prepare: (path) => void (path.starrocks.backendFaults(0).localRead = { ...LARGE }),
  },
  {
    name: "a BE cannot read a small file",
    prepare: (path) => void (path.starrocks.backendFaults(1).localRead = { ...SMALL }),
  },
  {
    name: "a BE is killed and comes back",
    strike: (path) => {
      path.starrocks.killBackend(0);
      path.starrocks.startBackend(0);
    },
  },
  {
    name: "the FE is killed and comes back",
    strike: async (path) => {
      await path.starrocks.killFrontend();
      await path.starrocks.startFrontend();
    },
  },
  { name: "all connections break", strike: (path) => path.starrocks.breakConnections() },
];

describe("StarRocks failing in the middle of a job", () => {
  let path: DataPath;
  let digest = "";

  before(async () => {
    path = await DataPath.start({ limits: { partMiB: 5, memoryMiB: 64 } });
    await path.starrocks.createDatabase({
      name: "shop",
      tables: [
        { name: "t", partitions: ["p1", "p2"], tablets: 3, segmentBytes: [12 * MIB, 200_000] },
      ],
    });
    digest = await path.starrocks.digest("shop", "t");
  });

  afterEach(async () => {
    await path.clear("shop");
  });

  after(async () => {
    await path.stop();
  });

  for (const [i, { name, prepare, strike }] of ACCIDENTS.entries()) {
    it(`${name}: the backup ends by itself and restores equal`, async () => {
      const label = `a${i}`;
      let struck = strike === undefined;
      const strikeOnce = (during: string) => async (row: Record<string, string | null>) => {
        if (struck || row["State"] !== during) return;
        struck = true;
        await strike?.(path);
      };
      await path.mount("backup", label);
      prepare?.(path);
      await path.backup("shop", label, ["t"]);
      const backup = await path.untilEnded("BACKUP", "shop", strikeOnce("UPLOADING"));
      expect(backup.state, JSON.stringify(backup)).to.equal("FINISHED");
      expect(struck).to.equal(true);
      const timestamp = await path.timestampOf(label);
      await path.unmount();
      expect((await path.seal(label)).code).to.equal(0);
      expect(await path.litter()).to.deep.equal([]);

      struck = strike === undefined;
      await path.mount("restore", label);
      await path.restore("shop", label, "t AS copy", timestamp);
      const restore = await path.untilEnded("RESTORE", "shop", strikeOnce("DOWNLOADING"));
      expect(restore.state, JSON.stringify(restore)).to.equal("FINISHED");
      await path.unmount();
      expect(await path.starrocks.digest("shop", "copy")).to.equal(digest);
      await path.sql("DROP TABLE shop.copy");
      expect(path.starrocks.violations).to.deep.equal([]);
    });
  }
});
