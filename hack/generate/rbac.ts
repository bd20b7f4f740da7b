// Prints the rights that the operator asks of Kubernetes, from the rules that stand beside its controllers.
// The chart's ClusterRole is to be made from the same.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly why: string;
  readonly own?: true;
  readonly clusterWide?: true;
}

const SOURCE = "operator/controllers/rbac.ts";

/** `RBAC_RULES` of the controllers; none while there are no controllers. */
export async function readRbacRules(root: string): Promise<readonly PolicyRule[]> {
  const path = join(root, SOURCE);
  if (!existsSync(path)) return [];
  const { RBAC_RULES } = (await import(pathToFileURL(path).href)) as {
    readonly RBAC_RULES?: readonly PolicyRule[];
  };
  return RBAC_RULES ?? [];
}

/** The text of `docs/reference/rbac.md`. */
export function printRbac(rules: readonly PolicyRule[]): string {
  return [
    `<!-- Made from ${SOURCE} by \`npm run generate\`. Do not edit. -->`,
    "",
    "# What the operator may do in Kubernetes",
    "",
    "These rights, and nothing else. Agents have no rights there and no token. Where: `all`: in every namespace that it",
    "watches; `cluster`: objects without a namespace; `own`: in the operator's own namespace alone.",
    "",
    "| group | resources | verbs | where | why |",
    "|---|---|---|---|---|",
    ...rules.map(
      (rule) =>
        `| ${list(rule.apiGroups.map((group) => (group === "" ? "core" : group)))} | ${list(rule.resources)} | ${list(rule.verbs)} | ${whereOf(rule)} | ${rule.why} |`,
    ),
    "",
  ].join("\n");
}

function whereOf({ own, clusterWide }: PolicyRule): string {
  if (own === true) return "own";
  return clusterWide === true ? "cluster" : "all";
}

function list(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(", ");
}
