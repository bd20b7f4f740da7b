import { expect } from "chai";
import { ManualClock } from "../testing/manual-clock.ts";
import { WorkQueue } from "./queue.ts";

describe("WorkQueue", () => {
  let clock: ManualClock;
  let queue: WorkQueue;

  beforeEach(() => {
    clock = new ManualClock();
    // The whole pause, without jitter.
    queue = new WorkQueue({ clock, random: () => 1 });
  });

  const takenAll = async () => {
    const keys: string[] = [];
    while (queue.depth > 0) keys.push(String(await queue.take()));
    return keys;
  };

  it("gives keys out in the order they came, each once", async () => {
    for (const key of ["a", "b", "a", "c", "b"]) queue.add(key);
    expect(await takenAll()).to.deep.equal(["a", "b", "c"]);
  });

  it("hands a key to a worker that waits", async () => {
    const first = queue.take();
    const second = queue.take();
    queue.add("a");
    queue.add("b");
    expect(await Promise.all([first, second])).to.deep.equal(["a", "b"]);
  });

  it("never gives a key out twice at a time, and again after work if it was added meanwhile", async () => {
    queue.add("a");
    expect(await queue.take()).to.equal("a");
    queue.add("a");
    queue.add("a");
    let another: string | undefined = "nothing";
    void queue.take().then((key) => {
      another = key;
    });
    await clock.advance(0);
    expect(another).to.equal("nothing");
    queue.done("a");
    await clock.advance(0);
    expect(another).to.equal("a");
    queue.done("a");
    expect(queue.depth).to.equal(0);
  });

  it("lets others go first before a busy key's next turn", async () => {
    queue.add("a");
    await queue.take();
    queue.add("a");
    queue.add("b");
    queue.done("a");
    expect(await takenAll()).to.deep.equal(["b", "a"]);
  });

  it("gives delayed keys out when they are due, the earlier of two times", async () => {
    queue.addAfter("a", 500);
    queue.addAfter("a", 2000);
    queue.addAfter("b", 1000);
    queue.addAfter("b", 700);
    await clock.advance(499);
    expect(queue.depth).to.equal(0);
    await clock.advance(1);
    expect(await takenAll()).to.deep.equal(["a"]);
    await clock.advance(200);
    expect(await takenAll()).to.deep.equal(["b"]);
    queue.done("a");
    queue.done("b");
    await clock.advance(10_000);
    expect(queue.depth).to.equal(0);
    expect(clock.pending).to.equal(0);
  });

  it("keeps one timer, however many keys are delayed", () => {
    for (let at = 100; at > 0; at -= 1) queue.addAfter(`k${at}`, at * 10);
    expect(queue.delayed).to.equal(100);
    expect(clock.pending).to.equal(1);
  });

  it("waits for months in pieces that a timer can hold", async () => {
    const waits: number[] = [];
    const after = clock.after.bind(clock);
    clock.after = (ms, fn) => {
      waits.push(ms);
      return after(ms, fn);
    };
    queue.addAfter("a", 100 * 86_400_000);
    await clock.advance(7_200_000);
    expect(waits).to.deep.equal([3_600_000, 3_600_000, 3_600_000]);
    expect(queue.depth).to.equal(0);
    queue.close();
  });

  it("drops what was delayed for a key when it is taken", async () => {
    queue.addAfter("a", 1000);
    queue.add("a");
    expect(await queue.take()).to.equal("a");
    queue.done("a");
    await clock.advance(5000);
    expect(queue.depth).to.equal(0);
  });

  it("runs a delayed key after its work when it falls due meanwhile", async () => {
    queue.add("a");
    await queue.take();
    queue.addAfter("a", 100);
    await clock.advance(100);
    queue.done("a");
    expect(await takenAll()).to.deep.equal(["a"]);
  });

  it("doubles the pause with every failure up to its cap, until forgotten", async () => {
    const pauses: number[] = [];
    for (let failure = 0; failure < 12; failure += 1) {
      pauses.push(queue.retry("a"));
      await clock.advance(300_000);
      await queue.take();
      queue.done("a");
    }
    expect(pauses.slice(0, 4)).to.deep.equal([500, 1000, 2000, 4000]);
    expect(pauses.slice(-2)).to.deep.equal([300_000, 300_000]);
    queue.forget("a");
    expect(queue.retry("a")).to.equal(500);
    expect(queue.retry("b")).to.equal(500);
  });

  it("lets go of every taker when closed, and takes nothing more", async () => {
    const waiting = queue.take();
    queue.addAfter("a", 100);
    queue.close();
    queue.add("b");
    queue.addAfter("c", 1);
    await clock.advance(1000);
    expect(await waiting).to.equal(undefined);
    expect(await queue.take()).to.equal(undefined);
    expect([queue.depth, queue.delayed, clock.pending]).to.deep.equal([0, 0, 0]);
  });

  it("lets a key in work be done after the close", async () => {
    queue.add("a");
    await queue.take();
    queue.add("a");
    queue.close();
    queue.done("a");
    expect(await queue.take()).to.equal(undefined);
  });

  it("refuses a delay that is no number", () => {
    expect(() => queue.addAfter("a", NaN)).to.throw("delay of a");
  });

  it("never loses an add and never works on a key twice at a time, whatever the order", async () => {
    let seed = 7;
    const below = (limit: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % limit;
    };
    const asked = new Map<string, number>();
    const seen = new Map<string, number>();
    const working = new Set<string>();
    const work = async () => {
      for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
        expect(working.has(key), `${key} twice at a time`).to.equal(false);
        working.add(key);
        seen.set(key, asked.get(key) ?? 0);
        await clock.sleep(below(30));
        working.delete(key);
        queue.done(key);
      }
    };
    const workers = [work(), work(), work()];
    for (let step = 1; step <= 400; step += 1) {
      const key = `k${below(8)}`;
      asked.set(key, step);
      if (below(2) === 0) queue.add(key);
      else queue.addAfter(key, below(60));
      if (below(3) === 0) await clock.advance(below(25));
    }
    await clock.advance(10_000);
    expect(Object.fromEntries(seen)).to.deep.equal(Object.fromEntries(asked));
    queue.close();
    await Promise.all(workers);
  });
});
