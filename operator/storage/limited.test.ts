import { expect } from "chai";
import { ManualClock } from "../testing/manual-clock.ts";
import { Places, limited } from "./limited.ts";
import { collect, pattern, rejection } from "./testing/collect.ts";
import { storageContract } from "./testing/contract.ts";
import { makeFaulty } from "./testing/faulty.ts";
import { MemoryStorage } from "./testing/memory.ts";

const x = Buffer.from("x");
// Lets everything that can go on go on.
const settle = () => new ManualClock().advance(0);

storageContract("A storage limited to one call and one body", async () => {
  const memory = new MemoryStorage({ capabilities: { partBytesMin: 1000 } });
  const storage = limited(memory, { calls: 1, bodies: 1 });
  return { storage, another: () => memory.another(), close: async () => {} };
});

describe("limited", () => {
  it("makes no more calls at once than it may, in the order of asking", async () => {
    const faulty = makeFaulty(new MemoryStorage());
    const gate = Promise.withResolvers<void>();
    faulty.inject({ operation: "put", times: Infinity, hold: gate.promise });
    const storage = limited(faulty.storage, { calls: 2, bodies: 1 });
    const puts = ["a", "b", "c", "d"].map((key) => storage.put(key, x));
    await settle();
    expect(faulty.calls.map((call) => call.key)).to.deep.equal(["a", "b"]);
    gate.resolve();
    await Promise.all(puts);
    expect(faulty.calls.map((call) => call.key)).to.deep.equal(["a", "b", "c", "d"]);
  });

  it("gives the place of a failed call back", async () => {
    const faulty = makeFaulty(new MemoryStorage());
    faulty.inject({ operation: "put", kind: "throttled", times: 3 });
    const storage = limited(faulty.storage, { calls: 1, bodies: 1 });
    for (let time = 0; time < 3; time += 1) await rejection(storage.put("a", x));
    await storage.put("a", x);
  });

  it("lets calls through while readers are held open", async () => {
    const memory = new MemoryStorage();
    const storage = limited(memory, { calls: 1, bodies: 2 });
    await storage.put("a", x);
    await storage.read("a");
    await storage.read("a");
    await storage.put("b", x);
    expect(memory.keys()).to.deep.equal(["a", "b"]);
  });

  for (const [title, end] of [
    ["ends", async (body: AsyncIterable<Buffer>) => collect(body)],
    ["is left early", async (body: AsyncIterable<Buffer>) => leave(body)],
  ] as const) {
    it(`gives the place of a body back when it ${title}`, async () => {
      const storage = limited(new MemoryStorage(), { calls: 1, bodies: 1 });
      await storage.put("a", pattern(200_000));
      for (let time = 0; time < 3; time += 1) await end((await storage.read("a")).body);
    });
  }

  it("gives the place of a body back once when it is destroyed twice", async () => {
    const faulty = makeFaulty(new MemoryStorage());
    const storage = limited(faulty.storage, { calls: 9, bodies: 1 });
    await storage.put("a", x);
    const reader = await storage.read("a");
    reader.destroy();
    reader.destroy();
    await storage.read("a");
    void storage.read("a");
    await settle();
    expect(faulty.count("read")).to.equal(2);
  });

  it("gives the place of a body back that could not be opened", async () => {
    const storage = limited(new MemoryStorage(), { calls: 1, bodies: 1 });
    for (let time = 0; time < 3; time += 1) {
      expect(await rejection(storage.read("a"))).to.include({ kind: "notFound" });
    }
  });

  it("a call that is aborted while it waits rejects and takes no place", async () => {
    const faulty = makeFaulty(new MemoryStorage());
    const gate = Promise.withResolvers<void>();
    faulty.inject({ operation: "put", hold: gate.promise });
    const storage = limited(faulty.storage, { calls: 1, bodies: 1 });
    const held = storage.put("a", x);
    const stop = new AbortController();
    const waiting = storage.put("b", x, { signal: stop.signal });
    const last = storage.put("c", x);
    await settle();
    const reason = new Error("enough");
    stop.abort(reason);
    expect(await rejection(waiting)).to.equal(reason);
    gate.resolve();
    await Promise.all([held, last]);
    expect(faulty.calls.map((call) => call.key)).to.deep.equal(["a", "c"]);
  });
});

describe("Places", () => {
  it("hands a place over to the one who waits longest", async () => {
    const places = new Places(1);
    const order: string[] = [];
    const visit = async (name: string) => {
      const leave = await places.enter();
      order.push(name);
      await settle();
      leave();
    };
    await Promise.all(["a", "b", "c"].map(visit));
    expect(order).to.deep.equal(["a", "b", "c"]);
  });
});

async function leave(body: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of body) if (chunk.length > 0) break;
}
