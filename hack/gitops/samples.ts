// The files for GitOps tools: what `config/` and `deploy/` hold.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { GROUP } from "../../operator/api/group.ts";
import type { UncheckedObject } from "../../operator/api/validate.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";

/** Folders with a kustomization that builds by itself. */
export const BUILT = [
  "config/crd",
  "config/samples",
  "config/base",
  "config/overlays/prod",
  "config/overlays/staging",
  "deploy/flux/operator",
] as const;

export interface Manifest {
  readonly path: string;
  readonly objects: readonly KubernetesObject[];
}

/** Every file of YAML below a folder, but fixtures of tests. */
export function manifestsBelow(root: string, folder: string): readonly Manifest[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml") && !name.includes("resource_customizations"))
    .sort()
    .map((name) => join(folder, name))
    .map((path) => ({ path, objects: objectsIn(readFileSync(join(root, path), "utf8")) }));
}

export function objectsIn(text: string): readonly KubernetesObject[] {
  return parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject);
}

export function isOurs(object: KubernetesObject): object is UncheckedObject {
  return object.apiVersion?.startsWith(`${GROUP}/`);
}
