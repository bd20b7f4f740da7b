// Progress: it never goes back, it is not written too often, and standing still is seen.
import { expect } from "chai";
import type { JobRow } from "../../starrocks/frontend.ts";
import { agent, ago, facts, row, seen, submitted, version } from "../testing/seen.ts";
import { must } from "../../assert.ts";
import type { AgentFigures } from "../pods.ts";
import { progressOf, sizeText, type JobProgress } from "./progress.ts";

const FIGURES: AgentFigures = {
  bytes: 1024,
  bytesPerSecond: 100,
  files: 2,
  calls: 9,
  lastError: undefined,
};

function progress(
  before: JobProgress | undefined,
  figures: Partial<AgentFigures> | undefined,
  now: JobRow | undefined = row({ unfinishedTasks: 4 }),
): JobProgress {
  const agents = [agent({ figures: figures && { ...FIGURES, ...figures } })];
  const status = before === undefined ? {} : { progress: before };
  return must(progressOf(seen(submitted({ agents, status })), now));
}

const OLD = { time: ago(10_000), lastChangeTime: ago(10_000) };

describe("progressOf", () => {
  it("sees what stands still also when an operator with another clock wrote last", () => {
    const before = progress(undefined, FIGURES);
    const ahead = { ...before, time: ago(-3_600_000), lastChangeTime: ago(-3_600_000) };
    expect(progress(ahead, FIGURES)).to.include({ time: ago(0), lastChangeTime: ago(0) });
  });

  it("adds up what agents have moved", () => {
    const agents = [
      agent({ figures: FIGURES }),
      agent({ name: "b", node: "worker-1", state: "failed", pods: [], trouble: "gone" }),
    ];
    const given = seen(submitted({ agents }));
    expect(progressOf(given, row({ unfinishedTasks: 4 }))).to.deep.equal({
      state: "UPLOADING",
      bytes: 1024,
      bytesPerSecond: 100,
      files: 2,
      calls: 9,
      tablets: { done: 0, total: 4 },
      unfinishedTasks: 4,
      percent: 0,
      transferred: "1.0 KiB",
      nodes: [
        { name: "worker-0", bytes: 1024, bytesPerSecond: 100, files: 2, state: "Serving" },
        {
          name: "worker-1",
          bytes: 0,
          bytesPerSecond: 0,
          files: 0,
          state: "Failed",
          message: "gone",
        },
      ],
      time: ago(0),
      lastChangeTime: ago(0),
    });
  });

  it("never goes back: a pod that is gone took its log along", () => {
    const before = { ...progress(undefined, {}), ...OLD };
    const after = progress(before, undefined, row({ unfinishedTasks: 1 }));
    expect(after).to.deep.include({ bytes: 1024, files: 2, calls: 9 });
    expect(after.tablets).to.deep.equal({ done: 3, total: 4 });
    const later = progress({ ...after, ...OLD }, { bytes: 1 }, row({ unfinishedTasks: 4 }));
    expect(later.tablets).to.deep.equal({ done: 3, total: 4 });
    expect(later.bytes).to.equal(1024);
    expect(later.percent).to.equal(74);
  });

  it("counts all tasks as done once StarRocks has gone on", () => {
    const before = { ...progress(undefined, {}), ...OLD };
    for (const state of ["SAVE_META", "UPLOAD_INFO", "COMMITTING", "FINISHED"]) {
      const { tablets } = progress(before, {}, row({ state }));
      expect(tablets, state).to.deep.equal({ done: 4, total: 4 });
    }
  });

  it("moves with each snapshot that is made, and knows from them how many tablets there are", () => {
    const snapshots = (unfinishedTasks: number) => row({ state: "SNAPSHOTING", unfinishedTasks });
    const before = { ...progress(undefined, {}, snapshots(9)), ...OLD };
    expect(before.tablets).to.deep.equal({ done: 0, total: 9 });
    const after = progress(before, {}, snapshots(8));
    expect(after).to.deep.include({ lastChangeTime: ago(0), unfinishedTasks: 8, percent: 0 });
    const still = progress({ ...after, ...OLD }, {}, snapshots(8));
    expect(still.lastChangeTime).to.equal(OLD.lastChangeTime);
    const late = progress({ ...after, ...OLD }, {}, row({ unfinishedTasks: 3 }));
    expect(late.tablets).to.deep.equal({ done: 6, total: 9 });
  });

  it("does not count snapshots as transfers before 3.1, where a task is many tablets", () => {
    const frontend = { facts: facts({ version: version(2, 5, 0) }) };
    const given = seen(submitted({ frontend }));
    const { tablets } = must(progressOf(given, row({ state: "SNAPSHOTING", unfinishedTasks: 9 })));
    expect(tablets).to.deep.equal({ done: 0, total: 0 });
  });

  it("is written once in 5 seconds", () => {
    const before = { ...progress(undefined, {}), time: ago(4_000), lastChangeTime: ago(4_000) };
    expect(progress(before, { bytes: 4096 })).to.equal(before);
    const due = { ...before, time: ago(5_000) };
    expect(progress(due, { bytes: 4096 }).bytes).to.equal(4096);
  });

  it("is written at once when StarRocks' state changes", () => {
    const before = { ...progress(undefined, {}), time: ago(1_000) };
    expect(progress(before, {}, row({ state: "SAVE_META" })).state).to.equal("SAVE_META");
  });

  it("keeps the time of the last change while nothing moves", () => {
    const before = { ...progress(undefined, {}), ...OLD };
    const after = progress(before, { bytesPerSecond: 7 });
    const nodes = must(before.nodes).map((node) => ({ ...node, bytesPerSecond: 0 }));
    expect(after).to.deep.equal({ ...before, bytesPerSecond: 0, nodes });
  });

  it("takes no call for a move: BEs repeat refused ones for ever", () => {
    const before = { ...progress(undefined, {}), ...OLD };
    expect(progress(before, { calls: 10 }).lastChangeTime).to.equal(before.lastChangeTime);
  });
});

describe("sizeText", () => {
  const CASES: readonly (readonly [number, string])[] = [
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [10 * 1024, "10 KiB"],
    [1.25 * 1024 ** 3, "1.3 GiB"],
    [5000 * 1024 ** 5, "5000 PiB"],
  ];
  for (const [bytes, text] of CASES) {
    it(`writes ${bytes} as ${text}`, () => expect(sizeText(bytes)).to.equal(text));
  }
});
