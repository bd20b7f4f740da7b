// What is generated, as one table: path → text. A new output is a new line here.
import { readCustomResources } from "./crd.ts";
import { printTypes } from "./types.ts";

/** Every generated file, from the sources below `root`. Writes nothing. */
export async function generateAll(root: string): Promise<Readonly<Record<string, string>>> {
  const resources = readCustomResources(root);
  return Object.fromEntries(
    resources.map((resource) => [
      `operator/api/${resource.kind.toLowerCase()}.generated.ts`,
      printTypes(resource),
    ]),
  );
}
