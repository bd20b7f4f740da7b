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

/**
 * How often something happened in each interval. `increase` sees nothing of a series that begins with 1, as the first
 * failure with a reason does, and a counter that begins anew has happened as often as it says.
 */
export function happened(counter: string, by: string, labels = OF_REPOSITORY): string {
  const now = `${counter}{${labels}}`;
  const before = `${now} offset $__rate_interval`;
  return `sum by (${by}) ((${now} - ${before}) > 0 or (${now} unless ${before}) > 0)`;
}

/** Of a histogram since the operator's process began: what is rare has no rate. */
export function quantilesOfAll(buckets: string, by: string): readonly Query[] {
  return quantilesOf(by, buckets);
}

/** Of a histogram in each interval. */
export function quantiles(buckets: string, by: string): readonly Query[] {
  return quantilesOf(by, `rate(${buckets}[$__rate_interval])`);
}

function quantilesOf(by: string, series: string): readonly Query[] {
  return QUANTILES.map((q) => ({
    expr: `histogram_quantile(${q}, sum by (${by}, le) (${series}))`,
    legend: `{{${by}}} p${q * 100}`,
  }));
}
