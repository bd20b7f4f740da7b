// Whether the operator itself is well.
import { graph, timeline, type Row } from "./grafana.ts";
import { happened, quantiles } from "./questions.ts";

export const OPERATOR_ROW: Row = {
  title: "The operator",
  panels: [
    timeline(
      { title: "Who leads", description: "Each of its processes: green while it leads." },
      { expr: "starrocks_backup_operator_leader", legend: "{{pod}} {{instance}}" },
      { words: { "0": { text: "waits", color: "blue" }, "1": { text: "leads", color: "green" } } },
    ),
    graph(
      { title: "Queue", description: "Objects that wait for a worker, and reconciles that run." },
      [
        {
          expr: "max by (controller) (starrocks_backup_operator_controller_queue_depth)",
          legend: "{{controller}} waiting",
        },
        {
          expr: "max by (controller) (starrocks_backup_operator_controller_reconciles_running)",
          legend: "{{controller}} running",
        },
        {
          expr: "max by (controller) (starrocks_backup_operator_controller_reconciles_overdue)",
          legend: "{{controller}} overdue",
        },
      ],
      { unit: "short" },
    ),
    graph(
      { title: "Time of a reconcile", description: "Median and 95th percentile." },
      quantiles("starrocks_backup_operator_controller_reconcile_seconds_bucket", "controller"),
      { unit: "s" },
    ),
    graph(
      {
        title: "Reconciles that ended in an error",
        description: "By controller and kind of error, in each interval.",
      },
      [
        {
          expr: happened(
            "starrocks_backup_operator_controller_reconciles_total",
            "controller, result",
            'result=~"transient|error|internal_error|terminal"',
          ),
          legend: "{{controller}} {{result}}",
        },
      ],
      { unit: "short", style: "bars" },
    ),
    graph(
      { title: "Requests to the API server", description: "A second, by verb and status code." },
      [
        {
          expr: "sum by (verb, status) (rate(starrocks_backup_operator_kubernetes_requests_total[$__rate_interval]))",
          legend: "{{verb}} {{status}}",
        },
      ],
      { unit: "reqps", style: "stacked" },
    ),
    graph(
      { title: "Time of its answers", description: "The 95th percentile by verb." },
      [
        {
          expr: "histogram_quantile(0.95, sum by (verb, le) (rate(starrocks_backup_operator_kubernetes_request_seconds_bucket[$__rate_interval])))",
          legend: "{{verb}}",
        },
      ],
      { unit: "s" },
    ),
    graph(
      {
        title: "Watches that broke, Events that were dropped",
        description: "In each interval.",
      },
      [
        {
          expr: happened("starrocks_backup_operator_informer_failures_total", "kind", ""),
          legend: "{{kind}} watch",
        },
        {
          expr: "sum(increase(starrocks_backup_operator_events_dropped_total[$__rate_interval])) > 0",
          legend: "Events",
        },
      ],
      { unit: "short", style: "bars" },
    ),
    graph(
      { title: "Objects in its caches", description: "What it has heard of, by kind." },
      [
        {
          expr: "max by (kind) (starrocks_backup_operator_informer_objects)",
          legend: "{{kind}}",
        },
      ],
      { unit: "short" },
    ),
  ],
};
