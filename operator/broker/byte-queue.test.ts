import { expect } from "chai";

import { ByteQueue } from "./byte-queue.ts";

function queueOf(...chunks: readonly (readonly number[])[]): ByteQueue {
  const queue = new ByteQueue();
  for (const chunk of chunks) queue.push(Buffer.from(chunk));
  return queue;
}

/** 0, 1, 2, … 250, 0, 1, …: any byte that is lost, doubled or moved shows. */
function pattern(count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, (_, i) => i % 251));
}

describe("ByteQueue", () => {
  it("reads numbers that lie across chunks", () => {
    const bytes = Buffer.from("7f8000ff01020304fffffffffffffffe", "hex");
    for (let at = 0; at <= bytes.length; at += 1) {
      const queue = new ByteQueue();
      // Large second halves are kept as they are, small ones are joined: both ways must agree.
      queue.push(Buffer.from(bytes.subarray(0, at)));
      queue.push(Buffer.from(bytes.subarray(at)));
      expect(queue.readByte()).to.equal(0x7f);
      expect(queue.readByte()).to.equal(0x80);
      expect(queue.readInt16()).to.equal(0xff);
      expect(queue.readInt32()).to.equal(0x01020304);
      expect(queue.readInt64()).to.equal(-2n);
      expect(queue.length).to.equal(0);
    }
  });

  it("gives bytes of one chunk without copying them", () => {
    const chunk = pattern(1000);
    const queue = new ByteQueue();
    queue.push(chunk);
    queue.skip(10);
    expect(queue.take(100).buffer).to.equal(chunk.buffer);
    const rest = queue.takeChunk(10_000);
    expect(rest.buffer).to.equal(chunk.buffer);
    expect(rest).to.deep.equal(chunk.subarray(110));
  });

  it("keeps large chunks apart instead of joining them", () => {
    const [one, two] = [pattern(65_536), pattern(65_536)];
    const queue = new ByteQueue();
    queue.push(one);
    queue.push(two);
    expect(queue.takeChunk(1 << 20).buffer).to.equal(one.buffer);
    expect(queue.takeChunk(1 << 20).buffer).to.equal(two.buffer);
  });

  it("joins what trickles in, so that many small chunks cost little memory", () => {
    const bytes = pattern(20_000);
    const queue = new ByteQueue();
    for (const byte of bytes) queue.push(Buffer.from([byte]));
    const chunks: Buffer[] = [];
    while (queue.length > 0) chunks.push(queue.takeChunk(1 << 20));
    expect(Buffer.concat(chunks)).to.deep.equal(bytes);
    expect(chunks.length).to.be.below(10);
  });

  it("leaves bytes that were handed out alone while more are joined behind them", () => {
    const queue = queueOf([1], [2], [3]);
    queue.skip(1);
    const taken = queue.takeChunk(1);
    queue.push(Buffer.from([4]));
    queue.push(Buffer.from([5]));
    expect([...taken]).to.deep.equal([2]);
    expect([...queue.take(3)]).to.deep.equal([3, 4, 5]);
  });

  it("holds the same bytes whatever the order of pushes and takes", () => {
    const bytes = pattern(30_000);
    const queue = new ByteQueue();
    const out: Buffer[] = [];
    let pushed = 0;
    for (let step = 1; pushed < bytes.length || queue.length > 0; step += 1) {
      const size = [1, 7, 600, 3, 513][step % 5] ?? 1;
      queue.push(Buffer.from(bytes.subarray(pushed, pushed + size)));
      pushed = Math.min(bytes.length, pushed + size);
      const wanted = Math.min(queue.length, (step * 31) % 240);
      out.push(step % 2 === 0 ? queue.take(wanted) : queue.take(Math.min(1, wanted)));
    }
    expect(Buffer.concat(out)).to.deep.equal(bytes);
  });

  it("takes nothing as an empty buffer, and ignores empty chunks", () => {
    const queue = queueOf([], [9], []);
    expect(queue.take(0)).to.have.length(0);
    expect(queue.length).to.equal(1);
    expect(queue.readByte()).to.equal(9);
  });

  it("refuses to read more than there is", () => {
    const queue = queueOf([1, 2, 3]);
    expect(() => queue.readInt32()).to.throw("4 bytes wanted, 3 there");
    expect(() => queue.skip(4)).to.throw("no bytes to take");
  });
});
