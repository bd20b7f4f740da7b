// May I sleep?
import { stat, type Row } from "./grafana.ts";
import {
  LAST_SUCCESS,
  NONE_IS_GOOD,
  ONE_IS_GOOD,
  OF_DATABASE,
  YOUNG_IS_GOOD,
  ZERO,
  JOBS,
  lastFailed,
  once,
} from "./questions.ts";

export const SLEEP_ROW: Row = {
  title: "Can I sleep?",
  panels: [
    stat(
      {
        title: "Alerts that fire",
        description: "Of starrocks-backup.rules.yaml. None, if Prometheus has these rules.",
      },
      {
        expr: `count(ALERTS{alertname=~"StarRocks(Backup|Restore).*",alertstate="firing"}) or ${ZERO}`,
      },
      { unit: "short", steps: NONE_IS_GOOD },
    ),
    stat(
      {
        title: "Oldest last success",
        description:
          "Of all databases of which there is a FINISHED Backup: how old the last one is.",
      },
      { expr: `time() - min(${LAST_SUCCESS})` },
      { unit: "s", steps: YOUNG_IS_GOOD },
    ),
    stat(
      {
        title: "Never backed up",
        description: "Databases of which there are Backups and none has FINISHED.",
      },
      {
        expr: `count(${once("starrocks_backup_never_succeeded_since_timestamp_seconds", "namespace, repository, database", OF_DATABASE)}) or ${ZERO}`,
      },
      { unit: "short", steps: NONE_IS_GOOD },
    ),
    stat(
      {
        title: "Last Backup failed",
        description: "Databases whose last Backup that ended has FAILED.",
      },
      { expr: `sum(${lastFailed("Backup")}) or ${ZERO}` },
      { unit: "short", steps: NONE_IS_GOOD },
    ),
    stat(
      {
        title: "Last Restore failed",
        description: "Databases whose last Restore that ended has FAILED.",
      },
      { expr: `sum(${lastFailed("Restore")}) or ${ZERO}` },
      { unit: "short", steps: NONE_IS_GOOD },
    ),
    stat(
      {
        title: "Repositories not ready",
        description: "Jobs of these wait. Their conditions below have the reason.",
      },
      {
        expr: `sum(1 - ${once("starrocks_backup_repository_ready", "namespace, repository")})`,
      },
      { unit: "short", steps: NONE_IS_GOOD },
    ),
    stat(
      {
        title: "Jobs now",
        description: "Backups and Restores that are not over, also those that wait.",
      },
      { expr: `sum(${JOBS}) or ${ZERO}` },
      { unit: "short", steps: [{ color: "blue", value: null }] },
    ),
    stat(
      {
        title: "Operators that lead",
        description: "One. None: nothing is begun or ended. Two: only of two installations.",
      },
      { expr: "sum(starrocks_backup_operator_leader)" },
      { unit: "short", steps: ONE_IS_GOOD },
    ),
  ],
};
