import { expect } from "chai";
import { ManualClock } from "../testing/manual-clock.ts";
import { Meter, metered } from "./metered.ts";
import { collect, pattern, readAll, rejection } from "./testing/collect.ts";
import { storageContract } from "./testing/contract.ts";
import { makeFaulty } from "./testing/faulty.ts";
import { MemoryStorage } from "./testing/memory.ts";

storageContract("A metered storage", async () => {
  const memory = new MemoryStorage({ capabilities: { partBytesMin: 1000 } });
  const storage = metered(memory, new Meter(), new ManualClock());
  return { storage, another: () => memory.another(), close: async () => {} };
});

describe("metered", () => {
  const given = () => {
    const clock = new ManualClock();
    const faulty = makeFaulty(new MemoryStorage({ capabilities: { partBytesMin: 100 } }), clock);
    const meter = new Meter();
    return { clock, faulty, meter, storage: metered(faulty.storage, meter, clock) };
  };

  it("counts calls and bytes of each operation", async () => {
    const { storage, meter } = given();
    await storage.put("a", pattern(1000));
    const upload = await storage.upload("b");
    await Promise.all([upload.part(pattern(300)), upload.part(pattern(50))]);
    await upload.complete();
    await readAll(storage, "a", { start: 100 });
    await collect(storage.list(""));
    const { put, read, list, upload: begun, ...rest } = meter.snapshot();
    expect(put).to.include({ calls: 1, sentBytes: 1000, receivedBytes: 0 });
    expect(rest["upload.part"]).to.include({ calls: 2, sentBytes: 350 });
    expect(rest["upload.complete"]).to.include({ calls: 1, sentBytes: 0 });
    expect(begun).to.include({ calls: 1 });
    expect(read).to.include({ calls: 1, receivedBytes: 900 });
    expect(list).to.include({ calls: 1, rows: 2 });
  });

  it("counts failures by kind, and no bytes for them", async () => {
    const { storage, meter, faulty } = given();
    faulty.inject({ operation: "put", kind: "throttled", times: 2 });
    for (let time = 0; time < 2; time += 1) await rejection(storage.put("a", pattern(10)));
    await storage.put("a", pattern(10));
    faulty.inject({ operation: "read", kind: "timeout", cutAfter: 4 });
    await rejection(readAll(storage, "a"));
    const signal = AbortSignal.abort(new Error("enough"));
    await rejection(storage.stat("a", { signal }));
    const { put, read, stat } = meter.snapshot();
    expect(put).to.deep.include({ calls: 3, sentBytes: 10, failures: { throttled: 2 } });
    expect(read).to.deep.include({ calls: 1, receivedBytes: 4, failures: { timeout: 1 } });
    expect(stat?.failures).to.deep.equal({ aborted: 1 });
  });

  it("adds up how long calls took", async () => {
    const { storage, meter, faulty, clock } = given();
    faulty.inject({ operation: "put", delayMs: 40, times: 2 });
    const puts = [storage.put("a", pattern(1)), storage.put("b", pattern(1))];
    await clock.advance(40);
    await Promise.all(puts);
    expect(meter.of("put").tookMs).to.equal(80);
  });

  it("gives snapshots that later calls do not change", async () => {
    const { storage, meter } = given();
    await storage.put("a", pattern(1));
    const before = meter.snapshot();
    await storage.put("b", pattern(1));
    expect(before.put?.calls).to.equal(1);
  });
});
