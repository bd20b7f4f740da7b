// Prints the Grafana dashboard that the chart brings.
import { dashboard } from "../dashboard/grafana.ts";
import { ROWS, VARIABLES } from "../dashboard/panels.ts";

/** The text of `charts/starrocks-backup/files/dashboard.json`. */
export function printDashboard(): string {
  const text = {
    // Stable: a new version of the chart replaces the dashboard, links to it stay.
    uid: "starrocks-backup",
    title: "StarRocks backups",
    description:
      "Backups and restores of StarRocks, their Repositories, and the operator that makes them.",
    tags: ["starrocks", "backup"],
  };
  return `${JSON.stringify(dashboard(text, VARIABLES, ROWS), null, 2)}\n`;
}
