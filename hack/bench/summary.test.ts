import { expect } from "chai";
import type { Measured } from "./comparison.ts";
import type { SectionResult } from "./sections.ts";
import { renderSummary } from "./summary.ts";

function run(role: string, seconds: number): Measured {
  const cpu = { [role]: { user: 1, system: 0.5 } };
  return { seconds, files: 10, bytes: 1e9, refused: 0, cpu, othersSeconds: 0 };
}

const NOTHING: SectionResult = {
  section: "up",
  groups: [],
  requests: [],
  memory: [],
  aims: [],
  profiles: [],
};

describe("summary", () => {
  it("puts the agent's largest calls beside the client, and what they cost", () => {
    const group = {
      title: "up, 1 stream",
      unit: "MB/s",
      series: [
        { name: "agent, 1 MiB pwrites", runs: [run("agent", 100)] },
        { name: "agent, 4 MiB pwrites", runs: [run("agent", 20)] },
        { name: "(a) client alone", runs: [run("client", 10)] },
        { name: "(b) client and its rename", runs: [run("client", 16)] },
      ],
      references: ["(a) client alone", "(b) client and its rename"],
    } as const;
    const text = renderSummary([{ store: "a store", sections: [{ ...NOTHING, groups: [group] }] }]);
    expect(text).to.contain("| up, 1 stream | 50 | 100 | 0.50 | 0.80 | 1.5 | 1.5 |");
  });

  it("leaves open what a direction does not have, and shows what memory was taken", () => {
    const group = {
      title: "down",
      unit: "MB/s",
      series: [
        { name: "agent, 4 MiB preads", runs: [run("agent", 200)] },
        { name: "(a) client alone", runs: [run("client", 100)] },
      ],
      references: ["(a) client alone"],
    } as const;
    const peak = {
      what: "one file",
      idleBytes: 0,
      peakBytes: 100 * 2 ** 20,
      refused: 0,
      run: run("agent", 10),
    };
    const sections = [{ ...NOTHING, groups: [group], memory: [peak] }];
    const text = renderSummary([{ store: "a store", sections }]);
    expect(text).to.contain("| down | 5.0 | 10 | 0.50 |  | 1.5 | 1.5 |");
    expect(text).to.contain("| one file | 100 | 100 |");
  });
});
