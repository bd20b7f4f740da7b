// What the rules read is what the operator tells, and what they say leads somewhere.
import { expect } from "chai";
import { readMetrics } from "../generate/metrics.ts";
import { FAULTS } from "./faults.ts";
import { labelsNamed, readRules, selectorsOf } from "./rules.ts";

const rules = readRules();

describe("the alerts", () => {
  it("have one name each, and a fault that each is for", () => {
    const names = rules.map(({ alert }) => alert);
    expect(names).to.deep.equal([...new Set(names)]);
    expect(new Set(FAULTS.map(({ alert }) => alert))).to.deep.equal(new Set(names));
  });

  for (const rule of rules) {
    it(`${rule.alert} reads metrics and labels that there are`, async () => {
      const known = new Map((await readMetrics()).map(({ name, labels }) => [name, labels]));
      const selectors = selectorsOf(rule.expr);
      expect(selectors).not.to.deep.equal([]);
      const labels = new Set(selectors.flatMap(({ metric }) => known.get(metric) ?? []));
      for (const { metric, labels: used } of selectors) {
        expect([...known.keys()], metric).to.include(metric);
        expect(known.get(metric), metric).to.include.members([...used]);
      }
      expect([...labels]).to.include.members([...labelsNamed(rule)]);
    });

    it(`${rule.alert} says what is wrong, what to do, and where to read more`, () => {
      const { summary, description, runbook_url: runbook } = rule.annotations;
      expect(rule.labels.severity).to.be.oneOf(["critical", "warning", "info"]);
      expect(summary.length).to.be.within(20, 120);
      expect(description).to.match(/\.$/);
      expect(runbook).to.equal(`docs/troubleshooting.md#${rule.alert.toLowerCase()}`);
    });
  }
});
