// How objects go: preconditions, grace for pods on a node, finalizers, and the propagation policy, which is
// nothing but two more finalizers (`orphan`, `foregroundDeletion`) that the garbage collector takes away.
import { isPodFinished } from "./kinds/pods.ts";
import type { Fields, KubeObject } from "./object.ts";
import {
  at,
  finalizersOf,
  isFields,
  isTerminating,
  listAt,
  numberAt,
  textAt,
  timestamp,
  withMetadata,
  without,
} from "./object.ts";
import type { Registry } from "./registry.ts";
import { isGone, shownAs } from "./registry.ts";
import type { Resource } from "./resource.ts";
import { badRequest, conflict, notFound } from "./status.ts";

export const ORPHAN = "orphan";
export const FOREGROUND = "foregroundDeletion";

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: string | undefined;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined;
  readonly dryRun?: boolean;
  readonly warn?: (message: string) => void;
}

export interface Deletion {
  /** Its last state, or the state in which it waits. */
  readonly object: KubeObject;
  readonly gone: boolean;
}

const POLICIES = ["Background", "Foreground", "Orphan"];

/** Reads metav1.DeleteOptions, of the body and else of the query. */
export function readDeleteOptions(body: unknown, query: URLSearchParams): DeleteOptions {
  const given = isFields(body) ? body : {};
  const grace = numberAt(given, "gracePeriodSeconds");
  return {
    gracePeriodSeconds: grace ?? readNumber(query.get("gracePeriodSeconds")),
    propagationPolicy: readPolicy(given, query),
    preconditions: isFields(given["preconditions"]) ? given["preconditions"] : undefined,
    dryRun: listAt(given, "dryRun").includes("All") || query.get("dryRun") === "All",
  };
}

function readPolicy(given: Fields, query: URLSearchParams): string | undefined {
  const policy = textAt(given, "propagationPolicy") ?? query.get("propagationPolicy");
  if (policy !== null && !POLICIES.includes(policy)) {
    throw badRequest(
      `invalid propagationPolicy "${policy}": must be one of ${POLICIES.join(", ")}`,
    );
  }
  // What clients said before there were policies.
  const orphan = at(given, "orphanDependents") ?? query.get("orphanDependents");
  const legacy = { true: "Orphan", false: "Background" }[
    JSON.stringify(orphan).replaceAll('"', "")
  ];
  return policy ?? legacy;
}

function readNumber(text: string | null): number | undefined {
  return text === null || !/^\d+$/.test(text) ? undefined : Number(text);
}

/** Deletes it, or marks it and leaves the rest to whoever holds its finalizers. Throws NotFound. */
export function remove(
  registry: Registry,
  resource: Resource,
  key: { readonly namespace?: string | undefined; readonly name: string },
  options: DeleteOptions = {},
): Deletion {
  const stored = registry.find(resource, key.namespace, key.name);
  if (stored === undefined) throw notFound(resource, key.name);
  checkPreconditions(resource, stored, options);
  warnOfOrphans(resource, options);
  const marked = mark(registry, resource, stored, options);
  const gone = isGone(marked);
  const shown = shownAs(resource, marked);
  if (options.dryRun === true) return { object: shown, gone };
  if (gone) registry.store.remove(resource.collection, marked);
  else if (marked !== stored)
    return { object: shownAs(resource, registry.store.put(resource.collection, marked)), gone };
  return { object: shown, gone };
}

function checkPreconditions(resource: Resource, stored: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { name, ...now } = stored.metadata;
  if (uid !== undefined && uid !== now.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${now.uid}`;
    throw conflict(resource, name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== now.resourceVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${now.resourceVersion}`;
    throw conflict(resource, name, why);
  }
}

function warnOfOrphans(resource: Resource, { propagationPolicy, warn }: DeleteOptions): void {
  if (resource.propagation !== "Orphan" || propagationPolicy !== undefined) return;
  warn?.(
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove " +
      "them or set propagationPolicy=Orphan to suppress this warning",
  );
}

function mark(
  registry: Registry,
  resource: Resource,
  stored: KubeObject,
  options: DeleteOptions,
): KubeObject {
  const finalizers = finalizersFor(resource, stored, options);
  const grace = graceOf(stored, options);
  const before = stored.metadata.deletionGracePeriodSeconds;
  const same =
    finalizers.length === finalizersOf(stored).length &&
    finalizers.every((f) => finalizersOf(stored).includes(f));
  // A second deletion can only shorten the grace.
  if (isTerminating(stored) && same && grace >= (before ?? 0)) return stored;
  const shorter = isTerminating(stored) ? Math.min(grace, before ?? 0) : grace;
  const { generation } = stored.metadata;
  const marked = withMetadata(stored, {
    deletionTimestamp: timestamp(registry.clock.now() + shorter * 1000),
    deletionGracePeriodSeconds: shorter,
    ...(generation === undefined || isTerminating(stored) ? {} : { generation: generation + 1 }),
  });
  return withPhase({ ...marked, metadata: withFinalizers(marked, finalizers) });
}

/** A namespace says Terminating as soon as it is marked. */
function withPhase(object: KubeObject): KubeObject {
  if (object.kind !== "Namespace") return object;
  const status = isFields(object["status"]) ? object["status"] : {};
  return { ...object, status: { ...status, phase: "Terminating" } };
}

function withFinalizers(object: KubeObject, finalizers: readonly string[]): KubeObject["metadata"] {
  const rest = without(object.metadata, "finalizers");
  return finalizers.length === 0 ? rest : { ...rest, finalizers };
}

function finalizersFor(
  resource: Resource,
  stored: KubeObject,
  { propagationPolicy }: DeleteOptions,
): readonly string[] {
  const now = finalizersOf(stored);
  const others = now.filter((f) => f !== ORPHAN && f !== FOREGROUND);
  // Without a policy, one that an earlier deletion asked for stays.
  const kept = now.includes(ORPHAN)
    ? "Orphan"
    : now.includes(FOREGROUND)
      ? "Foreground"
      : undefined;
  const policy = propagationPolicy ?? kept ?? resource.propagation;
  if (policy === "Orphan") return [...others, ORPHAN];
  return policy === "Foreground" ? [...others, FOREGROUND] : others;
}

/** Only a pod that a node may be running has grace: its node must stop it and then delete it with 0. */
function graceOf(stored: KubeObject, options: DeleteOptions): number {
  if (stored.kind !== "Pod" || stored.apiVersion !== "v1") return 0;
  const unbound = (textAt(stored, "spec", "nodeName") ?? "") === "";
  if (unbound || isPodFinished(stored)) return 0;
  const wanted =
    options.gracePeriodSeconds ?? numberAt(stored, "spec", "terminationGracePeriodSeconds");
  return Math.max(0, wanted ?? 30);
}

/** metav1.Status of a deletion that is done. */
export function deletedStatus(resource: Resource, object: KubeObject): Fields {
  const { name, uid } = object.metadata;
  const group = resource.group === "" ? {} : { group: resource.group };
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name, ...group, kind: resource.plural, uid },
  };
}
