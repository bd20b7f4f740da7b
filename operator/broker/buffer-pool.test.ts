import { expect } from "chai";
import { BufferPool } from "./buffer-pool.ts";

const never = new AbortController().signal;

describe("BufferPool", () => {
  it("makes no more slots than it was given, and uses them again", async () => {
    const pool = new BufferPool(2, 16);
    const first = await pool.acquire(never);
    const second = await pool.acquire(never);
    expect(pool.tryAcquire()).to.equal(undefined);
    first.release();
    const third = await pool.acquire(never);
    expect(third.buffer).to.equal(first.buffer);
    expect(pool.used).to.equal(2);
    second.release();
    third.release();
    expect(pool.used).to.equal(0);
  });

  it("serves those who wait in the order in which they came", async () => {
    const pool = new BufferPool(2, 16);
    const held = [await pool.acquire(never), await pool.acquire(never)];
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (n) => {
      const slot = await pool.acquire(never);
      order.push(n);
      slot.release();
    });
    expect(pool.waiting).to.equal(3);
    for (const slot of held) slot.release();
    await Promise.all(waiting);
    expect(order).to.deep.equal([1, 2, 3]);
  });

  it("lets nobody past those who wait", async () => {
    const pool = new BufferPool(2, 16);
    const held = [await pool.acquire(never), await pool.acquire(never)];
    const waiting = pool.acquire(never);
    held[0]?.release();
    expect(pool.tryAcquire()).to.equal(undefined);
    (await waiting).release();
    expect(pool.tryAcquire()).to.not.equal(undefined);
  });

  it("forgets who gave up waiting", async () => {
    const pool = new BufferPool(2, 16);
    const held = [await pool.acquire(never), await pool.acquire(never)];
    const gone = new AbortController();
    const waiting = pool.acquire(gone.signal);
    gone.abort(new Error("too late"));
    let message = "";
    await waiting.catch((error: unknown) => {
      message = String(error);
    });
    expect(message).to.contain("too late");
    expect(pool.waiting).to.equal(0);
    for (const slot of held) slot.release();
    expect(pool.used).to.equal(0);
  });

  it("does not take a slot back twice", async () => {
    const pool = new BufferPool(2, 16);
    const slot = await pool.acquire(never);
    slot.release();
    expect(() => slot.release()).to.throw("once");
  });
});
