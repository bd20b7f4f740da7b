// Lives in which something fails: what becomes of the job, what people are told, and that nothing is left.
import { expect } from "chai";
import { BACKUP, REPOSITORY } from "../api/kinds.ts";
import { LABELS, MANAGED_BY } from "../api/group.ts";
import { must } from "../assert.ts";
import { JOBS, NAMESPACES, PODS, SERVICES } from "../runtime/objects.ts";
import { FrontendError } from "../starrocks/frontend.ts";
import {
  ended,
  expectNothingLeft,
  fate,
  lentSlots,
  messageOf,
  phaseOf,
  putBackup,
  readyWorld,
  snapshotLabels,
} from "./testing/lives.ts";
import { NOW_MS, REPOSITORY_UID } from "./testing/samples.ts";
import { type World } from "./testing/world.ts";

const NO_RETRY = { maxAttempts: 1, backoff: "1s" };

describe("agents that fail", () => {
  it("end the Backup at once on a wrong configuration", async () => {
    const world = readyWorld();
    const said = "the access key is not known: look at Secret s3";
    fate(world, "agent", { exitCode: 42, reason: "AccessDenied", message: said });
    putBackup(world);
    const { phase, reason, message, attempts = [] } = await ended(world, "Backup", "nightly");
    expect([phase, reason, message]).to.deep.equal(["FAILED", "AccessDenied", said]);
    expect(attempts.length).to.equal(1);
    expectNothingLeft(world);
  });

  it("cost an attempt when their Jobs give up", async () => {
    const world = readyWorld();
    fate(world, "agent", { exitCode: 1, reason: "Error", message: "it failed" });
    putBackup(world, { retry: { maxAttempts: 2, backoff: "1s" } });
    const { phase, reason, attempts = [] } = await ended(world, "Backup", "nightly");
    expect([phase, reason]).to.deep.equal(["FAILED", "AgentFailed"]);
    expect(attempts.map((a) => a.number)).to.deep.equal([1, 2]);
    expectNothingLeft(world);
  });

  it("are waited for 10 minutes, with what Kubernetes says of them", async () => {
    const world = readyWorld();
    fate(world, "agent", "unschedulable");
    putBackup(world, { retry: NO_RETRY });
    await world.until(
      () => /agents to serve/.test(messageOf(world, "Backup", "nightly")),
      "a wait",
    );
    await world.round();
    await world.round();
    expect(messageOf(world, "Backup", "nightly")).to.match(
      /^waits for agents to serve: node worker-\d \(Unschedulable: 0\/3 nodes are available/,
    );
    const { phase, reason } = await ended(world, "Backup", "nightly");
    expect([phase, reason]).to.deep.equal(["FAILED", "AgentsNotReady"]);
    expectNothingLeft(world);
  });

  it("are done without on a node that takes none, when others serve", async () => {
    const world = readyWorld();
    let first: string | undefined;
    fate(world, "agent", (job) => {
      first ??= job.metadata.name;
      return job.metadata.name === first ? "neverReady" : undefined;
    });
    putBackup(world);
    expect((await ended(world, "Backup", "nightly")).phase).to.equal("FINISHED");
    expectNothingLeft(world);
  });

  it("are replaced when they die while StarRocks uploads", async () => {
    const world = readyWorld();
    let isKilled = false;
    world.reactions.push(() => {
      if (isKilled || phaseOf(world, "Backup", "nightly") !== "UPLOADING") return;
      isKilled = true;
      world.killAgents();
    });
    putBackup(world);
    expect((await ended(world, "Backup", "nightly")).phase).to.equal("FINISHED");
    expect(isKilled).to.be.true;
    expectNothingLeft(world);
  });
});

describe("sealing", () => {
  it("that finds a hole costs the attempt, and the snapshot goes", async () => {
    const world = readyWorld();
    fate(world, "seal", (job) =>
      job.metadata.annotations?.[LABELS.task] === "bbbbbbbb-1"
        ? { exitCode: 43, reason: "Damaged", message: "tablet 7 has no header" }
        : undefined,
    );
    putBackup(world, { retry: { maxAttempts: 2, backoff: "1s" } });
    const { phase, attempts = [] } = await ended(world, "Backup", "nightly");
    expect(phase).to.equal("FINISHED");
    expect(attempts.map((a) => [a.reason, a.message])).to.deep.equal([
      ["SnapshotDamaged", "tablet 7 has no header"],
    ]);
    expect(snapshotLabels(world)).to.deep.equal(["nightly_bbbbbbbb_2"]);
    expectNothingLeft(world);
  });

  it("that is refused ends it", async () => {
    const world = readyWorld();
    fate(world, "seal", { exitCode: 44, reason: "NotOurs", message: "another Backup's" });
    putBackup(world);
    const { phase, reason } = await ended(world, "Backup", "nightly");
    expect([phase, reason]).to.deep.equal(["FAILED", "NotOurs"]);
    expectNothingLeft(world);
  });

  it("that fails otherwise is tried until it goes well", async () => {
    const world = readyWorld();
    const names = new Set<string>();
    fate(world, "seal", (job) => {
      names.add(must(job.metadata.uid));
      return names.size < 3 ? { exitCode: 1, message: "storage is away" } : undefined;
    });
    putBackup(world);
    expect((await ended(world, "Backup", "nightly")).phase).to.equal("FINISHED");
    expect(names.size).to.equal(3);
    expectNothingLeft(world);
  });
});

describe("pruning after a failure", () => {
  const broken = (): World => {
    const world = readyWorld();
    world.reactions.push(() => {
      const job = world.starrocks.job("shop");
      if (job?.state === "UPLOADING") job.cancel("COMMON_ERROR", "version already merged");
    });
    return world;
  };

  it("that is refused is told, and tried no more", async () => {
    const world = broken();
    fate(world, "prune", { exitCode: 44, reason: "NotOurs", message: "nothing proves it" });
    putBackup(world, { retry: NO_RETRY });
    const status = await ended(world, "Backup", "nightly");
    expect([status.phase, status.reason]).to.deep.equal(["FAILED", "VersionMerged"]);
    expect(status.leftBehind).to.deep.equal(["snapshot nightly_bbbbbbbb: nothing proves it"]);
    expectNothingLeft(world);
  });

  it("that storage does not let through holds the end up for 10 minutes, and is tried when it is deleted", async () => {
    const world = broken();
    let isAway = true;
    fate(world, "prune", () => (isAway ? { exitCode: 1, message: "storage is away" } : undefined));
    putBackup(world, { retry: NO_RETRY });
    const status = await ended(world, "Backup", "nightly");
    expect(status.leftBehind?.join()).to.match(/^snapshot nightly_bbbbbbbb: \S/);
    const heldUpMs = world.clock.now() - NOW_MS;
    expect(heldUpMs).to.be.within(10 * 60_000, 12 * 60_000);
    expectNothingLeft(world);
    isAway = false;
    await world.delete(BACKUP, "nightly");
    await world.until(() => world.get(BACKUP, "nightly") === undefined, "its deletion");
    expect(snapshotLabels(world)).to.deep.equal([]);
    expectNothingLeft(world);
  });
});

describe("StarRocks that goes away", () => {
  it("while a Backup runs is waited for, and told", async () => {
    const world = readyWorld();
    putBackup(world);
    await world.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "uploading");
    must(world.starrocks.job("shop")).stalledBy = "slow";
    world.starrocks.fail("facts", { when: "before", times: 5 });
    await world.round();
    expect(messageOf(world, "Backup", "nightly")).to.match(
      /^waits for StarRocks: facts: the connection/,
    );
    must(world.starrocks.job("shop")).stalledBy = undefined;
    expect((await ended(world, "Backup", "nightly")).phase).to.equal("FINISHED");
    expectNothingLeft(world);
  });

  it("for good lets a deleted Backup go after 10 minutes", async () => {
    const world = readyWorld();
    putBackup(world);
    await world.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "uploading");
    world.starrocks.fail("facts", { when: "before", times: 100_000 });
    await world.delete(BACKUP, "nightly");
    const before = world.clock.now();
    await world.until(() => world.get(BACKUP, "nightly") === undefined, "its deletion");
    expect(world.clock.now() - before).to.be.within(10 * 60_000, 11 * 60_000);
    expect(world.events.at(-1)?.reason).to.equal("LetGo");
  });
});

describe("a clean-up that StarRocks refuses", () => {
  it("lets a deleted Backup go after 10 minutes, and says what stays", async () => {
    const world = readyWorld();
    putBackup(world);
    await world.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "uploading");
    world.starrocks.dropBroker = () =>
      Promise.reject(new FrontendError("RightMissing", false, "run: GRANT NODE"));
    await world.delete(BACKUP, "nightly");
    for (let i = 0; i < 10; i += 1) await world.round();
    expect(messageOf(world, "Backup", "nightly")).to.match(/cleaning up: .*run: GRANT NODE/);
    await world.until(() => world.get(BACKUP, "nightly") === undefined, "its deletion");
    const told = world.events.find((e) => e.reason === "LetGo");
    expect(told?.message).to.match(/^deleted without a complete clean-up .*\(run: GRANT NODE\)/);
  });
});

describe("a slot too many, after concurrency was lowered", () => {
  it("is not lent again, also while the last pods of the other one go", async () => {
    const world = readyWorld({}, { concurrency: 2 });
    await world.edit(REPOSITORY, "prod", { concurrency: 1 });
    const labels = {
      [LABELS.managedBy]: MANAGED_BY,
      [LABELS.repositoryUid]: REPOSITORY_UID,
      [LABELS.slot]: "0",
    };
    const metadata = { name: "left", namespace: "ops", labels };
    world.put(PODS, { apiVersion: "v1", kind: "Pod", metadata, status: { phase: "Running" } });
    putBackup(world);
    for (let i = 0; i < 5; i += 1) await world.round();
    expect(world.job("Backup", "nightly").status?.reason).to.equal("WaitingForSlot");
    expect(lentSlots(world).size).to.equal(0);
  });
});

describe("a Repository whose mounts StarRocks does not drop", () => {
  it("says so, and goes after 10 minutes", async () => {
    const world = readyWorld({ standsStill: false });
    putBackup(world);
    await ended(world, "Backup", "nightly");
    world.starrocks.dropRepository = () =>
      Promise.reject(new FrontendError("RightMissing", false, "run: GRANT REPOSITORY"));
    await world.delete(REPOSITORY, "prod");
    for (let i = 0; i < 5; i += 1) await world.round();
    const told = world.get(REPOSITORY, "prod")?.status?.conditions ?? [];
    expect(told.find((c) => c.type === "Ready")?.message).to.match(/run: GRANT REPOSITORY/);
    await world.until(() => world.get(REPOSITORY, "prod") === undefined, "its deletion");
    const event = world.events.find((e) => e.reason === "LetGo");
    expect(event?.message).to.match(/GRANT REPOSITORY\), so these stay there: .* k8s_aaaaaaaa_0\b/);
    expect(world.api.all(SERVICES)).to.deep.equal([]);
  });
});

describe("no progress", () => {
  it("is told after half a minute, and ends the attempt after noProgressTimeout", async () => {
    const world = readyWorld();
    world.reactions.push(() => {
      const job = world.starrocks.job("shop");
      if (job?.spec.label === "nightly_bbbbbbbb") job.stalledBy = "capacity limit reached";
    });
    putBackup(world, { noProgressTimeout: "5m", retry: { maxAttempts: 2, backoff: "1s" } });
    await world.until(
      () => world.job("Backup", "nightly").status?.reason === "NoProgress",
      "a stall that is told",
    );
    expect(messageOf(world, "Backup", "nightly")).to.match(
      /^waits for StarRocks \(UPLOADING\); nothing has moved for half a minute; last errors: capacity limit reached/,
    );
    const { phase, attempts = [] } = await ended(world, "Backup", "nightly");
    expect(phase).to.equal("FINISHED");
    expect(attempts.map((a) => a.reason)).to.deep.equal(["NoProgress"]);
    expect(snapshotLabels(world)).to.deep.equal(["nightly_bbbbbbbb_2"]);
    expectNothingLeft(world);
  });
});

describe("a namespace that is deleted", () => {
  it("takes a running Backup along without making anything new, and keeps the data", async () => {
    const world = readyWorld();
    putBackup(world, { deletionPolicy: "Delete" });
    await ended(world, "Backup", "nightly");
    const deletionTimestamp = "2026-01-02T04:00:00Z";
    const metadata = { name: "ops", deletionTimestamp };
    world.put(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata });
    const before = world.api.writes.length;
    await world.delete(BACKUP, "nightly");
    await world.until(() => world.get(BACKUP, "nightly") === undefined, "its deletion");
    const made = world.api.writes.slice(before).filter((w) => w.verb === "create");
    expect(made).to.deep.equal([]);
    expect(snapshotLabels(world)).to.deep.equal(["nightly_bbbbbbbb"]);
  });
});

describe("a Repository", () => {
  it("that is deleted while a Backup runs waits for it", async () => {
    const world = readyWorld({ standsStill: false });
    putBackup(world);
    await world.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "uploading");
    await world.delete(REPOSITORY, "prod");
    expect((await ended(world, "Backup", "nightly")).phase).to.equal("FINISHED");
    await world.until(() => world.get(REPOSITORY, "prod") === undefined, "its deletion");
    expectNothingLeft(world);
  });

  it("that is removed by force fails the Backup that ran on it", async () => {
    const world = readyWorld();
    putBackup(world);
    await world.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "uploading");
    world.api.vanish(REPOSITORY, { namespace: "ops", name: "prod" });
    const { phase, reason } = await ended(world, "Backup", "nightly");
    expect([phase, reason]).to.deep.equal(["FAILED", "RepositoryGone"]);
    expect(world.api.all(JOBS), "its agents").to.deep.equal([]);
  });

  it("sweeps what a Backup left that was removed by force", async () => {
    const world = readyWorld({ standsStill: false });
    putBackup(world);
    await world.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "uploading");
    world.api.vanish(BACKUP, { namespace: "ops", name: "nightly" });
    await world.until(
      () => lentSlots(world).size === 0 && world.starrocks.world.brokers.size === 0,
      "a clean cluster",
    );
    for (let i = 0; i < 10; i += 1) await world.round();
    expectNothingLeft(world);
  });
});
