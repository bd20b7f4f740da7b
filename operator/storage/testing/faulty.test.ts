import { expect } from "chai";
import { ManualClock } from "../../testing/manual-clock.ts";
import { collect, pattern, readAll, rejection } from "./collect.ts";
import { storageContract } from "./contract.ts";
import { makeFaulty } from "./faulty.ts";
import { MemoryStorage } from "./memory.ts";

storageContract("A faulty storage without faults", async () => {
  const memory = new MemoryStorage({ capabilities: { partBytesMin: 1000 } });
  const another = () => makeFaulty(memory.another()).storage;
  return { storage: makeFaulty(memory).storage, another, close: async () => {} };
});

describe("makeFaulty", () => {
  const given = () => {
    const memory = new MemoryStorage();
    const clock = new ManualClock();
    return { memory, clock, faulty: makeFaulty(memory, clock) };
  };
  const x = Buffer.from("x");

  it("fails the nth call of an operation, so many times, and no other", async () => {
    const { faulty, memory } = given();
    faulty.inject({ operation: "put", nth: 2, times: 2, kind: "throttled", retryAfterMs: 7 });
    await faulty.storage.put("a", x);
    for (const key of ["b", "c"]) {
      const failed = await rejection(faulty.storage.put(key, x));
      expect(failed).to.include({ kind: "throttled" });
      expect(failed).to.have.nested.property("detail.retryAfterMs", 7);
    }
    await faulty.storage.put("d", x);
    expect(memory.keys()).to.deep.equal(["a", "d"]);
    expect(faulty.count("put")).to.equal(4);
  });

  it("counts only the calls of a key when one is named", async () => {
    const { faulty } = given();
    faulty.inject({ operation: "put", key: "__info", kind: "unavailable", times: Infinity });
    await faulty.storage.put("other", x);
    await rejection(faulty.storage.put("a/__info_1", x));
    faulty.heal();
    await faulty.storage.put("a/__info_1", x);
  });

  it("loses an answer: the call took effect and fails", async () => {
    const { faulty, memory } = given();
    faulty.inject({ operation: "upload.complete", kind: "timeout", lostAnswer: true });
    const upload = await faulty.storage.upload("a");
    await upload.part(x);
    expect(await rejection(upload.complete())).to.include({ kind: "timeout" });
    expect(memory.content("a")).to.deep.equal(x);
    expect(await upload.complete()).to.include({ size: 1 });
  });

  it("cuts a body after so many bytes", async () => {
    const { faulty, memory } = given();
    const body = pattern(200_000);
    await memory.put("a", body);
    faulty.inject({ operation: "read", cutAfter: 100_000 });
    const reader = await faulty.storage.read("a");
    const got: Buffer[] = [];
    const failed = await rejection(
      (async () => {
        for await (const chunk of reader.body) got.push(chunk);
      })(),
    );
    expect(failed).to.include({ kind: "unavailable" });
    expect(Buffer.concat(got).equals(body.subarray(0, 100_000))).to.equal(true);
    expect((await readAll(faulty.storage, "a")).equals(body)).to.equal(true);
  });

  it("cuts a listing after so many rows", async () => {
    const { faulty, memory } = given();
    for (const key of ["a", "b", "c"]) await memory.put(key, x);
    faulty.inject({ operation: "list", cutAfter: 2, kind: "throttled" });
    const seen: string[] = [];
    const failed = await rejection(
      (async () => {
        for await (const row of faulty.storage.list(""))
          if (row.kind === "object") seen.push(row.key);
      })(),
    );
    expect(failed).to.include({ kind: "throttled" });
    expect(seen).to.deep.equal(["a", "b"]);
    expect(await collect(faulty.storage.list(""))).to.have.length(3);
  });

  it("holds a call back until it is let go, or aborted", async () => {
    const { faulty, memory } = given();
    const gate = Promise.withResolvers<void>();
    faulty.inject({ operation: "put", times: Infinity, hold: gate.promise });
    const stop = new AbortController();
    const aborted = faulty.storage.put("a", x, { signal: stop.signal });
    const held = faulty.storage.put("b", x);
    const reason = new Error("enough");
    stop.abort(reason);
    expect(await rejection(aborted)).to.equal(reason);
    expect(memory.keys()).to.deep.equal([]);
    gate.resolve();
    await held;
    expect(memory.keys()).to.deep.equal(["b"]);
  });

  it("delays a call by the clock", async () => {
    const { faulty, memory, clock } = given();
    faulty.inject({ operation: "put", delayMs: 500 });
    const put = faulty.storage.put("a", x);
    await clock.advance(499);
    expect(memory.keys()).to.deep.equal([]);
    await clock.advance(1);
    await put;
    expect(memory.keys()).to.deep.equal(["a"]);
  });
});
