// The stand-in against recordings of a real FE: the same statements, a broker that records, and the two
// lists of calls compared. What is made equal first is said at the top of testing/sequences.ts.
import { expect } from "chai";
import { mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TableSpec } from "./data-builder.ts";
import type { Call } from "./testing/reference-broker.ts";
import { Scenario, type Row } from "./testing/scenario.ts";
import {
  frontendCalls,
  loadCalls,
  loadStates,
  recordsOf,
  sortedRuns,
  tabletRuns,
  type Rec,
  type StateRow,
  type TabletRun,
} from "./testing/sequences.ts";

/** The tables of the recordings: three tablets with a later load, three without. */
const TABLES: readonly TableSpec[] = [
  { name: "t1", tablets: 3, segmentBytes: [1_750_000, 1_750_000] },
  { name: "t2", tablets: 3, segmentBytes: [1_750_000, 1_750_000] },
];
const LATER_SEGMENTS = [1_000_000];

describe("the stand-in beside recordings of a real FE", () => {
  let scenario: Scenario;

  beforeEach(async () => {
    scenario = await Scenario.start();
    await scenario.starrocks.createDatabase({ name: "db1", tables: TABLES });
    await scenario.starrocks.load("db1", "t1", LATER_SEGMENTS);
  });

  afterEach(async () => scenario.end());

  /** The recordings' broker knew its repository; ours must find the same file. */
  async function repositoryFolder(name: string): Promise<string> {
    const folder = join(scenario.storage, "mount", `__starrocks_repository_${name}`);
    await mkdir(folder, { recursive: true });
    const info = { name, create_time: "2026-11-21 00:00:00" };
    await writeFile(join(folder, "__repo_info"), JSON.stringify(info));
    return folder;
  }

  it("creates a repository and backs up with the same calls", async () => {
    await repositoryFolder("k8s_j1");
    const broker = await scenario.broker("127.0.0.31");
    await scenario.mount("k8s_j1", broker.address);
    await scenario.backup("db1", "s1", "k8s_j1");

    const recorded = recordsOf(broker.calls.filter((call) => call !== lastAsked(broker.calls)));
    const real = loadCalls("create-repository-and-backup");
    expect([frontendCalls(real).length, tabletRuns(real).length]).to.deep.equal([18, 6]);
    expect(frontendCalls(recorded)).to.deep.equal(frontendCalls(real));
    expect(sortedRuns(tabletRuns(recorded))).to.deep.equal(sortedRuns(tabletRuns(real)));
  });

  it("pings as a bare host from the FE and as host and port from each BE", async () => {
    await repositoryFolder("k8s_j1");
    const broker = await scenario.broker("127.0.0.31");
    await scenario.mount("k8s_j1", broker.address);
    await scenario.backup("db1", "s1", "k8s_j1");
    const pingsOf = (records: readonly Rec[]) =>
      [...new Set(records.filter((r) => r.m === "ping").map((r) => r.client ?? ""))].sort();
    await scenario.until(() => pingsOf(recordsOf(broker.calls)).length === 3);

    const real = loadCalls("create-repository-and-backup");
    expect(pingsOf(recordsOf(broker.calls))).to.deep.equal(pingsOf(real));
    const ofFrontend = recordsOf(broker.calls).filter((r) => r.client === "127.0.0.1");
    const others = recordsOf(broker.calls).filter((r) => r.c === ofFrontend[0]?.c);
    expect(others.every((r) => r.m === "ping")).to.equal(true);
  });

  it("lists snapshots and restores with the same calls", async () => {
    const first = await scenario.broker("127.0.0.31");
    await scenario.mount("k8s_j1", first.address);
    const timestamp = await scenario.backup("db1", "s1", "k8s_j1");
    const folder = join(scenario.storage, "mount", "__starrocks_repository_k8s_j1");
    await symlink(folder, folder.replace("k8s_j1", "k8s_j2"));
    await writeFile(
      join(folder, "__repo_info"),
      JSON.stringify({ name: "k8s_j2", create_time: "2026-11-21 00:00:00" }),
    );

    const broker = await scenario.broker("127.0.0.32");
    await scenario.mount("k8s_j2", broker.address);
    await scenario.query("SHOW SNAPSHOT ON k8s_j2");
    await scenario.query("SHOW SNAPSHOT ON k8s_j2");
    await scenario.query(
      `RESTORE SNAPSHOT db1.s1 FROM k8s_j2 ON (t1 AS t1r, t2 AS t2r)
       PROPERTIES ("backup_timestamp" = "${timestamp}", "replication_num" = "1")`,
    );
    await scenario.watch("RESTORE", "db1", "FINISHED", "CANCELLED");

    const recorded = recordsOf(broker.calls);
    const real = loadCalls("snapshot-and-restore");
    expect(frontendCalls(recorded)).to.deep.equal(frontendCalls(real));
    expect(sortedRuns(tabletRuns(recorded))).to.deep.equal(sortedRuns(tabletRuns(real)));
    for (const table of ["t1", "t2"]) {
      const restored = await scenario.starrocks.digest("db1", `${table}r`);
      expect(restored).to.equal(await scenario.starrocks.digest("db1", table));
    }
    expect(scenario.starrocks.violations).to.deep.equal([]);
  });

  it("backs up a second database beside the first with the same calls", async () => {
    await scenario.starrocks.createDatabase({
      name: "db2",
      tables: [{ name: "t1", tablets: 3, segmentBytes: [1_750_000, 1_750_000] }],
    });
    const folder = await repositoryFolder("k8s_j4");
    const first = await scenario.broker("127.0.0.32");
    await scenario.mount("k8s_j2", first.address);
    const broker = await scenario.broker("127.0.0.34");
    await scenario.mount("k8s_j4", broker.address);
    await scenario.query("BACKUP SNAPSHOT db1.p1 TO k8s_j2");
    await scenario.query("BACKUP SNAPSHOT db2.p2 TO k8s_j4");
    for (const db of ["db1", "db2"]) await scenario.watch("BACKUP", db, "FINISHED");
    for (const label of ["s1", "p1"]) await mkdir(join(folder, `__ss_${label}`));
    await scenario.query("SHOW SNAPSHOT ON k8s_j4");

    const recorded = recordsOf(broker.calls);
    const real = loadCalls("parallel-second-database");
    expect(frontendCalls(recorded)).to.deep.equal(frontendCalls(real));
    expect(sortedRuns(tabletRuns(recorded))).to.deep.equal(sortedRuns(tabletRuns(real)));
  });

  it("goes on after DROP BROKER and waits in UPLOAD_INFO for its return", async () => {
    await scenario.starrocks.createDatabase({
      name: "db2",
      tables: [{ name: "t1", tablets: 3, segmentBytes: [1_750_000, 1_750_000] }],
    });
    await repositoryFolder("k8s_m6");
    const broker = await scenario.broker("127.0.0.36");
    await scenario.mount("k8s_m6", broker.address);
    await scenario.query("BACKUP SNAPSHOT db2.x2 TO k8s_m6");
    await scenario.at("BACKUP", "db2", "UPLOADING", () =>
      scenario.query("ALTER SYSTEM DROP ALL BROKER k8s_m6"),
    );
    const waiting =
      "[COMMON_ERROR, msg: failed to get a broker address: Unknown broker name(k8s_m6)]";
    await scenario.until(async () => {
      const [row] = await scenario.query("SHOW BACKUP FROM db2");
      return row?.["State"] === "UPLOAD_INFO" && row["Status"] === waiting;
    });
    await scenario.query(`ALTER SYSTEM ADD BROKER k8s_m6 "${broker.address}"`);
    await scenario.watch("BACKUP", "db2", "FINISHED");

    const recorded = recordsOf(broker.calls);
    const real = loadCalls("agent-gone-and-broker-dropped");
    expect(frontendCalls(recorded)).to.deep.equal(frontendCalls(real));
    expect(sortedRuns(tabletRuns(recorded))).to.deep.equal(sortedRuns(tabletRuns(real)));
  });

  it("sends a killed agent's tablets again, to the same address, without what was there", async () => {
    const dead = await scenario.broker("127.0.0.35", {
      before: (call) => {
        const cut =
          call.method === "pwrite" &&
          dead.calls.filter((c) => c.method === "closeWriter").length >= 2;
        if (!cut) return undefined;
        void dead.kill();
        return new Promise(() => undefined);
      },
    });
    await scenario.mount("k8s_m5", dead.address);
    await scenario.query("BACKUP SNAPSHOT db1.f1 TO k8s_m5");
    await scenario.until(async () => {
      const [row] = await scenario.query("SHOW BACKUP FROM db1");
      return row?.["TaskErrMsg"] !== "";
    });
    await dead.kill();
    // The reference broker leaves its half file, which would block the retry for ever (§4.6).
    await removeParts(scenario.storage);
    const watching = scenario.watch("BACKUP", "db1", "FINISHED", "CANCELLED");
    const next = await scenario.broker("127.0.0.35", { port: dead.port });
    const rows = await watching;

    const recorded = [
      ...recordsOf(dead.calls),
      { restart: true },
      ...renumbered(recordsOf(next.calls)),
    ];
    for (const records of [recorded, loadCalls("agent-killed-and-replaced")]) {
      const { before, after } = splitAtRestart(records);
      expect(after.length, "tablets visited again").to.be.greaterThan(0);
      const again = after.filter((run) => before.some((b) => b.tablet === run.tablet));
      expect(again.length, "the cut tablets are among them").to.be.greaterThan(0);
      for (const run of again) expect(filesSentTwice(before, run)).to.deep.equal([]);
      for (const run of after)
        expect(run.files.every(isWholeFile), JSON.stringify(run)).to.equal(true);
    }
    expect(rows.at(-1)?.["Status"]).to.equal("[OK]");
    for (const states of [rows.map(stateRow), loadStates("states-agent-killed")]) {
      // Upload errors are filed under the task and cleared under the tablet: they stay to the end.
      const first = states.findIndex((r) => r.err !== "");
      expect(states[first]?.state).to.equal("UPLOADING");
      expect(states.slice(first).every((r) => /^\[\d+: .+\]$/.test(r.err))).to.equal(true);
      expect(states.at(-1)?.state).to.equal("FINISHED");
    }
  });

  for (const [name, job] of [
    ["states-backup", "BACKUP"],
    ["states-backup-parallel", "BACKUP"],
    ["states-restore", "RESTORE"],
  ] as const) {
    it(`walks through the states of ${name}`, async () => {
      const broker = await scenario.broker("127.0.0.37");
      await scenario.mount("r1", broker.address);
      // Statement and watch at once: the first look is right behind the statement, before the first tick.
      let [, rows] = await Promise.all([
        scenario.query("BACKUP SNAPSHOT db1.s1 TO r1 ON (t1)"),
        scenario.watch("BACKUP", "db1", "FINISHED"),
      ]);
      if (job === "RESTORE") {
        const timestamp = await scenario.timestamp("r1", "s1");
        [, rows] = await Promise.all([
          scenario.query(
            `RESTORE SNAPSHOT db1.s1 FROM r1 ON (t1)
             PROPERTIES ("backup_timestamp" = "${timestamp}", "replication_num" = "1")`,
          ),
          scenario.watch("RESTORE", "db1", "FINISHED", "CANCELLED"),
        ]);
      }
      const real = loadStates(name);
      expect(stateOrder(rows.map(stateRow))).to.deep.equal(stateOrder(real));
      for (const row of [...rows.map(stateRow), ...real]) expectFormats(row);
      // Each state but the first lasts a tick of 3 s: SNAPSHOTING to the end took five of them.
      const seconds =
        (real.at(-1)?.at ?? 0) - (real.find((r) => r.state === "SNAPSHOTING")?.at ?? 0);
      expect(Math.round(seconds / 3)).to.equal(5);
    });
  }
});

/** The listing for the timestamp, which the recording ends before; pings may come after it. */
function lastAsked(calls: readonly Call[]): Call | undefined {
  return calls.findLast((call) => call.method !== "ping");
}

function stateRow(row: Row): StateRow {
  return {
    at: 0,
    job: row["JobId"] ?? "",
    state: row["State"] ?? "",
    unfinished: row["UnfinishedTasks"] ?? "",
    progress: row["Progress"] ?? "",
    err: row["TaskErrMsg"] ?? "",
    status: row["Status"] ?? "",
  };
}

/** The states in order, each with whether it has a job id. */
function stateOrder(rows: readonly StateRow[]): readonly string[] {
  const texts = rows.map((r) => `${r.state} ${r.job === "-1" ? "without" : "with"} an id`);
  return texts.filter((text, i) => text !== texts[i - 1]);
}

function expectFormats(row: StateRow): void {
  expect(row.unfinished).to.match(/^$|^\d+=\d+(, \d+=\d+)*$/);
  expect(row.progress).to.match(/^$|^\[\d+: \d+\/\d+\](, \[\d+: \d+\/\d+\])*$/);
  expect(row.status).to.equal("[OK]");
}

async function removeParts(dir: string): Promise<void> {
  for (const file of await readdir(dir, { recursive: true })) {
    if (file.endsWith(".part")) await rm(join(dir, file));
  }
}

/** A later process's connections are other ones. */
function renumbered(records: readonly Rec[]): readonly Rec[] {
  return records.map((r) => (r.c === undefined ? r : { ...r, c: r.c + 1_000 }));
}

interface Split {
  readonly before: readonly TabletRun[];
  readonly after: readonly TabletRun[];
}

/** Runs up to the first process's end, and those of the process after it. */
function splitAtRestart(records: readonly Rec[]): Split {
  const restarts = records.flatMap((r, i) => (r.restart === true ? [i] : [])).filter((i) => i > 0);
  const at = restarts[0] ?? 0;
  const until = restarts[1] ?? records.length;
  return {
    before: tabletRuns(records.slice(0, at)),
    after: tabletRuns(records.slice(at, until)),
  };
}

function isWholeFile(texts: readonly string[]): boolean {
  const methods = texts.map((t) => t.split(" ")[1]).join(" ");
  return /^checkPathExist openWriter (pwrite )*closeWriter renamePath$/.test(methods);
}

/** Files that were renamed before and still sent once more. */
function filesSentTwice(before: readonly TabletRun[], run: TabletRun): readonly string[] {
  const renamed = (runs: readonly TabletRun[]): readonly string[] =>
    runs
      .filter((r) => r.tablet === run.tablet)
      .flatMap((r) => r.files)
      .filter(isWholeFile)
      .map((texts) => texts.at(-1) ?? "")
      // Two rowsets may have a segment 0 each; only names that stand for one file are compared.
      .filter((text) => !text.includes("<rowset>_0"));
  return renamed([run]).filter((text) => renamed(before).includes(text));
}
