// The pause between two looks at one job.
import { expect } from "chai";
import { awaitChange, poll } from "../../runtime/result.ts";
import { restore } from "../testing/samples.ts";
import { ago, mounted, seen, submitted } from "../testing/seen.ts";
import { paced } from "./pace.ts";

const BACKUP = seen(submitted());
const SENT = { label: "nightly_bbbbbbbb", attempt: 1, time: ago(0), before: "" };

describe("paced", () => {
  it("looks as often as it is asked to while few jobs run", () => {
    expect(paced(BACKUP, poll(2_000, "StarRocks"), 20)).to.deep.equal(poll(2_000, "StarRocks"));
  });

  it("makes ten looks a second of any number of jobs", () => {
    expect(paced(BACKUP, poll(2_000, "StarRocks"), 100)).to.deep.equal(poll(10_000, "StarRocks"));
    expect(paced(BACKUP, poll(15_000, "StarRocks"), 100)).to.deep.equal(poll(15_000, "StarRocks"));
  });

  it("holds up nobody who goes on", () => {
    for (const result of [poll(0, "the slot"), awaitChange("the agents")]) {
      expect(paced(BACKUP, result, 1_000)).to.equal(result);
    }
  });

  it("looks as often at a Restore that may still be kept from replacing anything", () => {
    const result = poll(2_000, "StarRocks");
    for (const phase of ["PENDING", "SNAPSHOTING"] as const) {
      const early = seen(mounted({ job: restore(), status: { phase, submission: SENT } }));
      expect(paced(early, result, 1_000)).to.equal(result);
    }
    const later = seen(submitted({ job: restore(), status: { phase: "DOWNLOADING" } }));
    expect(paced(later, result, 1_000)).to.deep.equal(poll(100_000, "StarRocks"));
  });
});
