import { expect } from "chai";
import {
  type Condition,
  type ConditionUpdate,
  findCondition,
  isTrue,
  removeCondition,
  setCondition,
  timestamp,
} from "./conditions.ts";

const THEN = Date.UTC(2026, 10, 21, 12, 0, 0, 999);
const NOW = THEN + 60_000;

const ready: Condition = {
  type: "Ready",
  status: "False",
  reason: "StorageUnreachable",
  message: "no answer from the store",
  observedGeneration: 1,
  lastTransitionTime: timestamp(THEN),
};
const stalled: Condition = { ...ready, type: "Stalled" };

function stated(condition: Condition): ConditionUpdate {
  const { lastTransitionTime: _, ...update } = condition;
  return update;
}

describe("setCondition", () => {
  it("adds what is not there, with the time in whole seconds", () => {
    expect(setCondition(undefined, stated(ready), THEN)).to.deep.equal([
      { ...ready, lastTransitionTime: "2026-11-21T12:00:00Z" },
    ]);
  });

  it("keeps the time while the status is the same, whatever else changes", () => {
    const update = { ...stated(ready), reason: "AccessDenied", observedGeneration: 2 };
    expect(setCondition([ready, stalled], update, NOW)).to.deep.equal([
      { ...ready, reason: "AccessDenied", observedGeneration: 2 },
      stalled,
    ]);
  });

  it("moves the time with the status", () => {
    const update = { ...stated(ready), status: "True" as const };
    expect(setCondition([stalled, ready], update, NOW)).to.deep.equal([
      stalled,
      { ...ready, status: "True", lastTransitionTime: timestamp(NOW) },
    ]);
  });

  it("gives the same list back when nothing changes", () => {
    const list = [ready, stalled];
    expect(setCondition(list, stated(stalled), NOW)).to.equal(list);
  });

  it("leaves the list it was given as it was", () => {
    const list = Object.freeze([ready]);
    setCondition(list, { ...stated(ready), status: "True" }, NOW);
    expect(list).to.deep.equal([ready]);
  });
});

describe("conditions", () => {
  it("are found by type", () => {
    expect(findCondition([ready, stalled], "Stalled")).to.equal(stalled);
    expect(findCondition(undefined, "Stalled")).to.equal(undefined);
  });

  it("are true only when they say so", () => {
    expect(isTrue([{ ...ready, status: "True" }], "Ready")).to.equal(true);
    expect(isTrue([{ ...ready, status: "Unknown" }], "Ready")).to.equal(false);
    expect(isTrue([], "Ready")).to.equal(false);
  });

  it("can be taken away", () => {
    const list = [ready, stalled];
    expect(removeCondition(list, "Ready")).to.deep.equal([stalled]);
    expect(removeCondition(list, "Succeeded")).to.equal(list);
  });
});
