// The rules for Prometheus as they lie in operator/alerts, and what their expressions name.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const RULES_FILE = join(ROOT, "operator/alerts/starrocks-backup.rules.yaml");

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
  };
}

interface RulesFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[];
}

export function readRules(): readonly AlertRule[] {
  const { groups } = parse(readFileSync(RULES_FILE, "utf8")) as RulesFile;
  return groups.flatMap(({ rules }) => rules);
}

/** `name` or `name{label="x",other=~"y"}` in an expression. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** Our metrics that an expression reads, with the labels that it selects by. */
export function selectorsOf(expr: string): readonly Selector[] {
  return [...expr.matchAll(/\b(starrocks_backup_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, metric = "", matchers = ""]) => ({
      metric,
      labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = ""]) => label),
    }),
  );
}

/** Labels that an expression groups by, and that its texts show. */
export function labelsNamed({ expr, annotations }: AlertRule): ReadonlySet<string> {
  const grouped = [...expr.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    list.split(",").map((label) => label.trim()),
  );
  const text = `${annotations.summary} ${annotations.description}`;
  const shown = [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label = ""]) => label);
  return new Set([...grouped, ...shown]);
}
