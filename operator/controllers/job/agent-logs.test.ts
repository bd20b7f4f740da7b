// How often logs are read: figures come every 5 s, and the last ones when a pod has ended.
import { expect } from "chai";
import { silentLog } from "../../log.ts";
import type { Pod } from "../../runtime/objects.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import type { ControllerDeps } from "../deps.ts";
import { figuresOfPod } from "./agent-logs.ts";

function makeWorld() {
  const clock = new ManualClock();
  const world = { reads: 0, bytes: 1, fails: false };
  const api = {
    log: async () => {
      world.reads += 1;
      if (world.fails) throw new Error("the node is away");
      return JSON.stringify({ message: "progress", bytes: world.bytes });
    },
  };
  const deps = { api, clock, caches: {}, log: silentLog } as unknown as ControllerDeps;
  const look = async (phase: string) => (await figuresOfPod(deps, podIn(phase)))?.bytes;
  return { world, clock, look };
}

function podIn(phase: string): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "agent-0", namespace: "ops", uid: "u" },
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
});
