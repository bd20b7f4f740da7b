// Prometheus' own word on our rules: each fires in the minute it should and not before, alone, and none in a healthy
// week. The expected minutes are written down in faults.ts, and follow from each rule's threshold and `for`.
import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { must } from "../../operator/assert.ts";
import { OperatorMetrics, RUNTIME_PREFIX } from "../../operator/controllers/metrics.ts";
import { RuntimeMetrics } from "../../operator/runtime/metrics.ts";
import { FAULTS, type FaultSeries } from "./faults.ts";
import { HEALTHY_DAYS, healthyWeek } from "./healthy-week.ts";
import { findPromtool, PROMTOOL_MISSING } from "./promtool.ts";
import { RULES_FILE } from "./rules.ts";

const promtool = findPromtool();
const FIRING = 'alertstate="firing"';

type Series = Readonly<Record<string, string>>;

interface Query {
  readonly expr: string;
  readonly atMinute: number;
  /** Undefined: nothing at all. */
  readonly is: number | undefined;
}

function groupOf(name: string, series: Series, queries: readonly Query[]): object {
  return {
    name,
    interval: "1m",
    input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
    promql_expr_test: queries.map(({ expr, atMinute, is }) => ({
      expr,
      eval_time: `${atMinute}m`,
      exp_samples: is === undefined ? [] : [{ labels: "{}", value: is }],
    })),
  };
}

/** A fault must not be told by all alarms at once. Without a leader there is only the one more. */
function groupOfFault({ alert, series, firesAt }: FaultSeries): object {
  const isOfLeader = Object.keys(series).some((one) => one.includes("operator_leader"));
  const leader: Series = isOfLeader ? {} : { starrocks_backup_operator_leader: "1x3000" };
  const own = `count(ALERTS{alertname="${alert}",${FIRING}})`;
  return groupOf(alert, { ...leader, ...series }, [
    { expr: own, atMinute: firesAt - 1, is: undefined },
    { expr: own, atMinute: firesAt, is: 1 },
    { expr: `count(ALERTS{${FIRING}})`, atMinute: firesAt, is: 1 },
  ]);
}

function run(groups: readonly object[]): { readonly status: number | null; readonly said: string } {
  const folder = mkdtempSync(join(tmpdir(), "alerts-"));
  try {
    const file = join(folder, "tests.yaml");
    const tests = { rule_files: [RULES_FILE], evaluation_interval: "1m", tests: groups };
    writeFileSync(file, stringify(tests, { lineWidth: 0 }));
    const { status, stdout, stderr } = spawnSync(promtool ?? "", ["test", "rules", file], {
      encoding: "utf8",
    });
    return { status, said: `${stdout}\n${stderr}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("the alerts, asked of promtool", () => {
  before(function () {
    if (promtool !== undefined) return;
    if (process.env["REQUIRE_PROMTOOL"] !== undefined) throw new Error(PROMTOOL_MISSING);
    console.log(`      skipped: ${PROMTOOL_MISSING}`);
    this.skip();
  });

  it("are good rules", () => {
    const { status, stderr } = spawnSync(promtool ?? "", ["check", "rules", RULES_FILE], {
      encoding: "utf8",
    });
    expect(status, stderr).to.equal(0);
  });

  it("read metrics that are named as Prometheus wants it", async () => {
    const { registry } = new RuntimeMetrics(RUNTIME_PREFIX);
    void new OperatorMetrics(registry);
    const input = await registry.metrics();
    const { status, stdout, stderr } = spawnSync(promtool ?? "", ["check", "metrics"], {
      input,
      encoding: "utf8",
    });
    expect(status, stdout + stderr).to.equal(0);
  });

  it("fire when they should, not before, and alone", () => {
    const { status, said } = run(FAULTS.map(groupOfFault));
    expect(status, said).to.equal(0);
  });

  it("are quiet in a healthy week", () => {
    const atMinute = HEALTHY_DAYS * 24 * 60;
    const none = `count(count_over_time(ALERTS{${FIRING}}[${HEALTHY_DAYS}d]))`;
    const { status, said } = run([
      groupOf("a healthy week", healthyWeek(), [
        { expr: none, atMinute, is: undefined },
        // That there is something to be quiet about.
        { expr: `count(count_over_time(ALERTS[${HEALTHY_DAYS}d])) > bool 0`, atMinute, is: 1 },
      ]),
    ]);
    expect(status, said).to.equal(0);
  });

  it("would be found out if one did not fire", () => {
    const fault = must(FAULTS.find(({ alert }) => alert === "StarRocksBackupNoProgress"));
    expect(run([groupOfFault({ ...fault, firesAt: fault.firesAt - 1 })]).status).not.to.equal(0);
    expect(run([groupOfFault({ ...fault, firesAt: fault.firesAt + 1 })]).status).not.to.equal(0);
  });
});
