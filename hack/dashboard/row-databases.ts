// How each database fared last.
import { graph, table, type Row } from "./grafana.ts";
import {
  LAST_SUCCESS,
  NONE_IS_GOOD,
  OF_DATABASE,
  YOUNG_IS_GOOD,
  lastFailed,
  once,
} from "./questions.ts";

export const DATABASES_ROW: Row = {
  title: "Databases",
  panels: [
    table(
      {
        title: "The last success of each database",
        description: "A database without any Backup that is there has no line.",
      },
      [
        { expr: `time() - ${LAST_SUCCESS}` },
        {
          expr: once(
            "starrocks_backup_last_success_bytes",
            "namespace, repository, database",
            OF_DATABASE,
          ),
        },
        { expr: lastFailed("Backup") },
      ],
      {
        width: 12,
        columns: [
          { name: "age", unit: "s", steps: YOUNG_IS_GOOD },
          { name: "size", unit: "bytes" },
          { name: "last Backup", words: { "0": "FINISHED", "1": "FAILED" }, steps: NONE_IS_GOOD },
        ],
      },
    ),
    graph(
      {
        title: "Age of the last success",
        description: "Falls to zero when a Backup has FINISHED. The lines are at 24 and 26 hours.",
      },
      [{ expr: `time() - ${LAST_SUCCESS}`, legend: "{{repository}} / {{database}}" }],
      { unit: "s", width: 12, steps: YOUNG_IS_GOOD },
    ),
  ],
};
