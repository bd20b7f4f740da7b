import { expect } from "chai";
import { must } from "../assert.ts";
import { ApiError } from "./api.ts";
import { EventRecorder } from "./events.ts";
import { EVENTS, NODES } from "./objects.ts";
import type { World } from "./testing/world.ts";
import { lease, makeWorld, metricOf } from "./testing/world.ts";

describe("EventRecorder", () => {
  let world: World;
  let recorder: EventRecorder;
  let randoms: number;

  const object = lease("a", { uid: "u1", resourceVersion: "7" });
  const warning = { type: "Warning", reason: "BucketMissing", message: "no bucket" } as const;
  const events = () => world.api.all(EVENTS);
  const dropped = () => metricOf(world, "events_dropped_total");
  /** Lets what was recorded be written; the clock moves as little as it can. */
  const written = () => recorder.flush(60_000);

  beforeEach(() => {
    world = makeWorld();
    randoms = 0;
    const random = () => (randoms += 1) / 1000;
    recorder = new EventRecorder({ ...world, random, component: "operator", instance: "pod-1" });
  });

  it("writes an event about the object, in its namespace", async () => {
    recorder.record(object, warning);
    await written();
    const [event] = events();
    expect(event?.metadata.namespace).to.equal("n");
    expect(event).to.deep.include({ ...warning, count: 1, reportingInstance: "pod-1" });
    expect(event?.involvedObject).to.include({ kind: "Lease", name: "a", uid: "u1" });
    expect(event?.lastTimestamp).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it("writes events of objects without a namespace to the default one", async () => {
    recorder.record({ apiVersion: "v1", kind: NODES.kind, metadata: { name: "node-1" } }, warning);
    await written();
    expect(events()[0]?.metadata.namespace).to.equal("default");
  });

  it("counts the same event on the first one, and makes a new one when that is gone", async () => {
    for (let time = 0; time < 3; time += 1) recorder.record(object, warning);
    await written();
    expect(events().map(({ count }) => count)).to.deep.equal([3]);
    recorder.record(object, { ...warning, message: "another" });
    await written();
    expect(events()).to.have.length(2);
    for (const { metadata } of events()) await world.api.delete(EVENTS, metadata);
    recorder.record(object, warning);
    await written();
    expect(events().map(({ count }) => count)).to.deep.equal([1]);
  });

  it("cuts long messages at a character, and credentials out of URLs", async () => {
    recorder.record(object, { ...warning, message: `${"x".repeat(1019)}ääää` });
    recorder.record(object, { ...warning, message: "GET https://u:p@h/x?token=secret" });
    await written();
    const messages = events().map(({ message }) => must(message));
    expect(messages[0]).to.match(/^x{1019}ä?…$/);
    expect(Buffer.byteLength(must(messages[0]))).to.be.at.most(1024);
    expect(messages[1]).to.equal("GET https://***@h/x?***");
  });

  it("never throws: a refusal is counted, and the next event is written", async () => {
    const terminating = new ApiError(403, "Forbidden", "the namespace is being terminated");
    world.api.failNext({ verb: "create", error: terminating });
    recorder.record(object, warning);
    recorder.record(object, { ...warning, reason: "Other" });
    await written();
    expect(events().map(({ reason }) => reason)).to.deep.equal(["Other"]);
    expect(await dropped()).to.equal(1);
  });

  it("lets one object have so many and no more", async () => {
    for (let time = 0; time < 100; time += 1) {
      recorder.record(object, { ...warning, message: `message ${time}` });
    }
    recorder.record(lease("b", { uid: "u2" }), warning);
    await written();
    expect(events()).to.have.length(26);
    expect(await dropped()).to.equal(75);
  });

  it("holds no more than its queue", async () => {
    for (let at = 0; at < 500; at += 1)
      recorder.record(lease(`o${at}`, { uid: `u${at}` }), warning);
    await written();
    expect(events().length).to.be.within(200, 201);
    expect(await dropped()).to.equal(500 - events().length);
  });

  it("does not wait for ever at the end", async () => {
    world.api.create = () => new Promise(() => {});
    recorder.record(object, warning);
    let isFlushed = false;
    void recorder.flush(1000).then(() => {
      isFlushed = true;
    });
    await world.clock.advance(999);
    expect(isFlushed).to.equal(false);
    await world.clock.advance(1);
    expect(isFlushed).to.equal(true);
  });
});
