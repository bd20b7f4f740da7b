// Every write to every kind, with the rules the real server has for all of them: names, namespaces,
// resourceVersions, generations, finalizers, status apart from spec, validation. HTTP and the controllers
// both come through here. All of it is synchronous, so a read and the write that follows are one step.
import { randomUUID } from "node:crypto";
import type { Clock } from "../../../operator/clock.ts";
import type { WriteOptions } from "./decode.ts";
import { decode, withKindDefaults } from "./decode.ts";
import type { FieldError } from "./field-error.ts";
import { fieldForbidden, invalid, invalidObject, required } from "./field-error.ts";
import { ClusterIps } from "./cluster-ips.ts";
import { namespaces } from "./kinds/cluster.ts";
import { checkMetadata, checkSubdomain } from "./names.ts";
import type { KubeObject, Metadata } from "./object.ts";
import {
  defined,
  finalizersOf,
  isTerminating,
  listAt,
  sameValue,
  timestamp,
  withMetadata,
  without,
} from "./object.ts";
import type { Resource } from "./resource.ts";
import { Resources } from "./resources.ts";
import { validateSchema } from "./schema/validate.ts";
import {
  MODIFIED,
  StatusError,
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  methodNotAllowed,
  notFound,
} from "./status.ts";
import type { Store } from "./store.ts";

/** What a plug-in finds wrong with a custom resource: where CEL rules can be evaluated, if a test has how. */
export type Validate = (
  definition: KubeObject,
  object: KubeObject,
  old: KubeObject | undefined,
) => readonly { readonly path: string; readonly message: string }[];

export interface RegistryOptions {
  readonly clock: Clock;
  /** The first three bytes of the addresses of Services. */
  readonly clusterIpPrefix: string;
  readonly validate?: Validate;
}

/** What a rule could stumble over, or take too long with. */
const BLOCKING: ReadonlySet<string> = new Set([
  "FieldValueRequired",
  "FieldValueNotSupported",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

const RULES_NOT_CHECKED = invalid(
  "<nil>",
  null,
  "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
);

export type Subresource = "status" | "finalize" | "binding";

export class Registry {
  readonly store: Store;
  readonly resources: Resources;
  readonly clock: Clock;
  readonly #clusterIps: ClusterIps;
  readonly #validate: Validate | undefined;

  constructor(store: Store, { clock, clusterIpPrefix, validate }: RegistryOptions) {
    this.store = store;
    this.resources = new Resources(store);
    this.clock = clock;
    this.#clusterIps = new ClusterIps(store, clusterIpPrefix);
    this.#validate = validate;
  }

  get now(): string {
    return timestamp(this.clock.now());
  }

  /** As stored; undefined when it is not there. */
  find(resource: Resource, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.store.get(resource.collection, namespace, name);
  }

  /** As the resource shows it; throws NotFound. */
  get(resource: Resource, namespace: string | undefined, name: string): KubeObject {
    return shownAs(resource, this.#require(resource, namespace, name));
  }

  create(
    resource: Resource,
    namespace: string | undefined,
    input: unknown,
    options: WriteOptions = {},
  ): KubeObject {
    const draft = decode(resource, namespace, input, options);
    this.#checkNamespace(resource, namespace, draft.metadata.name);
    this.#checkDefinition(resource);
    const named = { ...draft, metadata: this.#newMetadata(resource, draft.metadata) };
    const admitted = this.#admit(resource, named);
    this.#check(resource, admitted, undefined);
    if (this.find(resource, namespace, admitted.metadata.name) !== undefined) {
      throw alreadyExists(resource, admitted.metadata.name);
    }
    if (options.dryRun === true) return admitted;
    return this.#put(resource, admitted);
  }

  /**
   * Replaces the object, or its status alone. When nothing would change, nothing is written. When the last
   * finalizer of a terminating object goes, so does the object.
   */
  update(
    resource: Resource,
    target: {
      readonly namespace?: string | undefined;
      readonly name: string;
      readonly subresource?: Subresource | undefined;
    },
    input: unknown,
    options: WriteOptions = {},
  ): KubeObject {
    const { namespace, name, subresource } = target;
    const stored = this.#require(resource, namespace, name);
    const draft = decode(resource, namespace, input, options);
    const old = shownAs(resource, stored);
    checkIdentity(resource, draft, old);
    const changed = this.#changed(resource, old, draft, subresource);
    // A binding is the scheduler's alone; what it changes, no client may.
    if (subresource !== "binding") this.#check(resource, changed, old);
    if (sameValue(changed, old)) return old;
    if (options.dryRun === true) return changed;
    const kept = withMetadata(changed, { resourceVersion: old.metadata.resourceVersion });
    if (isGone(kept)) {
      this.store.remove(resource.collection, toStored(resource, kept));
      return kept;
    }
    return this.#put(resource, kept);
  }

  /** Writes what `change` makes of the object as it is now; undefined: nothing to do, or not there. */
  modify(
    resource: Resource,
    object: KubeObject,
    change: (now: KubeObject) => KubeObject | undefined,
    subresource?: Subresource,
  ): KubeObject | undefined {
    const { namespace, name, uid } = object.metadata;
    const now = this.find(resource, namespace, name);
    if (now === undefined || now.metadata.uid !== uid) return undefined;
    const changed = change(shownAs(resource, now));
    if (changed === undefined) return undefined;
    return this.update(resource, { namespace, name, subresource }, changed);
  }

  #require(resource: Resource, namespace: string | undefined, name: string): KubeObject {
    const found = this.find(resource, namespace, name);
    if (found === undefined) throw notFound(resource, name);
    return found;
  }

  #put(resource: Resource, object: KubeObject): KubeObject {
    return shownAs(resource, this.store.put(resource.collection, toStored(resource, object)));
  }

  #checkNamespace(resource: Resource, namespace: string | undefined, name: string): void {
    if (!resource.namespaced || namespace === undefined) return;
    const home = this.find(namespaces, undefined, namespace);
    if (home === undefined) throw notFound(namespaces, namespace);
    if (!isTerminating(home)) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw forbidden(resource, name, why, [
      {
        reason: "NamespaceTerminating",
        message: `namespace ${namespace} is being terminated`,
        field: "metadata.namespace",
      },
    ]);
  }

  #checkDefinition(resource: Resource): void {
    if (resource.definition === undefined || !isTerminating(resource.definition)) return;
    throw methodNotAllowed("create not allowed while custom resource definition is terminating");
  }

  #newMetadata(resource: Resource, given: Partial<Metadata>): Metadata {
    if ((given.resourceVersion ?? "") !== "") {
      throw new StatusError(
        500,
        "InternalError",
        "resourceVersion should not be set on objects to be created",
      );
    }
    const { name = "", generateName = "" } = given;
    return defined<Metadata>({
      name: name === "" && generateName !== "" ? generatedName(generateName) : name,
      generateName: given.generateName,
      namespace: given.namespace,
      uid: randomUUID(),
      resourceVersion: "",
      generation: resource.hasGeneration ? 1 : undefined,
      creationTimestamp: this.now,
      labels: given.labels,
      annotations: given.annotations,
      finalizers: given.finalizers,
      ownerReferences: given.ownerReferences,
    });
  }

  #admit(resource: Resource, object: KubeObject): KubeObject {
    const typed = { ...object, apiVersion: versionOf(resource), kind: resource.kind };
    const admitted = resource.rules.admit?.(typed, {
      now: this.now,
      takeClusterIp: (service, wanted) => this.#clusterIps.take(service, wanted),
      takeNodePort: () => this.#clusterIps.takeNodePort(),
    });
    if (admitted === undefined) return typed;
    // Status was taken away: its defaults belong there all the same.
    return withKindDefaults(resource, admitted);
  }

  #changed(
    resource: Resource,
    old: KubeObject,
    draft: KubeObject,
    subresource: Subresource | undefined,
  ): KubeObject {
    if (subresource === "status") return withStatus(old, draft["status"]);
    if (subresource !== undefined) return { ...old, spec: draft["spec"] };
    const owned = {
      ...draft,
      apiVersion: old.apiVersion,
      kind: old.kind,
      metadata: keptMetadata(draft.metadata, old.metadata),
    };
    const apart = resource.hasStatus ? withStatus(owned, old["status"]) : owned;
    const kept = resource.rules.keep?.(apart, old) ?? apart;
    if (!resource.hasGeneration || sameValue(substance(kept), substance(old))) return kept;
    return withMetadata(kept, { generation: (old.metadata.generation ?? 0) + 1 });
  }

  #check(resource: Resource, object: KubeObject, old: KubeObject | undefined): void {
    const errors = [
      ...(old === undefined ? checkName(object) : checkFinalizers(object, old)),
      ...checkMetadata({ ...object.metadata }),
      ...(resource.rules.validate?.(object, old) ?? []),
      ...this.#checkCustom(resource, object, old),
    ];
    if (errors.length > 0) throw invalidObject(resource, object.metadata.name, errors);
  }

  #checkCustom(resource: Resource, object: KubeObject, old: KubeObject | undefined): FieldError[] {
    const { schema, definition } = resource;
    if (schema === undefined || definition === undefined) return [];
    const errors = validateSchema(schema, object, "");
    if (this.#validate === undefined) return errors;
    // As in the real one (hasBlockingErr): rules are asked also about what breaks a pattern or a bound.
    if (errors.some(({ reason }) => BLOCKING.has(reason))) return [...errors, RULES_NOT_CHECKED];
    const broken = this.#validate(definition, object, old);
    return [...errors, ...broken.map(({ path, message }) => invalid(path, "object", message))];
  }
}

/** As a client of that resource sees what is stored. */
export function shownAs(resource: Resource, stored: KubeObject): KubeObject {
  if (resource.conversion !== undefined) return resource.conversion.fromStored(stored);
  const shown = { ...stored, apiVersion: versionOf(resource), kind: resource.kind };
  return resource.schema === undefined ? shown : withKindDefaults(resource, shown);
}

function toStored(resource: Resource, object: KubeObject): KubeObject {
  return resource.conversion?.toStored(object) ?? object;
}

function versionOf({ group, version }: Resource): string {
  return group === "" ? version : `${group}/${version}`;
}

function withStatus(object: KubeObject, status: unknown): KubeObject {
  return status === undefined ? without(object, "status") : { ...object, status };
}

/** What generation counts. */
function substance(object: KubeObject): object {
  return without(object, "metadata", "status", "apiVersion", "kind");
}

/** A client owns labels, annotations, finalizers and owners; the rest stays as the server made it. */
function keptMetadata(given: Metadata, old: Metadata): Metadata {
  const { labels, annotations, finalizers, ownerReferences } = given;
  const fixed = without(old, "labels", "annotations", "finalizers", "ownerReferences");
  const owned = { labels, annotations, finalizers, ownerReferences };
  const filled = Object.entries(owned).filter(
    ([, v]) => v !== undefined && Object.keys(v).length > 0,
  );
  return { ...fixed, ...Object.fromEntries(filled) };
}

/** The draft is of this very object, and made from what it is now. Throws StatusError. */
function checkIdentity(resource: Resource, draft: KubeObject, old: KubeObject): void {
  const { name } = old.metadata;
  const said = draft.metadata.name;
  if (said !== "" && said !== name) {
    throw badRequest(
      `the name of the object (${said}) does not match the name on the URL (${name})`,
    );
  }
  const uid = draft.metadata.uid ?? "";
  if (uid !== "" && uid !== old.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(resource, name, why);
  }
  checkRevision(resource, draft, old);
}

function checkRevision(resource: Resource, draft: KubeObject, old: KubeObject): void {
  const { name, resourceVersion } = old.metadata;
  const given = draft.metadata.resourceVersion ?? "";
  if (given === "" && !resource.unconditionalUpdate) {
    const errors = [invalid("metadata.resourceVersion", 0, "must be specified for an update")];
    throw invalidObject(resource, name, errors);
  }
  if (given !== "" && given !== resourceVersion) throw conflict(resource, name, MODIFIED);
}

function checkName({ metadata }: KubeObject): FieldError[] {
  if (metadata.name !== "") return checkSubdomain("metadata.name", metadata.name);
  return [required("metadata.name", "name or generateName is required")];
}

function checkFinalizers(object: KubeObject, old: KubeObject): FieldError[] {
  if (!isTerminating(old)) return [];
  const fresh = finalizersOf(object).filter((f) => !finalizersOf(old).includes(f));
  if (fresh.length === 0) return [];
  const list = fresh.map((name) => `"${name}"`).join(", ");
  const why =
    "no new finalizers can be added if the object is being deleted, found new finalizers " +
    `[]string{${list}}`;
  return [fieldForbidden("metadata.finalizers", why)];
}

/** Terminating, and nothing holds it any more. */
export function isGone(object: KubeObject): boolean {
  return (
    isTerminating(object) &&
    finalizersOf(object).length === 0 &&
    (object.metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
    !(object.kind === "Namespace" && listAt(object, "spec", "finalizers").length > 0)
  );
}

const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** Five random letters after the prefix, which is cut so that the whole stays a DNS label. */
export function generatedName(prefix: string): string {
  const letters = Array.from(
    { length: 5 },
    () => ALPHABET[Math.floor(Math.random() * ALPHABET.length)],
  );
  return `${prefix.slice(0, 58)}${letters.join("")}`;
}
