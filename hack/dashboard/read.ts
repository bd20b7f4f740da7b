// The dashboard as the chart brings it, and its questions as Prometheus can be asked them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../alerts/rules.ts";

export const DASHBOARD_FILE = join(ROOT, "charts/starrocks-backup/files/dashboard.json");

export interface Target {
  readonly expr: string;
  readonly legendFormat: string;
  readonly instant: boolean;
}

export interface DrawnPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly Target[];
}

interface DashboardFile {
  readonly panels: readonly DrawnPanel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly definition?: string }[];
  };
}

export function readDashboard(): DashboardFile {
  return JSON.parse(readFileSync(DASHBOARD_FILE, "utf8")) as DashboardFile;
}

/** A question as Grafana asks it with All chosen in each variable. */
export function asked(expr: string, rateInterval: string): string {
  return expr
    .replaceAll("$__rate_interval", rateInterval)
    .replaceAll(/"\$(?:namespace|repository|database)"/g, '".*"');
}
