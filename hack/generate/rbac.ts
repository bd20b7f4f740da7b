// Prints the rights that the operator asks of Kubernetes, from the rules that stand beside its controllers: the
// page for people, and the rules of the chart's roles, which are included there by scope.
import type { RbacRule } from "../../operator/controllers/rbac.ts";
import { RBAC_RULES } from "../../operator/controllers/rbac.ts";

const SOURCE = "operator/controllers/rbac.ts";

/** Where a rule holds, and what the chart's template of its rules is called. */
export const RBAC_SCOPES = ["all", "cluster", "own", "starrocks"] as const;
export type RbacScope = (typeof RBAC_SCOPES)[number];

export function scopeOf({ own, clusterWide, starRocks }: RbacRule): RbacScope {
  if (own === true) return "own";
  if (starRocks === true) return "starrocks";
  return clusterWide === true ? "cluster" : "all";
}

/** The text of `docs/reference/rbac.md`. */
export function printRbac(rules: readonly RbacRule[] = RBAC_RULES): string {
  return [
    `<!-- Made from ${SOURCE} by \`npm run generate\`. Do not edit. -->`,
    "",
    "# What the operator may do in Kubernetes",
    "",
    "These rights, and nothing else. Agents have no rights there and no token. Where: `all`: in every namespace that it",
    "watches; `cluster`: objects without a namespace; `own`: in the operator's own namespace alone; `starrocks`: in the namespaces",
    "where StarRocks runs, if they are named and not watched. How the chart gives them: [install](../install.md#rights).",
    "",
    "| group | resources | names | verbs | where | why |",
    "|---|---|---|---|---|---|",
    ...rules.map(
      (rule) =>
        `| ${list(rule.apiGroups.map((group) => (group === "" ? "core" : group)))} | ${list(rule.resources)} | ${list(rule.resourceNames ?? [])} | ${list(rule.verbs)} | ${scopeOf(rule)} | ${rule.why} |`,
    ),
    "",
  ].join("\n");
}

/** The chart's `templates/_rules.generated.tpl`: one named template of rules for each scope. */
export function printRbacTemplates(rules: readonly RbacRule[] = RBAC_RULES): string {
  const templates = RBAC_SCOPES.map((scope) =>
    [
      `{{- define "starrocks-backup.rules.${scope}" -}}`,
      ...rules.filter((rule) => scopeOf(rule) === scope).map(printRule),
      "{{- end -}}",
    ].join("\n"),
  );
  const header = `{{- /* Made from ${SOURCE} by \`npm run generate\`. Do not edit. */ -}}`;
  return `${[header, ...templates].join("\n")}\n`;
}

function printRule({ why, apiGroups, resources, resourceNames, verbs }: RbacRule): string {
  const named = resourceNames === undefined ? [] : [`  resourceNames: ${flow(resourceNames)}`];
  return [
    `# ${why}`,
    `- apiGroups: ${flow(apiGroups)}`,
    `  resources: ${flow(resources)}`,
    ...named,
    `  verbs: ${flow(verbs)}`,
  ].join("\n");
}

function flow(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(", ")}]`;
}

function list(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(", ");
}
