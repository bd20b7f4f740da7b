// The environment of a container: only what its image and its spec say, and PATH. Nothing else of this
// process reaches a pod. Values may use names that were set before them.
import type { ContainerSpec, EnvFromSource, EnvVar, KeySelector, Pod } from "../core.ts";
import { fieldValue, type PodPlace } from "./downward.ts";
import { expand } from "./expansion.ts";
import type { ReadSource, SourceKind } from "./sources.ts";

export interface EnvironmentOptions {
  readonly pod: Pod;
  readonly place: PodPlace;
  readonly container: ContainerSpec;
  readonly read: ReadSource;
  /** What the image sets. */
  readonly image?: Readonly<Record<string, string>>;
}

/** Rejects when a Secret, a ConfigMap or a key of one is missing that is not optional. */
export async function environmentOf(
  options: EnvironmentOptions,
): Promise<ReadonlyMap<string, string>> {
  const { pod, container, read, image = {} } = options;
  const values = new Map<string, string>([
    ["PATH", process.env["PATH"] ?? "/usr/bin:/bin"],
    ["HOSTNAME", pod.metadata.name],
    ...Object.entries(image),
  ]);
  for (const source of container.envFrom ?? []) {
    for (const [key, value] of await allOf(source, read)) values.set(key, value);
  }
  for (const variable of container.env ?? []) {
    const value = await valueOf(variable, values, options);
    if (value !== undefined) values.set(variable.name, value);
  }
  return values;
}

async function allOf(source: EnvFromSource, read: ReadSource): Promise<[string, string][]> {
  const kind: SourceKind = source.secretRef === undefined ? "ConfigMap" : "Secret";
  const reference = source.secretRef ?? source.configMapRef;
  if (reference === undefined) return [];
  const values = await read(kind, reference.name);
  if (values === undefined && reference.optional !== true) throw missing(kind, reference.name);
  return [...(values ?? [])].map(([key, value]) => [
    `${source.prefix ?? ""}${key}`,
    value.toString("utf8"),
  ]);
}

async function valueOf(
  variable: EnvVar,
  before: ReadonlyMap<string, string>,
  { pod, place, read }: EnvironmentOptions,
): Promise<string | undefined> {
  const { value, valueFrom } = variable;
  if (valueFrom === undefined) return expand(value ?? "", before);
  const { fieldRef, secretKeyRef, configMapKeyRef } = valueFrom;
  if (fieldRef !== undefined) return fieldValue(pod, place, fieldRef.fieldPath);
  if (secretKeyRef !== undefined) return keyValue("Secret", secretKeyRef, read);
  if (configMapKeyRef !== undefined) return keyValue("ConfigMap", configMapKeyRef, read);
  throw new Error(`the value of ${variable.name} comes from something that is not supported here`);
}

async function keyValue(
  kind: SourceKind,
  selector: KeySelector,
  read: ReadSource,
): Promise<string | undefined> {
  const values = await read(kind, selector.name);
  const value = values?.get(selector.key);
  if (value !== undefined || selector.optional === true) return value?.toString("utf8");
  if (values === undefined) throw missing(kind, selector.name);
  throw new Error(`couldn't find key ${selector.key} in ${kind} ${selector.name}`);
}

function missing(kind: SourceKind, name: string): Error {
  return new Error(`${kind === "Secret" ? "secret" : "configmap"} "${name}" not found`);
}
