// Gets Kubernetes: our own small Go programs around its packages, helm, and Debian's packages for nodes. One run at a time
// builds; another waits for it and finds all there.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { kubernetesFolder, missingPackages } from "../../e2e/cluster/programs.ts";
import { run } from "../servers/command.ts";
import { install, isInstalled } from "../servers/install.ts";
import { withLock } from "./lock.ts";
import { recipes } from "./recipes.ts";

type Tell = (line: string) => void;

/** False: something is missing, and was said. Does nothing where nothing has changed. */
export async function getKubernetes(tell: Tell): Promise<boolean> {
  const root = kubernetesFolder();
  mkdirSync(root, { recursive: true });
  const arePackagesThere = await getPackages(tell);
  if (recipes().every((recipe) => isInstalled(recipe, root))) return arePackagesThere;
  return (
    (await withLock(join(root, "lock"), tell, () => getPrograms(root, tell))) && arePackagesThere
  );
}

/** One after the other: they share most of what they are built from, and Go uses every core by itself. */
async function getPrograms(root: string, tell: Tell): Promise<boolean> {
  let areAllThere = true;
  for (const recipe of recipes()) {
    const say = (line: string) => tell(`${recipe.name} ${recipe.version}: ${line}`);
    const begun = performance.now();
    const outcome = await install(recipe, root, say);
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    if (outcome.kind === "installed") say(`installed in ${seconds} s`);
    if (outcome.kind === "missing") say(`cannot be had: ${outcome.why}`);
    areAllThere &&= outcome.kind !== "missing";
  }
  return areAllThere;
}

async function getPackages(tell: Tell): Promise<boolean> {
  const missing = missingPackages();
  if (missing.length === 0) return true;
  const command = ["apt-get", "install", "--yes", "--no-install-recommends", ...missing] as const;
  if (process.getuid?.() !== 0) {
    tell(`MISSING: ${missing.join(", ")}; as root: ${command.join(" ")}`);
    return false;
  }
  const environment = { DEBIAN_FRONTEND: "noninteractive" };
  try {
    tell(`installing Debian's ${missing.join(", ")}`);
    await run({ command: ["apt-get", "update"], environment });
    await run({ command, environment });
    return true;
  } catch (error) {
    tell(
      `MISSING: ${missing.join(", ")}: ${error instanceof Error ? error.message : String(error)}`,
    );
    return false;
  }
}
