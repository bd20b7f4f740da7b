// What the dashboard shows, in the order in which a person asks: may I sleep; what do I have; what runs; where do
// the bytes go; is anything wrong with a Repository; is the operator itself well.
//
// Gauges are aggregated with max: replicas of the operator that do not lead tell them as well. Nothing that counts what
// is wrong falls back to a zero of its own: where the operator is not scraped there is no data, and no green.
import type { Row, Variable } from "./grafana.ts";
import { OF_REPOSITORY } from "./questions.ts";
import { BYTES_ROW } from "./row-bytes.ts";
import { DATABASES_ROW } from "./row-databases.ts";
import { JOBS_ROW } from "./row-jobs.ts";
import { OPERATOR_ROW } from "./row-operator.ts";
import { REPOSITORIES_ROW } from "./row-repositories.ts";
import { SLEEP_ROW } from "./row-sleep.ts";

export const VARIABLES: readonly Variable[] = [
  {
    name: "namespace",
    label: "Namespace",
    query: "label_values(starrocks_backup_slots, namespace)",
  },
  {
    name: "repository",
    label: "Repository",
    query: 'label_values(starrocks_backup_slots{namespace=~"$namespace"}, repository)',
  },
  {
    name: "database",
    label: "Database",
    query: `label_values({__name__=~"starrocks_backup_last_success_timestamp_seconds|starrocks_backup_never_succeeded_since_timestamp_seconds",${OF_REPOSITORY}}, database)`,
  },
];

export const ROWS: readonly Row[] = [
  SLEEP_ROW,
  DATABASES_ROW,
  JOBS_ROW,
  BYTES_ROW,
  REPOSITORIES_ROW,
  OPERATOR_ROW,
];
