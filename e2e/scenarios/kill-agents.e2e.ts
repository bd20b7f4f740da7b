// Agents that die by SIGKILL at seeded moments, in backups and in restores, and are replaced at the same
// address. A moment is a number of requests at the store, so that every step of the data path is hit:
// between a put and its answer, with parts on their way, between a close and its rename, in UPLOAD_INFO.
// The store is made far away, so that there is much between: a request waits before it takes effect (and
// never does when its agent is gone by then), and its answer waits as well.
//
// KILL_SEEDS says how many runs (everyday: 5, CI: 100), KILL_SEED the one to repeat.
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { seededRandom } from "../servers/fault-script.ts";
import { DataPath, type JobEnd } from "./data-path.ts";

const MIB = 1024 * 1024;
const RUNS = Number(process.env["KILL_SEEDS"] ?? 5);
const ONLY = process.env["KILL_SEED"];
const SEEDS = ONLY === undefined ? Array.from({ length: RUNS }, (_, i) => i + 1) : [Number(ONLY)];

describe(`agents killed at random moments, ${SEEDS.length} seeds`, () => {
  let path: DataPath;
  let digest = "";
  let finished = 0;
  let kills = 0;

  before(async () => {
    path = await DataPath.start({
      starrocks: { speed: 60, backends: 2, backendWorkers: 2 },
      limits: { partMiB: 5, memoryMiB: 64 },
    });
    await path.starrocks.createDatabase({
      name: "shop",
      tables: [
        { name: "t", partitions: ["p1", "p2"], tablets: 2, segmentBytes: [6 * MIB, 300_000, 10] },
      ],
    });
    digest = await path.starrocks.digest("shop", "t");
    const far = [20, 80, 200].map((ms) => ({ do: "wait", beforeMs: ms, afterMs: ms / 4 }) as const);
    path.s3.harmAtRandom({ seed: 1, rate: 0.5, harms: far });
  });

  after(async () => {
    await path.stop();
  });

  afterEach(async () => {
    await path.clear("shop");
  });

  for (const seed of SEEDS) {
    it(`seed ${seed}: what is FINISHED restores equal, nothing is left behind`, async () => {
      const random = seededRandom(seed);
      const label = `s${seed}`;
      const backup = await backUpWithKills(path, label, random);
      kills += backup.kills;
      if (backup.end.state === "FINISHED") {
        finished += 1;
        const timestamp = await path.timestampOf(label);
        await path.unmount();
        const sealed = await path.seal(label);
        expect(sealed.code, JSON.stringify(sealed.termination)).to.equal(0);
        expect(await path.litter()).to.deep.equal([]);
        kills += await restoreWithKills(path, label, timestamp, random);
        expect(await path.starrocks.digest("shop", "copy")).to.equal(digest);
        await path.sql("DROP TABLE shop.copy");
      } else {
        await path.unmount();
      }
      const pruned = await path.prune(label);
      expect(pruned.code, JSON.stringify(pruned.termination)).to.equal(0);
      expect(await path.keys()).to.deep.equal([]);
      expect(path.s3.openUploads()).to.deep.equal([]);
      expect(path.starrocks.violations).to.deep.equal([]);
    });
  }

  it("finished nearly all of them, though agents were killed in each", () => {
    expect(finished).to.be.at.least(Math.ceil(SEEDS.length * 0.7));
    expect(kills).to.be.at.least(SEEDS.length);
  });
});

/**
 * Kills the agent, one to three times, a little after the store has seen as many more requests as the seed
 * says. Runs beside the job until it is stopped.
 */
function startKiller(path: DataPath, random: () => number) {
  const stopped = new AbortController();
  const run = async (): Promise<number> => {
    const most = 1 + Math.floor(random() * 3);
    for (let killed = 0; ; killed += 1) {
      const at = path.s3.requests.length + Math.floor(random() * 40);
      const afterMs = random() * 150;
      if (killed === most) return killed;
      while (path.s3.requests.length < at && !stopped.signal.aborted) await sleep(2);
      await sleep(afterMs);
      if (stopped.signal.aborted) return killed;
      await path.killAgent();
      await path.startAgent();
    }
  };
  const running = run();
  return {
    /** Resolves with the number of kills, when the last replacement serves. May be called again. */
    stop: async (): Promise<number> => {
      stopped.abort();
      return await running;
    },
  };
}

/** Does `job` while agents are killed; the killer is always stopped, whatever the job does. */
async function amidKills(
  path: DataPath,
  random: () => number,
  job: () => Promise<JobEnd>,
): Promise<{ readonly kills: number; readonly end: JobEnd }> {
  const killer = startKiller(path, random);
  try {
    const end = await job();
    return { kills: await killer.stop(), end };
  } finally {
    await killer.stop();
  }
}

async function backUpWithKills(path: DataPath, label: string, random: () => number) {
  await path.mount("backup", label);
  return await amidKills(path, random, async () => {
    await path.backup("shop", label, ["t"]);
    return await path.untilEnded("BACKUP", "shop");
  });
}

/**
 * A restore that StarRocks cancels (the agent was away when it looked for a broker) is asked for again, the
 * third time in peace.
 */
async function restoreWithKills(
  path: DataPath,
  label: string,
  timestamp: string,
  random: () => number,
): Promise<number> {
  const job = async (): Promise<JobEnd> => {
    await path.restore("shop", label, "t AS copy", timestamp);
    return await path.untilEnded("RESTORE", "shop");
  };
  let kills = 0;
  for (const inPeace of [false, false, true]) {
    await path.mount("restore", label);
    const round = inPeace ? { kills: 0, end: await job() } : await amidKills(path, random, job);
    await path.unmount();
    kills += round.kills;
    if (round.end.state === "FINISHED") return kills;
  }
  throw new Error("the restore was cancelled three times");
}
