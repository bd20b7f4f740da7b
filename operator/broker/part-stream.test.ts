import { expect } from "chai";
import { makeFaulty } from "../storage/testing/faulty.ts";
import { pattern, rejection } from "../storage/testing/collect.ts";
import { MemoryStorage, type MemoryStorageOptions } from "../storage/testing/memory.ts";
import { STORES } from "../storage/testing/stores.ts";
import { BufferPool } from "./buffer-pool.ts";
import { PartStream } from "./part-stream.ts";
import { until } from "./testing/service-fixture.ts";

const PART_BYTES = 1000;
const KEY = "staging/a";

/** A stream into a storage that can be told to fail or to wait, and the pool that its memory is from. */
function open(options: MemoryStorageOptions) {
  const memory = new MemoryStorage(options);
  const faulty = makeFaulty(memory);
  const pool = new BufferPool(8, PART_BYTES);
  const stream = new PartStream(faulty.storage, pool, { key: KEY, temporary: true });
  const append = (bytes: Buffer): Promise<void> =>
    stream.append(chunksOf(bytes), new AbortController().signal);
  return { memory, faulty, pool, stream, append, sent: () => faulty.count("upload.part") };
}

/** Not as large as parts are, so that a part begins in the middle of one. */
async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 300) yield bytes.subarray(at, at + 300);
}

/** Every promise that is about to settle has settled. */
async function allSettled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
}

for (const { name, options } of STORES) {
  describe(`PartStream into a store like ${name}`, () => {
    for (const size of [PART_BYTES + 1, 2 * PART_BYTES, 5 * PART_BYTES + 7]) {
      it(`stores ${size} bytes as they came and gives its memory back`, async () => {
        const { memory, pool, stream, append } = open(options);
        const bytes = pattern(size);
        await append(bytes.subarray(0, 700));
        await append(bytes.subarray(700));
        await stream.flush();
        expect(pool.used).to.equal(0);
        // As a successor completes it, with nothing but the state.
        await memory.another().resumeUpload(stream.uploaded().state()).complete();
        expect(memory.content(KEY)?.equals(bytes)).to.equal(true);
        expect(memory.openUploads()).to.deep.equal([]);
      });
    }

    it("gives up with a failed part: all memory, the upload, and every later call", async () => {
      const { memory, faulty, pool, stream, append } = open(options);
      faulty.inject({ operation: "upload.part", nth: 2, kind: "accessDenied" });
      const failed = await rejection(append(pattern(9 * PART_BYTES)).then(() => stream.flush()));
      expect(failed).to.include({ kind: "accessDenied" });
      expect(await rejection(append(pattern(10)))).to.equal(failed);
      expect(await rejection(stream.flush())).to.equal(failed);
      await stream.abort(new Error("given up"));
      expect(pool.used).to.equal(0);
      expect(memory.openUploads()).to.deep.equal([]);
      expect(memory.keys()).to.deep.equal([]);
    });
  });
}

describe("PartStream, where parts follow each other", () => {
  const inOrder = { capabilities: { partBytesMin: 1, partsInOrder: true } };

  it("sends the second when the first has ended, and fills a slot meanwhile", async () => {
    const { memory, faulty, pool, stream, append, sent } = open(inOrder);
    const hold = Promise.withResolvers<void>();
    faulty.inject({ operation: "upload.part", hold: hold.promise });
    const bytes = pattern(4 * PART_BYTES + 5);
    const appended = append(bytes);
    await until(() => sent() === 1);
    await allSettled();
    expect(sent()).to.equal(1);
    expect(pool.used, "one on its way, one full").to.equal(2);
    hold.resolve();
    await appended;
    await stream.flush();
    await stream.uploaded().complete();
    expect(memory.content(KEY)?.equals(bytes)).to.equal(true);
    expect(pool.used).to.equal(0);
  });

  it("sends none after one that failed", async () => {
    const { faulty, pool, stream, append, sent } = open(inOrder);
    const hold = Promise.withResolvers<void>();
    faulty.inject({ operation: "upload.part", hold: hold.promise, kind: "accessDenied" });
    const appended = rejection(append(pattern(4 * PART_BYTES)));
    await until(() => pool.used === 2);
    hold.resolve();
    expect(await appended).to.include({ kind: "accessDenied" });
    await stream.abort(new Error("given up"));
    expect(sent()).to.equal(1);
    expect(pool.used).to.equal(0);
  });

  it("gives back what waits for its turn when it is aborted, and what is on its way when that has ended", async () => {
    const { memory, faulty, pool, stream, append, sent } = open(inOrder);
    const reading = Promise.withResolvers<void>();
    // The store is slow to let go of the first part's bytes.
    faulty.inject({ operation: "upload.part", hold: reading.promise });
    const appended = rejection(append(pattern(4 * PART_BYTES)));
    await until(() => pool.used === 2);
    const reason = new Error("the writer was given up");
    const aborted = stream.abort(reason);
    expect(await rejection(append(pattern(1)))).to.equal(reason);
    reading.resolve();
    await aborted;
    expect(await appended).to.equal(reason);
    expect(sent()).to.equal(1);
    expect(pool.used).to.equal(0);
    expect(memory.openUploads()).to.deep.equal([]);
  });
});

describe("PartStream, where parts need no order", () => {
  it("sends the next while the first is on its way, and as many as it may", async () => {
    const { faulty, stream, append, sent } = open({ capabilities: { partBytesMin: 1 } });
    const hold = Promise.withResolvers<void>();
    faulty.inject({ operation: "upload.part", hold: hold.promise, times: Infinity });
    const appended = append(pattern(7 * PART_BYTES));
    await until(() => sent() === 4);
    await allSettled();
    expect(sent()).to.equal(4);
    hold.resolve();
    await appended;
    await stream.flush();
  });
});
