import { expect } from "chai";
import { coreEvents } from "../api/kinds/events.ts";
import { configMaps } from "../api/kinds/plain.ts";
import type { TestRegistry } from "../api/testing/cluster.ts";
import { testRegistry } from "../api/testing/cluster.ts";
import { recordEvent } from "./events.ts";

describe("events", () => {
  let cluster: TestRegistry;
  beforeEach(() => {
    cluster = testRegistry();
  });
  afterEach(() => {
    cluster.stop();
    expect(cluster.problems).to.deep.equal([]);
  });

  const say = (message: string): void => {
    const about = cluster.registry.find(configMaps, "default", "a");
    const object =
      about ?? cluster.registry.create(configMaps, "default", { metadata: { name: "a" } });
    recordEvent(cluster.registry, object, { component: "c", type: "Normal", reason: "R", message });
  };
  const counts = (): readonly unknown[] =>
    cluster.registry.store.list(coreEvents.collection).map((e) => [e["message"], e["count"]]);

  it("are counted when the same is said again", () => {
    say("one");
    say("two");
    say("one");
    expect(counts()).to.have.deep.members([
      ["one", 2],
      ["two", 1],
    ]);
  });

  it("go an hour after they were last said", async () => {
    say("one");
    say("two");
    await cluster.clock.advance(59 * 60_000);
    say("one");
    await cluster.settle();
    await cluster.clock.advance(2 * 60_000);
    expect(counts()).to.deep.equal([["one", 2]]);
    await cluster.clock.advance(60 * 60_000);
    expect(counts()).to.deep.equal([]);
  });
});
