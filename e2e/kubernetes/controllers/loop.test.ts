import { expect } from "chai";
import { configMaps } from "../api/kinds/plain.ts";
import { keyOf } from "../api/object.ts";
import type { TestRegistry } from "../api/testing/cluster.ts";
import { testRegistry } from "../api/testing/cluster.ts";
import type { Controller } from "./loop.ts";
import { runController } from "./loop.ts";

describe("controller loop", () => {
  let cluster: TestRegistry;
  const seen: string[] = [];
  const failures: Error[] = [];
  let answer: () => number | undefined = () => undefined;
  let stop: () => void;

  const controller: Controller = {
    name: "test",
    keysOf: ({ collection, object }) =>
      collection === configMaps.collection ? [keyOf(object)] : [],
    reconcile: (key) => {
      seen.push(key);
      return answer();
    },
  };

  beforeEach(() => {
    cluster = testRegistry();
    seen.splice(0);
    failures.splice(0);
    answer = () => undefined;
    stop = runController(cluster.registry, controller, (error) => failures.push(error));
  });
  afterEach(() => {
    stop();
    cluster.stop();
  });

  const make = (name: string): unknown =>
    cluster.registry.create(configMaps, "default", { metadata: { name } });

  it("looks once at what changed often, and not within the change", async () => {
    const made = cluster.registry.create(configMaps, "default", { metadata: { name: "a" } });
    cluster.registry.modify(configMaps, made, (now) => ({ ...now, data: { a: "1" } }));
    expect(seen).to.deep.equal([]);
    await cluster.settle();
    expect(seen).to.deep.equal(["default/a"]);
  });

  it("looks again when it was told to, and only once for several reasons", async () => {
    answer = () => 1000;
    make("a");
    await cluster.settle();
    await cluster.clock.advance(1000);
    await cluster.settle();
    expect(seen.length).to.equal(2);
  });

  it("waits no longer than timers can, also for a deadline in months", async () => {
    answer = () => 100 * 24 * 3_600_000;
    make("a");
    await cluster.settle();
    await cluster.clock.advance(3_600_000);
    await cluster.settle();
    expect(seen.length).to.equal(2);
  });

  it("tells of what was thrown, and tries again", async () => {
    answer = () => {
      throw new Error("no");
    };
    make("a");
    await cluster.settle();
    expect(failures.map((error) => error.message)).to.deep.equal([
      "test of default/a failed, trying again",
    ]);
    answer = () => undefined;
    await cluster.clock.advance(1000);
    await cluster.settle();
    expect([seen.length, failures.length]).to.deep.equal([2, 1]);
  });

  it("does nothing any more when it was stopped", async () => {
    make("a");
    stop();
    await cluster.settle();
    expect(seen).to.deep.equal([]);
  });
});
