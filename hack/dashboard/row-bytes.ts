// Where the bytes go, how fast, and how many lie there.
import { graph, type Row } from "./grafana.ts";
import { OF_DATABASE, OF_REPOSITORY, happened, once } from "./questions.ts";

export const BYTES_ROW: Row = {
  title: "Bytes",
  panels: [
    graph(
      { title: "Rate", description: "What all agents of running jobs move now." },
      [
        {
          expr: once("starrocks_backup_bytes_per_second", "namespace, repository, direction"),
          legend: "{{namespace}}/{{repository}} {{direction}}",
        },
      ],
      { unit: "Bps" },
    ),
    graph(
      { title: "Moved", description: "Also by attempts that failed, in each interval." },
      [
        {
          expr: happened(
            "starrocks_backup_transferred_bytes_total",
            "namespace, repository, direction",
          ),
          legend: "{{namespace}}/{{repository}} {{direction}}",
        },
      ],
      { unit: "bytes", style: "bars" },
    ),
    graph(
      {
        title: "Since something moved last",
        description: "Of the job that has stood still for longest. The line is at ten minutes.",
      },
      [
        {
          expr: `time() - min by (kind, namespace, repository) (starrocks_backup_last_progress_timestamp_seconds{${OF_REPOSITORY}})`,
          legend: "{{kind}} {{namespace}}/{{repository}}",
        },
      ],
      {
        unit: "s",
        steps: [
          { color: "green", value: null },
          { color: "red", value: 600 },
        ],
      },
    ),
    graph(
      { title: "Size of the last Backup", description: "Of each database, as sealed." },
      [
        {
          expr: once(
            "starrocks_backup_last_success_bytes",
            "namespace, repository, database",
            OF_DATABASE,
          ),
          legend: "{{repository}} / {{database}}",
        },
      ],
      { unit: "bytes" },
    ),
    graph(
      {
        title: "Stored in all",
        description: "All sealed snapshots, as the last catalogue read it.",
      },
      [
        {
          expr: once("starrocks_backup_repository_snapshot_bytes", "namespace, repository"),
          legend: "{{namespace}}/{{repository}}",
        },
      ],
      { unit: "bytes" },
    ),
    graph(
      {
        title: "Snapshots",
        description:
          "Complete ones can be restored; incomplete ones are what failed attempts left.",
      },
      [
        {
          expr: once("starrocks_backup_repository_snapshots", "namespace, repository, state"),
          legend: "{{namespace}}/{{repository}} {{state}}",
        },
      ],
      { unit: "short" },
    ),
  ],
};
