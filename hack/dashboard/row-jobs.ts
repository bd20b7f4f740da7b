// What runs, what waits and for what, and how it ended.
import { graph, type Row } from "./grafana.ts";
import { OF_REPOSITORY, JOBS, happened, quantilesOfAll } from "./questions.ts";

export const JOBS_ROW: Row = {
  title: "Jobs",
  panels: [
    graph(
      { title: "Jobs by phase", description: "Those that are not over, or are being deleted." },
      [{ expr: `sum by (kind, phase) (${JOBS})`, legend: "{{kind}} {{phase}}" }],
      { unit: "short", style: "stacked" },
    ),
    graph(
      {
        title: "What they do or wait for",
        description:
          "By status.reason; docs/troubleshooting.md has a section for each. Queued, WaitingForSlot and DatabaseBusy are the queue.",
      },
      [{ expr: `sum by (kind, reason) (${JOBS})`, legend: "{{kind}} {{reason}}" }],
      { unit: "short", style: "stacked" },
    ),
    graph(
      {
        title: "For how long",
        description: "How long the first of them has been in its phase, by phase and reason.",
      },
      [
        {
          expr: `time() - min by (kind, phase, reason) (starrocks_backup_jobs_since_timestamp_seconds{${OF_REPOSITORY}})`,
          legend: "{{kind}} {{phase}} {{reason}}",
        },
      ],
      { unit: "s" },
    ),
    graph(
      { title: "Jobs that ended", description: "By phase and reason, in each interval." },
      [
        {
          expr: happened("starrocks_backup_jobs_ended_total", "kind, phase, reason"),
          legend: "{{kind}} {{phase}} {{reason}}",
        },
      ],
      { unit: "short", style: "bars" },
    ),
    graph(
      {
        title: "Duration of those that FINISHED",
        description:
          "Median and 95th percentile of all since the operator began, from their start.",
      },
      quantilesOfAll(`starrocks_backup_duration_seconds_bucket{${OF_REPOSITORY}}`, "kind"),
      { unit: "s" },
    ),
    graph(
      {
        title: "Attempts that failed and are repeated",
        description: "By reason, in each interval.",
      },
      [
        {
          expr: happened("starrocks_backup_retries_total", "kind, reason"),
          legend: "{{kind}} {{reason}}",
        },
      ],
      { unit: "short", style: "bars" },
    ),
  ],
};
