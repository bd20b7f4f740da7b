// What the dashboard asks for is what the operator tells, and Prometheus understands the questions. That they are
// answered is e2e/scenarios/dashboard.long.e2e.ts' to say.
import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { findPromtool, PROMTOOL_MISSING } from "../alerts/promtool.ts";
import { selectorsOf } from "../alerts/rules.ts";
import { readMetrics, type MetricFacts } from "../generate/metrics.ts";
import { asked, readDashboard, type DrawnPanel } from "./read.ts";

/** Of Prometheus itself, and what it adds to each series that it scrapes. */
const FOREIGN_METRIC = /\bALERTS\{[^}]*\}/g;
const TARGET_LABELS = ["pod", "instance"];

const { panels, templating } = readDashboard();
const questions = panels.flatMap(({ title, targets = [] }) =>
  targets.map((target) => ({ title, ...target })),
);
const words = (list: string): string[] => list.split(",").map((word) => word.trim());

function metricOf(all: readonly MetricFacts[], series: string): MetricFacts | undefined {
  const isHistogram = ({ type }: MetricFacts): boolean => type === "histogram";
  return all.find(
    (one) => one.name === series || (isHistogram(one) && `${one.name}_bucket` === series),
  );
}

describe("the dashboard", () => {
  let metrics: readonly MetricFacts[];

  before(async () => {
    metrics = await readMetrics();
  });

  for (const { title, expr, legendFormat } of questions) {
    it(`${title}: asks for metrics and labels that there are (${legendFormat})`, () => {
      const selectors = selectorsOf(expr.replaceAll(FOREIGN_METRIC, ""));
      expect(selectors).not.to.deep.equal([]);
      const known = new Set(TARGET_LABELS);
      for (const { metric, labels } of selectors) {
        const facts = metricOf(metrics, metric);
        expect(facts, metric).not.to.equal(undefined);
        const own = [...(facts?.labels ?? []), ...(facts?.type === "histogram" ? ["le"] : [])];
        expect(own, metric).to.include.members([...labels]);
        for (const label of own) known.add(label);
      }
      const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].map(([, list = ""]) => words(list));
      for (const labels of grouped) expect([...known]).to.include.members(labels);
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label);
      // The outermost grouping comes first, and is all that is left of a series' labels.
      expect(grouped[0] ?? [...known]).to.include.members(shown);
    });
  }

  it("fills its variables from metrics and labels that there are", () => {
    const definitions = templating.list.flatMap(({ definition }) => definition ?? []);
    expect(definitions).to.have.lengthOf(3);
    for (const definition of definitions) {
      const [, label = ""] = /, (\w+)\)$/.exec(definition) ?? [];
      const named = [...definition.matchAll(/starrocks_backup_\w+/g)].map(([name]) => name);
      expect(named, definition).not.to.deep.equal([]);
      for (const name of named) expect(metricOf(metrics, name)?.labels, name).to.include(label);
    }
  });

  it("uses no variable that it does not have", () => {
    const own = templating.list.map(({ name }) => name);
    const used = questions.flatMap(({ expr }) =>
      [...expr.matchAll(/\$(\w+)/g)].map(([, name = ""]) => name),
    );
    expect([...own, "__rate_interval"]).to.include.members(used);
  });

  it("shows each thing in a place of its own, and says what it is", () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)}:${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).to.equal(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).to.equal(24);
    expect(new Set(panels.map(({ id }) => id)).size).to.equal(panels.length);
    for (const { title, description } of panels.filter(isDrawn)) {
      expect(description, title).to.match(/^[A-Z].{15,}\.$/);
    }
  });

  it("has no green where nothing is scraped", () => {
    for (const { title, expr } of questions) expect(expr, title).not.to.contain("vector(");
  });

  it("asks what Prometheus understands", function () {
    const promtool = promtoolOf(this);
    const rules = questions.map(({ expr }, i) => ({
      record: `question:${i}`,
      expr: asked(expr, "5m"),
    }));
    const said = checked(promtool, rules);
    expect(said.status, said.text).to.equal(0);
    expect(said.text).to.contain(`${questions.length} rules found`);
    expect(checked(promtool, [{ record: "question:0", expr: "sum by (" }]).status).to.equal(1);
  });
});

/** Ends the test as skipped where there is none. */
function promtoolOf(context: Mocha.Context): string {
  const promtool = findPromtool();
  if (promtool !== undefined) return promtool;
  if (process.env["REQUIRE_PROMTOOL"] !== undefined) throw new Error(PROMTOOL_MISSING);
  console.log(`      skipped: ${PROMTOOL_MISSING}`);
  return context.skip();
}

function isDrawn({ type }: DrawnPanel): boolean {
  return type !== "row";
}

function checked(promtool: string, rules: readonly object[]) {
  const folder = mkdtempSync(join(tmpdir(), "dashboard-"));
  try {
    const file = join(folder, "rules.yaml");
    writeFileSync(file, stringify({ groups: [{ name: "dashboard", rules }] }, { lineWidth: 0 }));
    const { status, stdout, stderr } = spawnSync(promtool, ["check", "rules", file], {
      encoding: "utf8",
    });
    return { status, text: `${stdout}\n${stderr}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
