// What is wrong with a Repository: its checks, its slots, its pods, its StarRocks.
import { graph, table, timeline, type Row } from "./grafana.ts";
import { OF_REPOSITORY, happened, once } from "./questions.ts";

export const REPOSITORIES_ROW: Row = {
  title: "Repositories",
  panels: [
    timeline(
      {
        title: "Conditions",
        description: "Ready, and what it is made of: storage, StarRocks, the catalogue.",
      },
      {
        expr: once("starrocks_backup_repository_condition", "namespace, repository, type"),
        legend: "{{namespace}}/{{repository}} {{type}}",
      },
      { words: { "0": { text: "no", color: "red" }, "1": { text: "yes", color: "green" } } },
    ),
    table(
      {
        title: "What is not as it should be",
        description: "Conditions that are not True, and their reason. Empty is good.",
      },
      [
        {
          expr: `${once("starrocks_backup_repository_condition", "namespace, repository, type, reason")} == 0`,
        },
      ],
      { columns: [], width: 8, hidden: ["Value"] },
    ),
    graph(
      {
        title: "Slots",
        description: "How many jobs may run at once, and how many slots attempts have now.",
      },
      [
        {
          expr: once("starrocks_backup_slots_lent", "namespace, repository"),
          legend: "{{namespace}}/{{repository}} lent",
        },
        {
          expr: once("starrocks_backup_slots", "namespace, repository"),
          legend: "{{namespace}}/{{repository}} all",
        },
      ],
      { unit: "short" },
    ),
    graph(
      { title: "Pods", description: "Agents and one-shot commands that run now." },
      [
        {
          expr: `sum by (component) (${once("starrocks_backup_agents", "namespace, repository, component")})`,
          legend: "{{component}}",
        },
      ],
      { unit: "short", style: "stacked" },
    ),
    graph(
      {
        title: "Pods that did not end well",
        description: "By component and by how they ended, in each interval.",
      },
      [
        {
          expr: happened(
            "starrocks_backup_agent_exits_total",
            "component, exit",
            `exit!="ok",${OF_REPOSITORY}`,
          ),
          legend: "{{component}} {{exit}}",
        },
      ],
      { unit: "short", style: "bars" },
    ),
    graph(
      {
        title: "Refusals of StarRocks",
        description: "Verbs that were not answered with ok, by reason, in each interval.",
      },
      [
        {
          expr: happened(
            "starrocks_backup_statements_total",
            "repository, result",
            `result!="ok",${OF_REPOSITORY}`,
          ),
          legend: "{{repository}} {{result}}",
        },
      ],
      { unit: "short", style: "bars" },
    ),
    graph(
      {
        title: "Time of StarRocks' answers",
        description: "The 95th percentile of each verb, with its repeats.",
      },
      [
        {
          expr: "histogram_quantile(0.95, sum by (verb, le) (rate(starrocks_backup_statement_seconds_bucket[$__rate_interval])))",
          legend: "{{verb}}",
        },
      ],
      { unit: "s" },
    ),
    graph(
      {
        title: "Not cleaned up",
        description:
          "Clean-ups that are not done, things that could not be removed, and entries in StarRocks of no Repository here.",
      },
      [
        {
          expr: once("starrocks_backup_cleanups", "kind, namespace, repository"),
          legend: "{{kind}} {{namespace}}/{{repository}} being cleaned up",
        },
        {
          expr: once("starrocks_backup_left_behind", "kind, namespace, repository"),
          legend: "{{kind}} {{namespace}}/{{repository}} left behind",
        },
        {
          expr: once("starrocks_backup_repository_foreign_entries", "namespace, repository"),
          legend: "{{namespace}}/{{repository}} foreign entries",
        },
      ],
      { unit: "short" },
    ),
    graph(
      {
        title: "Since the next check was due",
        description: "Above zero for long: nobody checks the Repository.",
      },
      [
        {
          expr: `clamp_min(time() - ${once("starrocks_backup_repository_next_check_timestamp_seconds", "namespace, repository")}, 0)`,
          legend: "{{namespace}}/{{repository}}",
        },
      ],
      { unit: "s" },
    ),
  ],
};
