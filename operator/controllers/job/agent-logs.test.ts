// How often logs are read: figures come every 5 s, and the last ones when a pod has ended.
import { expect } from "chai";
import { silentLog } from "../../log.ts";
import type { Pod } from "../../runtime/objects.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import type { ControllerDeps } from "../deps.ts";
import { putBackup, readyWorld } from "../testing/lives.ts";
import { figuresOfPod } from "./agent-logs.ts";
import { observe } from "./observe.ts";

function makeWorld(pods = 1) {
  const clock = new ManualClock();
  const world = { reads: 0, bytes: 1, fails: false };
  const api = {
    log: async () => {
      world.reads += 1;
      if (world.fails) throw new Error("the node is away");
      return JSON.stringify({ message: "progress", bytes: world.bytes });
    },
  };
  const deps = {
    api,
    clock,
    caches: { pods: () => pods },
    log: silentLog,
  } as unknown as ControllerDeps;
  const look = async (phase: string, uid = "u") =>
    (await figuresOfPod(deps, podIn(phase, uid)))?.bytes;
  return { world, clock, look };
}

function podIn(phase: string, uid: string): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "agent-0", namespace: "ops", uid },
    status: { phase },
  } as Pod;
}

describe("figuresOfPod", () => {
  it("reads nothing of a pod that has not started", async () => {
    const { world, look } = makeWorld();
    expect(await look("Pending")).to.equal(undefined);
    expect(world.reads).to.equal(0);
  });

  it("reads a log again only when there may be new figures", async () => {
    const { world, clock, look } = makeWorld();
    expect(await look("Running")).to.equal(1);
    world.bytes = 2;
    await clock.advance(3_900);
    expect(await look("Running")).to.equal(1);
    await clock.advance(200);
    expect(await look("Running")).to.equal(2);
    expect(world.reads).to.equal(2);
  });

  it("reads the log of a pod that has ended at once, and then never again", async () => {
    const { world, clock, look } = makeWorld();
    await look("Running");
    world.bytes = 3;
    expect(await look("Succeeded")).to.equal(3);
    await clock.advance(60_000);
    expect(await look("Succeeded")).to.equal(3);
    expect(world.reads).to.equal(2);
  });

  it("tries again where a log could not be read, at once when the pod has ended", async () => {
    const { world, clock, look } = makeWorld();
    world.fails = true;
    expect(await look("Running")).to.equal(undefined);
    expect(await look("Failed")).to.equal(undefined);
    world.fails = false;
    expect(await look("Running"), "not at once").to.equal(undefined);
    expect(await look("Failed")).to.equal(1);
    await clock.advance(5_000);
    expect(await look("Running")).to.equal(1);
  });

  it("reads twenty logs a second of any number of agents, each in its turn", async () => {
    const { world, clock, look } = makeWorld(1_000);
    const uids = Array.from({ length: 1_000 }, (_, i) => `u${i}`);
    for (let second = 0; second < 60; second += 1) {
      for (const uid of uids) await look("Running", uid);
      await clock.advance(1_000);
    }
    expect(world.reads).to.be.within(1_000, 60 * 20 + 40);
    const unread = (await Promise.all(uids.map((uid) => look("Running", uid)))).indexOf(undefined);
    expect(unread, "a log that was never read").to.equal(-1);
  });

  it("reads the log of each that has ended, however many", async () => {
    const { world, look } = makeWorld(1_000);
    for (let i = 0; i < 1_000; i += 1) await look("Succeeded", `u${i}`);
    expect(world.reads).to.equal(1_000);
  });
});

describe("noProgressTimeout", () => {
  it("is never shorter than the pause between two looks at one agent of very many", async () => {
    const world = readyWorld();
    const patience = async (pods: number) => {
      const deps = { ...world.deps, caches: { ...world.deps.caches, pods: () => pods } };
      return (await observe(deps, "Backup", { namespace: "ops", name: "nightly" }))?.settings
        .noProgressMs;
    };
    putBackup(world, { noProgressTimeout: "1m" });
    expect(await patience(100)).to.equal(60_000);
    expect(await patience(20_000)).to.equal(2_000_000);
  });
});
