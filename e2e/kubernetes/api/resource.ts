// What the server knows about one kind of object at one version. Built-in kinds (kinds/) and custom ones
// (custom-resources.ts) are the same to everything else: routes, lists, watches, writes, tables.
import type { FieldError } from "./field-error.ts";
import type { Fields, KubeObject } from "./object.ts";
import type { ResourceName } from "./status.ts";

/** A column of a Table: `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  /** Above 0: only with `-o wide`. */
  readonly priority?: number;
  cell(object: KubeObject, nowMs: number): unknown;
}

export interface AdmissionContext {
  readonly now: string;
  /** An address for a Service, the wanted one when given; throws StatusError when it is taken. */
  takeClusterIp(service: KubeObject, wanted: string | undefined): string;
  /** A port of every node that no Service has. */
  takeNodePort(): number;
}

/** What is particular to a kind. All are pure but for the addresses and ports that `admit` takes. */
export interface Rules {
  /** Defaults as decoding sets them: at every write, and idempotent. */
  defaults?(object: KubeObject): KubeObject;
  /** What the server decides once, when the object is made. */
  admit?(object: KubeObject, context: AdmissionContext): KubeObject;
  /** Fields an update keeps when the client leaves them out. */
  keep?(object: KubeObject, old: KubeObject): KubeObject;
  validate?(object: KubeObject, old: KubeObject | undefined): readonly FieldError[];
}

/** Another shape of objects stored as something else: events.k8s.io over core events. */
export interface Conversion {
  toStored(object: KubeObject): KubeObject;
  fromStored(object: KubeObject): KubeObject;
}

export interface Resource extends ResourceName {
  readonly version: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Where the objects are in the store: the same for all versions of a kind. */
  readonly collection: string;
  readonly hasStatus: boolean;
  /** Subresources besides status. */
  readonly subresources: readonly string[];
  /** metadata.generation counts changes of anything but metadata and status. */
  readonly hasGeneration: boolean;
  /** A client may update without saying which resourceVersion it read. */
  readonly unconditionalUpdate: boolean;
  /** What a deletion without propagationPolicy does with dependents. */
  readonly propagation: "Background" | "Orphan";
  readonly columns: readonly Column[];
  readonly selectableFields: readonly string[];
  readonly rules: Rules;
  readonly conversion?: Conversion;
  /** The structural schema of a custom kind. */
  readonly schema?: Fields;
  /** The definition of a custom kind. */
  readonly definition?: KubeObject;
}

export type BuiltIn = Pick<Resource, "plural" | "kind"> & Partial<Resource>;

/** Fills in what most built-in kinds have in common. */
export function builtIn(given: BuiltIn): Resource {
  const group = given.group ?? "";
  return {
    group,
    version: "v1",
    singular: given.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    collection: group === "" ? given.plural : `${given.plural}.${group}`,
    hasStatus: false,
    subresources: [],
    hasGeneration: false,
    unconditionalUpdate: true,
    propagation: "Background",
    columns: [],
    rules: {},
    ...given,
    selectableFields: ["metadata.name", "metadata.namespace", ...(given.selectableFields ?? [])],
  };
}

export function apiVersionOf({ group, version }: Pick<Resource, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}
