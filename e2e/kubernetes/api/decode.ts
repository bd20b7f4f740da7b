// From what a client sent to an object of a kind: the right type, the server's own metadata fields, nothing
// unknown in a custom resource. Throws StatusError 400 where the real server's decoder would.
import type { Fields, KubeObject, Metadata } from "./object.ts";
import { isFields, textAt } from "./object.ts";
import type { Resource } from "./resource.ts";
import { apiVersionOf } from "./resource.ts";
import { pruneObject } from "./schema/prune.ts";
import { withSchemaDefaults } from "./schema/defaults.ts";
import { badRequest } from "./status.ts";

export interface WriteOptions {
  readonly dryRun?: boolean;
  /** What an unknown field is: refused, warned of (the default), or nothing to speak of. */
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
  /** Becomes a Warning header. */
  readonly warn?: (message: string) => void;
  readonly fieldManager?: string;
}

const METADATA: readonly string[] = [
  "name",
  "generateName",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "annotations",
  "finalizers",
  "ownerReferences",
];

/** An object as sent: its metadata may lack what only the server gives. */
export function decode(
  resource: Resource,
  namespace: string | undefined,
  input: unknown,
  options: WriteOptions,
): KubeObject {
  if (!isFields(input)) throw badRequest("the object provided is unrecognized (must be an object)");
  checkType(resource, input);
  const metadata = metadataOf(input["metadata"]);
  const said = textAt(metadata, "namespace") ?? namespace;
  if (said !== namespace) {
    throw badRequest(
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  }
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
  const known = withoutUnknown(resource, given, options);
  const object = {
    ...known,
    metadata: { name: "", ...metadata, ...(namespace ? { namespace } : {}) },
  };
  return withKindDefaults(resource, object as unknown as KubeObject);
}

/** The defaults of its kind; idempotent. */
export function withKindDefaults(resource: Resource, object: KubeObject): KubeObject {
  if (resource.schema !== undefined) {
    return withSchemaDefaults(resource.schema, object) as KubeObject;
  }
  return resource.rules.defaults?.(object) ?? object;
}

function checkType(resource: Resource, input: Fields): void {
  const expected = apiVersionOf(resource);
  const { apiVersion = expected, kind = resource.kind } = input;
  if (apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`,
    );
  }
  if (kind !== resource.kind) {
    throw badRequest(
      `the kind in the data (${String(kind)}) does not match the expected kind (${resource.kind})`,
    );
  }
}

/** Nulls count as absent: Go clients send `creationTimestamp: null`. managedFields are not kept here. */
function metadataOf(input: unknown): Partial<Metadata> {
  if (input === undefined || input === null) return {};
  if (!isFields(input)) throw badRequest("metadata must be an object");
  const entries = Object.entries(input).filter(([k, v]) => METADATA.includes(k) && v !== null);
  return Object.fromEntries(entries);
}

function withoutUnknown(resource: Resource, input: Fields, options: WriteOptions): Fields {
  if (resource.schema === undefined) return input;
  const { object, unknown } = pruneObject(resource.schema, input);
  const complaints = unknown.map((path) => `unknown field "${path}"`);
  if (complaints.length > 0 && options.fieldValidation === "Strict") {
    const what = `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}`;
    throw badRequest(`${what}: strict decoding error: ${complaints.join(", ")}`);
  }
  if (options.fieldValidation !== "Ignore") complaints.forEach((c) => options.warn?.(c));
  return object;
}
