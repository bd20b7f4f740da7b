// What of the chart is made from other files: the CRDs as templates, the rules of its roles, and the alerts. A chart is
// packed from its own folder alone, so it needs copies.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "../../operator/assert.ts";
import type { CustomResource } from "./crd.ts";
import { printRbacTemplates } from "./rbac.ts";

export const CHART = "charts/starrocks-backup";
const ALERTS = "operator/alerts/starrocks-backup.rules.yaml";

/** Path → text. */
export function printChart(
  root: string,
  resources: readonly CustomResource[],
): Readonly<Record<string, string>> {
  const read = (path: string): string => readFileSync(join(root, path), "utf8");
  return {
    [`${CHART}/templates/_rules.generated.tpl`]: printRbacTemplates(),
    [`${CHART}/files/starrocks-backup.rules.yaml`]: read(ALERTS),
    ...Object.fromEntries(
      resources.map(({ path }) => [
        `${CHART}/templates/${path.replace("crds/", "crd-")}`,
        printCrdTemplate(path, read(path)),
      ]),
    ),
  };
}

/**
 * A CRD as a template: Helm upgrades it with the release, which it never does with a chart's `crds/`, and keeps it
 * at the uninstall, because all objects of the kind would go with it.
 */
export function printCrdTemplate(path: string, text: string): string {
  const head = /^metadata:\n {2}name: (\S+)\n(?! )/m;
  assert(head.test(text), `${path} has its name as its only metadata`);
  const body = text
    .replace(/^(#.*\n)*/, "")
    .replaceAll("{{", '{{ "{{" }}')
    .replace(head, (_, name: string) => `metadata:\n${metadataOf(name)}\n`);
  return [
    `{{- /* Made from ${path} by \`npm run generate\`. Do not edit. */ -}}`,
    "{{- if .Values.crds.install }}",
    `{{- $keep := ternary (dict "helm.sh/resource-policy" "keep") (dict) .Values.crds.keep }}`,
    `${body}{{- end }}\n`,
  ].join("\n");
}

function metadataOf(name: string): string {
  return `  {{- include "starrocks-backup.metadata" (dict "root" . "name" ${JSON.stringify(name)} "annotations" $keep) | nindent 2 }}`;
}
