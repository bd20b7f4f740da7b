// Prints docs/reference/metrics.md from the registry that /metrics serves: what is not registered is not told.
import { Registry } from "prom-client";
import { OperatorMetrics, RUNTIME_PREFIX } from "../../operator/controllers/metrics.ts";
import { RuntimeMetrics } from "../../operator/runtime/metrics.ts";
import { code, row } from "./table.ts";

export interface MetricFacts {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

/** Every metric of the operator, by name. */
export async function readMetrics(): Promise<readonly MetricFacts[]> {
  const own = new Registry();
  void new OperatorMetrics(own);
  const { registry } = new RuntimeMetrics(RUNTIME_PREFIX);
  return [...(await factsOf(own)), ...(await factsOf(registry))];
}

async function factsOf(registry: Registry): Promise<readonly MetricFacts[]> {
  const all = await registry.getMetricsAsJSON();
  // prom-client has label names on its metrics, and no type that says so.
  const labelled = registry.getMetricsAsArray() as unknown as readonly {
    readonly name: string;
    readonly labelNames?: readonly string[];
  }[];
  const labels = new Map(labelled.map(({ name, labelNames = [] }) => [name, labelNames]));
  return all
    .map(({ name, type, help }) => ({
      name,
      // The types say an enum of numbers; it is the word.
      type: String(type),
      help,
      labels: labels.get(name) ?? [],
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The text of `docs/reference/metrics.md`. */
export function printMetrics(metrics: readonly MetricFacts[]): string {
  const isOfRuntime = ({ name }: MetricFacts): boolean => name.startsWith(RUNTIME_PREFIX);
  return [
    "<!-- Made from operator/controllers/metrics.ts and operator/runtime/metrics.ts by `npm run generate`. Do not edit. -->",
    "",
    "# Metrics",
    "",
    "`/metrics` on `--listen`, in Prometheus' format. [Alerts](../troubleshooting.md#alerts) are made of them. No label carries a job's name. Labels",
    "`namespace`, `repository` and `database` are of resources that are there: a series goes with its Repository or its last Backup. What is",
    "written as a gauge is read from the resources at each scrape and is right at once after a restart; counters begin at zero. Replicas of",
    "the operator that do not lead tell the same gauges: take the `max` over them.",
    "",
    "## Backups, Restores, Repositories",
    "",
    ...tableOf(metrics.filter((metric) => !isOfRuntime(metric))),
    "",
    "## The operator's process",
    "",
    ...tableOf(metrics.filter(isOfRuntime)),
    "",
  ].join("\n");
}

function tableOf(metrics: readonly MetricFacts[]): readonly string[] {
  return [
    row("metric", "type", "labels", "what it is"),
    row("---", "---", "---", "---"),
    ...metrics.map(({ name, type, labels, help }) =>
      row(code(name), type, labels.map(code).join(", "), help),
    ),
  ];
}
