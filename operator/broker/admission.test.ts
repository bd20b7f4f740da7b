import { expect } from "chai";
import { ManualClock } from "../testing/manual-clock.ts";
import { Admission } from "./admission.ts";

const MIB = 1024 * 1024;

function fixture(bytesPerSecond?: number) {
  const clock = new ManualClock();
  const admission = new Admission({
    clock,
    slots: 32,
    deadlineMs: 25_000,
    bytesPerSecond: () => bytesPerSecond,
  });
  return { clock, admission };
}

describe("Admission", () => {
  it("admits what memory holds", () => {
    expect(fixture().admission.limit).to.equal(32);
  });

  it("admits as many as get a pwrite through in half of the deadline", () => {
    expect(fixture(4 * MIB).admission.limit).to.equal(12);
    expect(fixture(MIB).admission.limit).to.equal(3);
  });

  it("admits one at the least", () => {
    expect(fixture(1000).admission.limit).to.equal(1);
  });

  it("admits half as many after a missed deadline, counting one jam once, and grows again", async () => {
    const { clock, admission } = fixture();
    for (const open of [20, 12, 5, 1]) admission.missed(open);
    expect(admission.limit).to.equal(10);
    await clock.advance(25_000);
    admission.missed(10);
    expect(admission.limit).to.equal(5);
    await clock.advance(90_000);
    expect(admission.limit).to.equal(8);
    await clock.advance(3_600_000);
    expect(admission.limit).to.equal(32);
  });
});
