import { expect } from "chai";
import type { Log } from "../log.ts";
import { silentLog } from "../log.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import type { StorageErrorKind } from "./errors.ts";
import { STORAGE_ERROR_KINDS } from "./errors.ts";
import type { RetryOptions } from "./retrying.ts";
import { Retrier, retrying } from "./retrying.ts";
import type { Storage } from "./storage.ts";
import { collect, pattern, readAll, rejection } from "./testing/collect.ts";
import { storageContract } from "./testing/contract.ts";
import type { Fault } from "./testing/faulty.ts";
import { makeFaulty } from "./testing/faulty.ts";
import { MemoryStorage } from "./testing/memory.ts";

const capabilities = { partBytesMin: 1000 };
const x = Buffer.from("x");

function given(options: RetryOptions = {}, log: Log = silentLog) {
  const clock = new ManualClock();
  const memory = new MemoryStorage({ capabilities });
  const faulty = makeFaulty(memory, clock);
  const deps = { clock, log, random: () => 1 };
  const storage = retrying(faulty.storage, new Retrier(deps, options));
  /** What the work comes to when so much time passes. */
  const live = async <T>(work: Promise<T>): Promise<T> => {
    const outcome = Promise.allSettled([work]);
    await clock.advance(120_000);
    await outcome;
    return work;
  };
  return { clock, memory, faulty, storage, live };
}

storageContract("A retrying storage", async () => {
  const { storage } = given();
  return { storage, close: async () => {} };
});

describe("retrying", () => {
  for (const [kind, { permanent }] of Object.entries(STORAGE_ERROR_KINDS)) {
    it(`${permanent ? "never tries again" : "tries again"} after ${kind}`, async () => {
      const { faulty, storage, live, memory } = given();
      faulty.inject({ operation: "put", kind: kind as StorageErrorKind });
      const put = storage.put("a", x);
      if (permanent) expect(await rejection(live(put))).to.include({ kind });
      else await live(put);
      expect(faulty.count("put")).to.equal(permanent ? 1 : 2);
      expect(memory.keys()).to.deep.equal(permanent ? [] : ["a"]);
    });
  }

  it("never tries again after a bug of ours", async () => {
    const { faulty, storage } = given();
    await rejection(storage.put("a//b", x));
    expect(faulty.count("put")).to.equal(1);
  });

  it("gives up after so many tries with the last error", async () => {
    const { faulty, storage, live } = given({ tries: 4 });
    faulty.inject({ operation: "stat", kind: "timeout", times: 3 });
    faulty.inject({ operation: "stat", kind: "throttled", times: Infinity });
    expect(await rejection(live(storage.stat("a")))).to.include({ kind: "throttled" });
    expect(faulty.count("stat")).to.equal(4);
  });

  it("gives an unknown failure fewer tries", async () => {
    const { faulty, storage, live } = given({ tries: 8, triesOfUnknown: 2 });
    faulty.inject({ operation: "stat", kind: "unknown", times: Infinity });
    await rejection(live(storage.stat("a")));
    expect(faulty.count("stat")).to.equal(2);
  });

  it("waits twice as long from try to try, up to a ceiling", async () => {
    const { faulty, storage, clock } = given({ tries: 6, firstDelayMs: 100, delayMaxMs: 400 });
    faulty.inject({ operation: "stat", kind: "unavailable", times: 5 });
    const stat = storage.stat("a");
    const tries: number[] = [];
    for (const ms of [99, 1, 199, 1, 399, 1, 399, 1, 399, 1]) {
      await clock.advance(ms);
      tries.push(faulty.count("stat"));
    }
    expect(tries).to.deep.equal([1, 2, 2, 3, 3, 4, 4, 5, 5, 6]);
    await stat;
  });

  it("spreads the pauses by chance over the whole range", async () => {
    const clock = new ManualClock();
    const faulty = makeFaulty(new MemoryStorage());
    faulty.inject({ operation: "stat", kind: "unavailable" });
    const deps = { clock, log: silentLog, random: () => 0.25 };
    const stat = retrying(faulty.storage, new Retrier(deps, { firstDelayMs: 100 })).stat("a");
    await clock.advance(24);
    expect(faulty.count("stat")).to.equal(1);
    await clock.advance(1);
    expect(faulty.count("stat")).to.equal(2);
    await stat;
  });

  it("waits as long as the store asks, but not for ever", async () => {
    const { faulty, storage, clock } = given({ retryAfterMaxMs: 20_000 });
    faulty.inject({ operation: "stat", kind: "throttled", retryAfterMs: 5_000 });
    faulty.inject({ operation: "stat", kind: "throttled", retryAfterMs: 3_600_000, nth: 2 });
    const stat = storage.stat("a");
    await clock.advance(4_999);
    expect(faulty.count("stat")).to.equal(1);
    await clock.advance(1);
    expect(faulty.count("stat")).to.equal(2);
    await clock.advance(20_000);
    expect(faulty.count("stat")).to.equal(3);
    await stat;
  });

  it("ends in a pause with the signal's reason when aborted", async () => {
    const { faulty, storage, clock } = given();
    faulty.inject({ operation: "put", kind: "unavailable", times: Infinity });
    const stop = new AbortController();
    const put = rejection(storage.put("a", x, { signal: stop.signal }));
    await clock.advance(10);
    const reason = new Error("deadline");
    stop.abort(reason);
    expect(await put).to.equal(reason);
    expect(clock.pending).to.equal(0);
    expect(faulty.count("put")).to.equal(1);
  });

  it("says from the third failure on what is going on", async () => {
    const said: string[] = [];
    const note = (level: string) => (message: string, fields?: object) => {
      said.push(`${level} ${message} ${JSON.stringify(fields)}`);
    };
    const log: Log = { ...silentLog, debug: note("debug"), warn: note("warn") };
    const { faulty, storage, live } = given({}, log);
    faulty.inject({ operation: "put", kind: "throttled", times: 3 });
    await live(storage.put("a/b", x));
    expect(said.map((line) => line.split(" ")[0])).to.deep.equal(["debug", "debug", "warn"]);
    expect(said[2]).to.include('"operation":"put","key":"a/b","kind":"throttled"');
  });

  it("retries each call of an upload, and a part under its own number", async () => {
    const { faulty, storage, memory, live } = given();
    const operations = ["upload", "upload.part", "upload.complete"] as const;
    for (const operation of operations) faulty.inject({ operation, kind: "throttled" });
    const parts = [1, 2, 3].map((seed) => pattern(2000, seed));
    const upload = await live(storage.upload("a"));
    await live(Promise.all(parts.map((part) => upload.part(part))));
    await live(upload.complete());
    expect(memory.content("a")?.equals(Buffer.concat(parts))).to.equal(true);
    expect(await collect(memory.listUploads(""))).to.deep.equal([]);
  });

  for (const fault of [
    { operation: "upload.part" },
    { operation: "upload.complete" },
    { operation: "upload.abort" },
    { operation: "put" },
    { operation: "copy" },
    { operation: "move" },
    { operation: "delete" },
    { operation: "deleteMany" },
  ] satisfies Fault[]) {
    it(`a lost answer of ${fault.operation} ends well`, async () => {
      const { faulty, storage, memory, live } = given();
      await memory.put("source", x);
      faulty.inject({ ...fault, kind: "unavailable", lostAnswer: true, times: 2 });
      await live(everything(storage));
      expect(memory.keys()).to.deep.equal(["moved", "uploaded"]);
      expect(memory.content("uploaded")?.toString()).to.equal("first");
      expect(await collect(memory.listUploads(""))).to.deep.equal([]);
    });
  }

  it("keeps asking for a complete whose answer and upload are gone, and then gives up", async () => {
    const { faulty, storage, live, memory } = given({ tries: 4 });
    const upload = await storage.upload("a");
    await upload.part(x);
    await memory.resumeUpload(upload.state()).abort();
    faulty.inject({ operation: "upload.complete", kind: "timeout" });
    const failed = await rejection(live(upload.complete()));
    expect(failed).to.include({ kind: "unavailable" });
    expect(faulty.count("upload.complete")).to.equal(4);
  });

  it("believes at once that the upload is gone when no answer was lost", async () => {
    const { faulty, storage, memory } = given();
    const upload = await storage.upload("a");
    await upload.part(x);
    await memory.resumeUpload(upload.state()).abort();
    expect(await rejection(upload.complete())).to.include({ kind: "notFound" });
    expect(faulty.count("upload.complete")).to.equal(1);
  });
});

async function everything(storage: Storage): Promise<void> {
  const upload = await storage.upload("uploaded");
  await upload.part(Buffer.from("first"));
  await upload.complete();
  const other = await storage.upload("aborted");
  await other.abort();
  await storage.put("a", x);
  await storage.copy("a", "b");
  await storage.move("source", "moved");
  await storage.delete("a");
  await storage.deleteMany(["b"]);
}

describe("retrying put with ifAbsent", () => {
  const lost: Fault = { operation: "put", kind: "timeout", lostAnswer: true };

  it("knows its own object when the answer to the first try was lost", async () => {
    const { faulty, storage, live, memory } = given();
    faulty.inject(lost);
    const info = await live(storage.put("a", pattern(100_000), { ifAbsent: true }));
    expect(info).to.deep.equal(await memory.stat("a"));
  });

  it("refuses another's object that came between", async () => {
    for (const theirs of ["y", "longer"]) {
      const { faulty, storage, live, memory } = given();
      faulty.inject({ operation: "put", kind: "timeout" });
      const put = storage.put("a", x, { ifAbsent: true });
      await memory.put("a", Buffer.from(theirs));
      expect(await rejection(live(put))).to.include({ kind: "alreadyExists" });
      expect(memory.content("a")?.toString()).to.equal(theirs);
    }
  });

  it("refuses what was there before the first try, even of the same content", async () => {
    const { storage, memory } = given();
    await memory.put("a", x);
    const failed = await rejection(storage.put("a", x, { ifAbsent: true }));
    expect(failed).to.include({ kind: "alreadyExists" });
  });
});

describe("retrying reads", () => {
  const body = pattern(400_000);

  it("take a broken body up where it broke, and hand out each byte once", async () => {
    const { faulty, storage, memory, live } = given();
    await memory.put("a", body);
    for (const [nth, cutAfter] of [
      [1, 100_000],
      [2, 0],
      [3, 65_536],
    ] as const) {
      faulty.inject({ operation: "read", nth, cutAfter });
    }
    const got = await live(readAll(storage, "a", { start: 10, length: 350_000 }));
    expect(got.equals(body.subarray(10, 350_010))).to.equal(true);
    expect(faulty.count("read")).to.equal(4);
  });

  it("retry the opening, also in the middle", async () => {
    const { faulty, storage, memory, live } = given();
    await memory.put("a", body);
    faulty.inject({ operation: "read", kind: "throttled" });
    faulty.inject({ operation: "read", nth: 2, cutAfter: 70_000 });
    faulty.inject({ operation: "read", nth: 3, kind: "timeout", times: 2 });
    expect((await live(readAll(storage, "a"))).equals(body)).to.equal(true);
  });

  it("may break any number of times as long as bytes come in between", async () => {
    const { faulty, storage, memory, live } = given({ tries: 3 });
    await memory.put("a", body);
    faulty.inject({ operation: "read", times: 20, cutAfter: 1000 });
    expect((await live(readAll(storage, "a"))).equals(body)).to.equal(true);
    expect(faulty.count("read")).to.equal(21);
  });

  it("give up when no more bytes come", async () => {
    const { faulty, storage, memory, live } = given({ tries: 3 });
    await memory.put("a", body);
    faulty.inject({ operation: "read", cutAfter: 1000 });
    faulty.inject({ operation: "read", nth: 2, times: Infinity, cutAfter: 0 });
    expect(await rejection(live(readAll(storage, "a")))).to.include({ kind: "unavailable" });
    expect(faulty.count("read")).to.equal(3);
  });

  it("do not go on with another object that took the key", async () => {
    const { faulty, storage, memory, live } = given();
    await memory.put("a", body);
    faulty.inject({ operation: "read", cutAfter: 1000 });
    const reader = await storage.read("a");
    await memory.put("a", pattern(400_000, 2));
    expect(await rejection(live(collect(reader.body)))).to.include({ kind: "changed" });
  });

  it("end without another request when only the end was lost", async () => {
    const { faulty, storage, memory, live } = given();
    await memory.put("a", body);
    faulty.inject({ operation: "read", cutAfter: body.length });
    expect((await live(readAll(storage, "a"))).equals(body)).to.equal(true);
    expect(faulty.count("read")).to.equal(1);
  });

  it("let go in a pause open nothing again", async () => {
    const { faulty, storage, memory, live, clock } = given();
    await memory.put("a", body);
    faulty.inject({ operation: "read", cutAfter: 0 });
    const reader = await storage.read("a");
    const reading = rejection(collect(reader.body));
    await clock.advance(1);
    reader.destroy();
    expect(await live(reading)).to.include({ kind: "unavailable" });
    expect(faulty.count("read")).to.equal(1);
  });
});

describe("retrying listings", () => {
  const names = ["a", "b", "c/1", "c/2", "d"];

  for (const folded of [false, true]) {
    it(`go on after the last row${folded ? ", folded" : ""}`, async () => {
      const { faulty, storage, memory, live } = given({ tries: 2 });
      for (const name of names) await memory.put(name, x);
      const whole = await collect(memory.list("", { folded }));
      faulty.inject({ operation: "list", times: 4, cutAfter: 1 });
      expect(await live(collect(storage.list("", { folded })))).to.deep.equal(whole);
    });
  }

  it("of uploads tell each upload once", async () => {
    const { faulty, storage, memory, live } = given();
    for (const name of ["a", "a", "b"]) await memory.upload(name);
    faulty.inject({ operation: "listUploads", cutAfter: 2 });
    const told = await live(collect(storage.listUploads("")));
    expect(told).to.deep.equal(await collect(memory.listUploads("")));
  });

  it("of uploads give up when nothing new comes", async () => {
    const { faulty, storage, memory, live } = given({ tries: 3 });
    for (const name of ["a", "b"]) await memory.upload(name);
    faulty.inject({ operation: "listUploads", times: Infinity, cutAfter: 1 });
    expect(await rejection(live(collect(storage.listUploads(""))))).to.include({
      kind: "unavailable",
    });
  });
});
