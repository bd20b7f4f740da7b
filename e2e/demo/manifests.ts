// The documentation's samples, made to fit the demo: parsed, and in them replaced what a person would
// replace (names, addresses, credentials). What is shown is what is applied, but for secrets.
import { readFile } from "node:fs/promises";
import { stringify } from "yaml";
import { must } from "../../operator/assert.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import { parseManifests } from "../kubernetes/manifests.ts";

/** What is known once everything runs. */
export interface Place {
  readonly namespace: string;
  /** `s3://bucket/prefix`. */
  readonly location: string;
  readonly endpoint: string;
  /** `host:port`. */
  readonly frontend: string;
  /** `stringData` of each Secret, by its name. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

type Fields = Readonly<Record<string, unknown>>;
type Manifest = KubernetesObject & {
  readonly spec?: Fields;
  readonly stringData?: Readonly<Record<string, string>>;
};

const PLACEHOLDER = "REPLACE_ME";
const HIDDEN = "********";

/** The objects of a file in e2e/manifests, as they are. */
export async function readSample(file: string): Promise<readonly KubernetesObject[]> {
  return parseManifests(await readFile(new URL(`../manifests/${file}`, import.meta.url), "utf8"));
}

/** The sample in this place; `spec` is added to its own. Throws where a placeholder is left. */
export function adapt(sample: KubernetesObject, place: Place, spec: Fields = {}): KubernetesObject {
  const object: Manifest = sample;
  const adapted = {
    ...object,
    metadata: metadataIn(object, place),
    ...(object.stringData === undefined ? {} : { stringData: secretIn(object, place) }),
    ...(object.spec === undefined ? {} : { spec: { ...specIn(object, place), ...spec } }),
  };
  if (JSON.stringify(adapted).includes(PLACEHOLDER)) {
    throw new Error(`${object.kind} ${object.metadata.name} still says ${PLACEHOLDER}`);
  }
  return adapted;
}

function metadataIn({ kind, metadata }: Manifest, { namespace }: Place): Manifest["metadata"] {
  return kind === "Namespace" ? { ...metadata, name: namespace } : { ...metadata, namespace };
}

function secretIn({ metadata }: Manifest, { secrets }: Place): Readonly<Record<string, string>> {
  return must(secrets[metadata.name], `values for Secret ${metadata.name}`);
}

function specIn({ kind, spec = {} }: Manifest, place: Place): Fields {
  if (kind !== "Repository") return spec;
  return {
    ...spec,
    location: place.location,
    s3: { ...(spec["s3"] as Fields), endpoint: place.endpoint },
    cluster: { ...(spec["cluster"] as Fields), frontends: [place.frontend] },
  };
}

/** As a person would write it; values of Secrets are not shown. */
export function yamlOf(objects: readonly KubernetesObject[]): string {
  return objects.map((object) => stringify(withoutSecrets(object))).join("---\n");
}

function withoutSecrets(object: KubernetesObject): KubernetesObject {
  const { stringData }: Manifest = object;
  if (stringData === undefined) return object;
  const hidden = Object.keys(stringData).map((key) => [key, HIDDEN] as const);
  return { ...object, stringData: Object.fromEntries(hidden) } as KubernetesObject;
}
