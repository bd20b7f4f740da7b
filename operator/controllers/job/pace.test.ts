// The pause between two looks at one job.
import { expect } from "chai";
import { awaitChange, poll } from "../../runtime/result.ts";
import { paced } from "./pace.ts";

describe("paced", () => {
  it("looks as often as it is asked to while few jobs run", () => {
    expect(paced(poll(2_000, "StarRocks"), 20)).to.deep.equal(poll(2_000, "StarRocks"));
  });

  it("makes ten looks a second of any number of jobs", () => {
    expect(paced(poll(2_000, "StarRocks"), 100)).to.deep.equal(poll(10_000, "StarRocks"));
    expect(paced(poll(15_000, "StarRocks"), 100)).to.deep.equal(poll(15_000, "StarRocks"));
  });

  it("holds up nobody who goes on", () => {
    for (const result of [poll(0, "the slot"), awaitChange("the agents")]) {
      expect(paced(result, 1_000)).to.equal(result);
    }
  });
});
