// Questions that several rows ask, and what is good and bad of their answers.
import type { Query, Step } from "./grafana.ts";

const DAY_SECONDS = 24 * 3600;
/** As the alert StarRocksBackupTooOld: a Backup a day, and two hours to make it. */
const OLD_SECONDS = 26 * 3600;

export const OF_REPOSITORY = 'namespace=~"$namespace",repository=~"$repository"';
export const OF_DATABASE = `${OF_REPOSITORY},database=~"$database"`;
/** Zero while the operator is scraped, else nothing. */
export const ZERO = "0 * max(starrocks_backup_operator_leader)";

/** Red from the first on. */
export const NONE_IS_GOOD: readonly Step[] = [
  { color: "green", value: null },
  { color: "red", value: 1 },
];
export const YOUNG_IS_GOOD: readonly Step[] = [
  { color: "green", value: null },
  { color: "orange", value: DAY_SECONDS },
  { color: "red", value: OLD_SECONDS },
];
export const ONE_IS_GOOD: readonly Step[] = [
  { color: "red", value: null },
  { color: "green", value: 1 },
  { color: "red", value: 2 },
];

/** A gauge as one replica of the operator tells it. */
export function once(metric: string, by: string, labels = OF_REPOSITORY): string {
  return `max by (${by}) (${metric}{${labels}})`;
}

export const LAST_SUCCESS = once(
  "starrocks_backup_last_success_timestamp_seconds",
  "namespace, repository, database",
  OF_DATABASE,
);
export const lastFailed = (kind: string): string =>
  once(
    "starrocks_backup_last_job_failed",
    "namespace, repository, database",
    `kind="${kind}",${OF_DATABASE}`,
  );
export const JOBS = once("starrocks_backup_jobs", "kind, namespace, repository, phase, reason");

const QUANTILES = [0.5, 0.95] as const;

/** Of a histogram. */
export function quantiles(histogram: string, by: string, range: string): readonly Query[] {
  return QUANTILES.map((q) => ({
    expr: `histogram_quantile(${q}, sum by (${by}, le) (rate(${histogram}[${range}])))`,
    legend: `{{${by}}} p${q * 100}`,
  }));
}
