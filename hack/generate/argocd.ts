// The health checks for Argo CD in the form in which a cluster gets them: keys of its ConfigMap `argocd-cm`.
import { stringify } from "yaml";
import { GROUP } from "../../operator/api/group.ts";
import { healthScript, KINDS } from "../gitops/argocd.ts";

export function printArgocd(root: string): string {
  const checks = KINDS.map((kind) => [
    `resource.customizations.health.${GROUP}_${kind}`,
    healthScript(root, kind),
  ]);
  const patch = stringify({ data: Object.fromEntries(checks) as object }, { lineWidth: 0 });
  return `# Made from resource_customizations/ by \`npm run generate\`. Do not edit.
#
# For an Argo CD that is there:
#   kubectl -n argocd patch configmap argocd-cm --patch-file deploy/argocd/argocd-cm.yaml
# As values of its Helm chart: the same keys below \`configs.cm\`.
${patch}`;
}
