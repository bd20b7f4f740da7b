// The garbage collector: dependents of owners that are gone go too; `foregroundDeletion` holds an owner until
// its blocking dependents are gone; `orphan` cuts dependents loose first. An owner is the one with the same
// UID: a new object of the old name owns nothing.
import { FOREGROUND, ORPHAN, remove } from "../api/deletion.ts";
import type { KubeObject, OwnerReference } from "../api/object.ts";
import { finalizersOf, isTerminating, keyOf, without } from "../api/object.ts";
import type { Registry } from "../api/registry.ts";
import { shownAs } from "../api/registry.ts";
import type { Resource } from "../api/resource.ts";
import type { Change } from "../api/store.ts";
import type { Controller } from "./loop.ts";
import { splitKey } from "./loop.ts";

/** Why an owner reference holds its dependent, or does not. */
type Owner = "solid" | "gone" | "waiting";

export class GarbageCollector implements Controller {
  readonly name = "garbage collection";
  readonly #registry: Registry;
  /** UID of an owner → keys of objects that name it. */
  readonly #dependents = new Map<string, Set<string>>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  keysOf({ type, collection, object, previous }: Change): readonly string[] {
    const key = `${collection}|${keyOf(object)}`;
    const owners = new Set(
      [...ownersOf(object), ...(previous ? ownersOf(previous) : [])].map((o) => o.uid),
    );
    for (const uid of owners) this.#index(uid, key, type !== "DELETED" && isOwnedBy(object, uid));
    const dependents = this.#dependents.get(object.metadata.uid) ?? [];
    const touched = isTerminating(object) || type === "DELETED" ? [...dependents] : [];
    const waitingOwners = [...owners].flatMap((uid) => this.#keyOfOwner(uid, object, previous));
    return [key, ...touched, ...waitingOwners];
  }

  reconcile(key: string): undefined {
    const found = this.#find(key);
    if (found === undefined) return;
    const [resource, object] = found;
    this.#checkOwners(resource, object);
    if (!isTerminating(object)) return;
    if (finalizersOf(object).includes(ORPHAN)) this.#orphan(resource, object);
    if (finalizersOf(object).includes(FOREGROUND)) this.#finishForeground(resource, object);
  }

  #index(uid: string, key: string, owned: boolean): void {
    const keys = this.#dependents.get(uid) ?? new Set<string>();
    if (owned) keys.add(key);
    else keys.delete(key);
    if (keys.size === 0) this.#dependents.delete(uid);
    else this.#dependents.set(uid, keys);
  }

  /** An owner that waits for its dependents must hear when one goes. */
  #keyOfOwner(uid: string, object: KubeObject, previous: KubeObject | undefined): string[] {
    const all = [...ownersOf(object), ...(previous ? ownersOf(previous) : [])];
    const reference = all.find((owner) => owner.uid === uid);
    const resource = reference && this.#registry.resources.ofKind(reference);
    if (reference === undefined || resource === undefined) return [];
    const namespace = resource.namespaced ? `${object.metadata.namespace ?? ""}/` : "";
    return [`${resource.collection}|${namespace}${reference.name}`];
  }

  #find(key: string): [Resource, KubeObject] | undefined {
    const [collection = "", rest = ""] = key.split("|");
    const resource = this.#registry.resources.stored().find((r) => r.collection === collection);
    if (resource === undefined) return undefined;
    const { namespace, name } = splitKey(rest);
    const object = this.#registry.find(resource, namespace, name);
    return object && [resource, shownAs(resource, object)];
  }

  #checkOwners(resource: Resource, object: KubeObject): void {
    const owners = ownersOf(object).map((owner) => [owner, this.#stateOf(owner, object)] as const);
    if (owners.length === 0) return;
    const solid = owners.filter(([, state]) => state === "solid").map(([owner]) => owner);
    if (solid.length === owners.length) return;
    if (solid.length > 0) {
      this.#registry.modify(resource, object, (now) => withOwners(now, solid));
      return;
    }
    if (isTerminating(object)) return;
    const waiting = owners.some(([, state]) => state === "waiting");
    const deep = waiting && this.#dependents.has(object.metadata.uid);
    const { namespace, name, uid } = object.metadata;
    remove(
      this.#registry,
      resource,
      { namespace, name },
      { propagationPolicy: deep ? "Foreground" : "Background", preconditions: { uid } },
    );
  }

  #stateOf(owner: OwnerReference, dependent: KubeObject): Owner {
    const resource = this.#registry.resources.ofKind(owner);
    // A kind nobody knows may become known again: nothing is deleted because of it.
    if (resource === undefined) return "solid";
    const { namespace } = dependent.metadata;
    if (resource.namespaced && namespace === undefined) return "solid";
    const found = this.#registry.find(
      resource,
      resource.namespaced ? namespace : undefined,
      owner.name,
    );
    if (found === undefined || found.metadata.uid !== owner.uid) return "gone";
    return isTerminating(found) && finalizersOf(found).includes(FOREGROUND) ? "waiting" : "solid";
  }

  #dependentsOf(owner: KubeObject): readonly (readonly [Resource, KubeObject])[] {
    const keys = this.#dependents.get(owner.metadata.uid) ?? [];
    return [...keys].map((key) => this.#find(key)).filter((found) => found !== undefined);
  }

  #orphan(resource: Resource, owner: KubeObject): void {
    for (const [kind, dependent] of this.#dependentsOf(owner)) {
      const others = (now: KubeObject): readonly OwnerReference[] =>
        ownersOf(now).filter(({ uid }) => uid !== owner.metadata.uid);
      this.#registry.modify(kind, dependent, (now) => withOwners(now, others(now)));
    }
    this.#removeFinalizer(resource, owner, ORPHAN);
  }

  #finishForeground(resource: Resource, owner: KubeObject): void {
    const blocking = this.#dependentsOf(owner).filter(([, dependent]) =>
      ownersOf(dependent).some(
        (o) => o.uid === owner.metadata.uid && o.blockOwnerDeletion === true,
      ),
    );
    if (blocking.length === 0) this.#removeFinalizer(resource, owner, FOREGROUND);
  }

  #removeFinalizer(resource: Resource, object: KubeObject, finalizer: string): void {
    this.#registry.modify(resource, object, (now) => withoutFinalizer(now, finalizer));
  }
}

export function withoutFinalizer(object: KubeObject, finalizer: string): KubeObject {
  const finalizers = finalizersOf(object).filter((name) => name !== finalizer);
  return { ...object, metadata: { ...object.metadata, finalizers } };
}

function ownersOf(object: KubeObject): readonly OwnerReference[] {
  return object.metadata.ownerReferences ?? [];
}

function isOwnedBy(object: KubeObject, uid: string): boolean {
  return ownersOf(object).some((owner) => owner.uid === uid);
}

function withOwners(object: KubeObject, owners: readonly OwnerReference[]): KubeObject {
  const rest = without(object.metadata, "ownerReferences");
  return { ...object, metadata: owners.length === 0 ? rest : { ...rest, ownerReferences: owners } };
}
