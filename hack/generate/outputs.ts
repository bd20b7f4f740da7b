// What is generated, as one table: path → text. A new output is a new line here.
import { readCustomResources } from "./crd.ts";
import { printDashboard } from "./dashboard.ts";
import { printFlags } from "./flags.ts";
import { printMetrics, readMetrics } from "./metrics.ts";
import { printRbac, readRbacRules } from "./rbac.ts";
import { printReference } from "./reference.ts";
import { printSchemas } from "./schemas.ts";
import { printTypes } from "./types.ts";

/** Every generated file, from the sources below `root`. Writes nothing. */
export async function generateAll(root: string): Promise<Readonly<Record<string, string>>> {
  const resources = readCustomResources(root);
  const outputs: Record<string, string> = {
    "charts/starrocks-backup/files/dashboard.json": printDashboard(),
    "operator/api/schemas.generated.ts": printSchemas(resources),
    "docs/reference/flags.md": printFlags(),
    "docs/reference/metrics.md": printMetrics(await readMetrics()),
    "docs/reference/rbac.md": printRbac(await readRbacRules(root)),
  };
  for (const resource of resources) {
    const name = resource.kind.toLowerCase();
    outputs[`operator/api/${name}.generated.ts`] = printTypes(resource);
    outputs[`docs/reference/${name}.md`] = printReference(resource);
  }
  return outputs;
}
