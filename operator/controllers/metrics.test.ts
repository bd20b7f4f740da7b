// What objects tell at a scrape, and what is counted: as Prometheus reads it.
import { expect } from "chai";
import { ANNOTATIONS, LABELS } from "../api/group.ts";
import type { Backup } from "../api/backup.generated.ts";
import type { Repository } from "../api/repository.generated.ts";
import type { Restore } from "../api/restore.generated.ts";
import { timestamp } from "../api/conditions.ts";
import type { Pod } from "../runtime/objects.ts";
import { measuredObjects, seriesOf, type MeasuredObjects } from "./testing/metrics.ts";
import { backup, repository, REPOSITORY_UID, restore } from "./testing/samples.ts";

const T0 = Date.UTC(2026, 0, 2) / 1000;
const at = (seconds: number): string => timestamp((T0 + seconds) * 1000);

type BackupStatus = NonNullable<Backup["status"]>;

let seen: MeasuredObjects;
let count = 0;

function put(status: Partial<BackupStatus>, spec: Partial<Backup["spec"]> = {}, meta = {}): Backup {
  const name = `b${(count += 1)}`;
  const made = backup(spec, { status, meta: { name, uid: name, ...meta } });
  seen.put(made);
  return made;
}

const read = (name: string) => seriesOf(seen.registry, `starrocks_backup_${name}`);
const PROD = "namespace=ops,repository=prod";
const SHOP = `database=shop,${PROD}`;

describe("metrics of databases", () => {
  beforeEach(() => (seen = measuredObjects()));

  it("tell the last FINISHED Backup, and no more when it is gone", async () => {
    const ended = (phase: "FINISHED" | "FAILED", seconds: number, bytes: number): Backup =>
      put({ phase, completionTime: at(seconds), sealed: { bytes } });
    ended("FINISHED", 100, 7);
    const last = ended("FINISHED", 200, 8);
    ended("FAILED", 300, 9);
    expect(await read("last_success_timestamp_seconds")).to.deep.equal([`{${SHOP}} ${T0 + 200}`]);
    expect(await read("last_success_bytes")).to.deep.equal([`{${SHOP}} 8`]);
    seen.drop(last);
    expect(await read("last_success_bytes")).to.deep.equal([`{${SHOP}} 7`]);
  });

  it("tell a database that has never been backed up, until it is", async () => {
    put({ phase: "FAILED", completionTime: at(1) }, {}, { creationTimestamp: at(50) });
    put({}, {}, { creationTimestamp: at(20) });
    const name = "never_succeeded_since_timestamp_seconds";
    expect(await read(name)).to.deep.equal([`{${SHOP}} ${T0 + 20}`]);
    put({ phase: "FINISHED", completionTime: at(60) });
    expect(await read(name)).to.deep.equal([]);
  });

  it("tell whether the last job that ended has failed, and why", async () => {
    put({ phase: "FAILED", reason: "TimedOut", completionTime: at(1) });
    put({ phase: "CANCELLED", reason: "Cancelled", completionTime: at(2) });
    const failed = `{database=shop,kind=Backup,namespace=ops,reason=TimedOut,repository=prod} 1`;
    expect(await read("last_job_failed")).to.deep.equal([failed]);
    put({ phase: "FINISHED", reason: "Finished", completionTime: at(3) });
    const status = { phase: "FAILED", reason: "TargetExists", completionTime: at(1) } as const;
    seen.put(
      restore({ database: "copy" }, { status: status satisfies Partial<Restore["status"]> }),
    );
    expect(await read("last_job_failed")).to.deep.equal([
      `{database=shop,kind=Backup,namespace=ops,reason=Finished,repository=prod} 0`,
      `{database=copy,kind=Restore,namespace=ops,reason=TargetExists,repository=prod} 1`,
    ]);
  });
});

describe("metrics of jobs", () => {
  beforeEach(() => (seen = measuredObjects()));

  it("count those that are not over by phase and reason, and since when the first is", async () => {
    const queued = { phase: "PENDING", reason: "Queued" } as const;
    put({ ...queued, phaseStartTime: at(30) });
    put({ ...queued, phaseStartTime: at(10) });
    put({ phase: "COMMIT", reason: "Sealing", phaseStartTime: at(40) });
    put({ phase: "FINISHED", reason: "Finished", completionTime: at(50) });
    const of = (phase: string, reason: string) =>
      `{kind=Backup,namespace=ops,phase=${phase},reason=${reason},repository=prod}`;
    expect(await read("jobs")).to.deep.equal([
      `${of("PENDING", "Queued")} 2`,
      `${of("COMMIT", "Sealing")} 1`,
    ]);
    expect(await read("jobs_since_timestamp_seconds")).to.deep.equal([
      `${of("PENDING", "Queued")} ${T0 + 10}`,
      `${of("COMMIT", "Sealing")} ${T0 + 40}`,
    ]);
  });

  it("count the wait of a job that has its slot from there", async () => {
    const slot = { attempt: 1, name: "sr-0", index: 0 };
    const status = { phase: "PENDING", reason: "StartingAgents", slot } as const;
    put({ ...status, phaseStartTime: at(10), attemptStartTime: at(90) });
    expect((await read("jobs_since_timestamp_seconds"))[0]).to.match(new RegExp(` ${T0 + 90}$`));
  });

  it("tell what stands still, how fast the rest is, and the worst attempt", async () => {
    const runs = { phase: "UPLOADING", reason: "Working" } as const;
    put({ ...runs, attempt: 1, progress: { lastChangeTime: at(90), bytesPerSecond: 5 } });
    put({ ...runs, attempt: 3, progress: { lastChangeTime: at(20), bytesPerSecond: 6 } });
    const job = `{kind=Backup,${PROD}}`;
    expect(await read("last_progress_timestamp_seconds")).to.deep.equal([`${job} ${T0 + 20}`]);
    expect(await read("bytes_per_second")).to.deep.equal([`{direction=upload,${PROD}} 11`]);
    expect(await read("attempt")).to.deep.equal([`${job} 3`]);
  });

  it("tell clean-ups, also of what is over and being deleted, and what was left behind", async () => {
    const ending = { outcome: "RETRY", reason: "TimedOut", message: "", time: at(70) } as const;
    put({ phase: "UPLOADING", reason: "TimedOut", ending });
    const meta = { deletionTimestamp: at(60) };
    put({ phase: "FINISHED", reason: "PruningFailed" }, {}, meta);
    put({ phase: "FAILED", leftBehind: ["a", "b"], completionTime: at(1) });
    const job = `{kind=Backup,${PROD}}`;
    expect(await read("cleanups")).to.deep.equal([`${job} 2`]);
    expect(await read("cleanup_since_timestamp_seconds")).to.deep.equal([`${job} ${T0 + 60}`]);
    expect(await read("last_progress_timestamp_seconds")).to.deep.equal([]);
    expect(await read("left_behind")).to.deep.equal([`${job} 2`]);
  });

  it("take no word for a reason that is none", async () => {
    for (const reason of ["", "x y", "a".repeat(90), 'Evil"} 1\n']) put({ reason });
    const [only, ...more] = await read("jobs");
    expect(more).to.deep.equal([]);
    expect(only).to.match(/reason=Other.* 4$/);
  });

  it("take no more than two hundred reasons", async () => {
    const letter = (i: number): string => String.fromCharCode(97 + i);
    for (let i = 0; i < 400; i += 1) {
      put({ reason: `Made${letter(i % 26)}${letter(Math.floor(i / 26))}` });
    }
    const series = await read("jobs");
    expect(series.length).to.equal(201);
    expect(series.filter((one) => one.includes("reason=Other"))[0]).to.match(/ 200$/);
  });
});

describe("metrics of Repositories", () => {
  beforeEach(() => (seen = measuredObjects()));

  const ready = (status: "True" | "False", reason: string) => ({
    type: "Ready",
    status,
    reason,
    message: "",
    lastTransitionTime: at(0),
  });

  it("tell whether it is ready and why not, its checks and what lies there", async () => {
    const status: Repository["status"] = {
      observedGeneration: 1,
      phase: "NOT_READY",
      conditions: [ready("False", "NoSuchBucket"), { ...ready("True", "x"), type: "Stalled" }],
      lastCheckTime: at(5),
      nextCheckTime: at(9),
      foreign: ["k8s_00000000_0"],
      snapshots: { total: 5, complete: 3, bytes: 77 },
    };
    seen.put(repository({ concurrency: 2 }, { status }));
    expect(await read("repository_ready")).to.deep.equal([`{${PROD}} 0`]);
    expect(await read("repository_condition")).to.deep.equal([
      "{namespace=ops,reason=NoSuchBucket,repository=prod,type=Ready} 0",
    ]);
    expect(await read("repository_last_check_timestamp_seconds")).to.deep.equal([
      `{${PROD}} ${T0 + 5}`,
    ]);
    expect(await read("repository_next_check_timestamp_seconds")).to.deep.equal([
      `{${PROD}} ${T0 + 9}`,
    ]);
    expect(await read("repository_foreign_entries")).to.deep.equal([`{${PROD}} 1`]);
    expect(await read("repository_snapshots")).to.deep.equal([
      `{${PROD},state=complete} 3`,
      `{${PROD},state=incomplete} 2`,
    ]);
    expect(await read("repository_snapshot_bytes")).to.deep.equal([`{${PROD}} 77`]);
    expect(await read("slots")).to.deep.equal([`{${PROD}} 2`]);
  });

  it("tell nothing to be alarmed about of one that is being deleted", async () => {
    const meta = { deletionTimestamp: at(0) };
    const status = { phase: "NOT_READY", nextCheckTime: at(0) } as const;
    seen.put(repository({}, { meta, status }));
    expect(await read("repository_ready")).to.deep.equal([]);
    expect(await read("repository_next_check_timestamp_seconds")).to.deep.equal([]);
    expect(await read("slots")).not.to.deep.equal([]);
  });

  it("tell the slots that are lent", async () => {
    seen.put(repository());
    for (const [name, lentTo] of Object.entries({ a: "bbbbbbbb-1", b: undefined })) {
      const annotations = lentTo === undefined ? {} : { [ANNOTATIONS.lentTo]: lentTo };
      const labels = { [LABELS.repositoryUid]: REPOSITORY_UID };
      const metadata = { name, namespace: "ops", labels, annotations };
      seen.services.set({ apiVersion: "v1", kind: "Service", metadata });
    }
    expect(await read("slots_lent")).to.deep.equal([`{${PROD}} 1`]);
  });

  it("count how their pods end, from zero, once each", async () => {
    seen.put(repository());
    const before = pod("Running");
    seen.tell({ before: undefined, after: before });
    expect(await read("agents")).to.deep.equal([`{component=seal,${PROD}} 1`]);
    const exits = async () =>
      (await read("agent_exits_total")).filter((one) => !one.endsWith(" 0"));
    expect((await read("agent_exits_total")).length).to.equal(6 * 7);
    const after = pod("Failed", 137);
    seen.tell({ before, after });
    seen.tell({ before: after, after });
    seen.tell({ before: after, after: undefined });
    expect(await exits()).to.deep.equal([`{component=seal,exit=killed,${PROD}} 1`]);
    expect(await read("agents")).to.deep.equal([]);
  });

  it("are gone with the Repository, counters too", async () => {
    const object = repository();
    seen.put(object);
    const labels = { namespace: "ops", repository: "prod" };
    seen.tell({ before: undefined, after: pod("Running") });
    seen.metrics.ended.inc({ kind: "Backup", ...labels, phase: "FAILED", reason: "TimedOut" });
    seen.metrics.seconds.observe({ kind: "Backup", ...labels }, 3);
    seen.metrics.ended.inc({ kind: "Backup", namespace: "ops", repository: "other", phase: "" });
    seen.drop(object);
    await seen.metrics.forget("ops", "prod");
    const text = await seen.registry.metrics();
    expect(text).not.to.contain('repository="prod"');
    expect(text).to.contain('repository="other"');
  });
});

function pod(phase: "Running" | "Failed", exitCode?: number): Pod {
  const terminated = { exitCode: exitCode ?? 0, reason: "OOMKilled" };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "p",
      namespace: "ops",
      labels: { [LABELS.repositoryUid]: REPOSITORY_UID, [LABELS.component]: "seal" },
    },
    status: {
      phase,
      ...(exitCode === undefined
        ? {}
        : { containerStatuses: [{ name: "agent", state: { terminated } }] }),
    },
  } as unknown as Pod;
}
