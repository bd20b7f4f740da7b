import { expect } from "chai";
import { ManualClock } from "../testing/manual-clock.ts";
import { HandleTable, Remembered } from "./handles.ts";

describe("HandleTable", () => {
  it("hands out descriptors that are never used twice and never {0,0}", () => {
    const table = new HandleTable<number>(new ManualClock(), 100);
    const fds = Array.from({ length: 100 }, (_, i) => table.add(i, "be", 1000));
    expect(new Set(fds.map((fd) => `${fd.high}:${fd.low}`)).size).to.equal(100);
    expect(table.get({ high: 0n, low: 0n })).to.equal(undefined);
    expect(() => table.add(0, "be", 1000)).to.throw("100 files are open");
  });

  it("tells what has been unused longest, without regard to pings", async () => {
    const clock = new ManualClock();
    const table = new HandleTable<string>(clock, 9);
    const first = table.add("first", "be", 1e9);
    table.add("second", "be", 1e9);
    await clock.advance(50);
    table.get(first);
    await clock.advance(51);
    table.touch("be");
    expect(table.takeIdle(101)).to.equal(undefined);
    expect(table.takeIdle(100)).to.equal("second");
    expect(table.takeIdle(100)).to.equal(undefined);
    expect(table.size).to.equal(1);
  });
});

describe("Remembered", () => {
  it("forgets the oldest first, and what is set again is new", () => {
    const remembered = new Remembered<number>(2);
    for (const key of ["a", "b", "a", "c"]) remembered.set(key, 1);
    expect(["a", "b", "c"].map((key) => remembered.get(key))).to.deep.equal([1, undefined, 1]);
  });
});
