// What is generated, as one table: path → text. A new output is a new line here.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { printArgocd } from "./argocd.ts";
import { printChart } from "./chart.ts";
import { readCustomResources } from "./crd.ts";
import { printDashboard } from "./dashboard.ts";
import { printFlags } from "./flags.ts";
import { printMetrics, readMetrics } from "./metrics.ts";
import { printRbac } from "./rbac.ts";
import { printReference } from "./reference.ts";
import { printSchemas } from "./schemas.ts";
import { printTypes } from "./types.ts";

/** Every generated file, from the sources below `root`. Writes nothing. */
export async function generateAll(root: string): Promise<Readonly<Record<string, string>>> {
  const resources = readCustomResources(root);
  const outputs: Record<string, string> = {
    "charts/starrocks-backup/files/dashboard.json": printDashboard(),
    "deploy/argocd/argocd-cm.yaml": printArgocd(root),
    "operator/api/schemas.generated.ts": printSchemas(resources),
    "docs/reference/flags.md": printFlags(),
    "docs/reference/metrics.md": printMetrics(await readMetrics()),
    "docs/reference/rbac.md": printRbac(),
    ...printChart(root, resources),
  };
  for (const resource of resources) {
    const name = resource.kind.toLowerCase();
    outputs[`operator/api/${name}.generated.ts`] = printTypes(resource);
    outputs[`docs/reference/${name}.md`] = printReference(resource);
    // Kustomize takes no files from outside of a folder.
    outputs[`config/crd/bases/${name}.yaml`] = copyOf(root, resource.path);
  }
  return outputs;
}

function copyOf(root: string, path: string): string {
  const text = readFileSync(join(root, path), "utf8");
  return `# Copied from ${path} by \`npm run generate\`. Do not edit.\n${text}`;
}
