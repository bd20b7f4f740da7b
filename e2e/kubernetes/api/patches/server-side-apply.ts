// Server-side apply, simplified: the given fields replace what is there, maps merge, lists of known keys
// merge by key, other lists are replaced. What the same field manager gave last time and no longer gives is
// removed. There are no managedFields, and two managers never conflict: the last one wins, as with force.
import type { Fields, KubeObject } from "../object.ts";
import { at, isFields } from "../object.ts";
import type { Resource } from "../resource.ts";
import { mergeKeyOf } from "./strategic-merge.ts";

const MANAGERS_MAX = 20_000;

/** Remembers what each manager gave last. Bounded: the oldest are forgotten first, and then remove nothing. */
export class AppliedFields {
  readonly #last = new Map<string, Fields>();

  recall(object: KubeObject, manager: string): Fields {
    return this.#last.get(`${object.metadata.uid}/${manager}`) ?? {};
  }

  remember(object: KubeObject, manager: string, given: Fields): void {
    const key = `${object.metadata.uid}/${manager}`;
    this.#last.delete(key);
    this.#last.set(key, given);
    const [oldest] = this.#last.keys();
    if (this.#last.size > MANAGERS_MAX && oldest !== undefined) this.#last.delete(oldest);
  }
}

export function applyPatch(
  resource: Resource,
  now: KubeObject,
  given: Fields,
  last: Fields,
): unknown {
  return merge(now, given, last, keysOf(resource.schema));
}

/** How lists at this place are told apart: by the schema of a custom kind, else by the list's name. */
interface Keys {
  readonly schema: Fields | undefined;
}

function keysOf(schema: Fields | undefined): Keys {
  return { schema };
}

function merge(now: unknown, given: unknown, last: unknown, keys: Keys): unknown {
  if (!isFields(given)) return given;
  const merged: Record<string, unknown> = { ...(isFields(now) ? now : {}) };
  for (const key of Object.keys(isFields(last) ? last : {})) {
    if (!(key in given)) delete merged[key];
  }
  for (const [key, value] of Object.entries(given)) {
    const before = { now: merged[key], last: at(last, key) };
    merged[key] = Array.isArray(value)
      ? mergeList(key, value, before, childKeys(keys, key))
      : merge(before.now, value, before.last, childKeys(keys, key));
  }
  return merged;
}

function mergeList(
  name: string,
  given: readonly unknown[],
  before: { readonly now: unknown; readonly last: unknown },
  keys: Keys,
): readonly unknown[] {
  const now = Array.isArray(before.now) ? (before.now as readonly unknown[]) : [];
  const last = Array.isArray(before.last) ? (before.last as readonly unknown[]) : [];
  const identity = identityOf(name, given, keys);
  if (identity === undefined) return given;
  const find = (items: readonly unknown[], id: string): unknown =>
    items.find((item) => identity(item) === id);
  const ids = new Set(given.map(identity));
  const dropped = new Set(last.map(identity).filter((id) => !ids.has(id)));
  const kept = now.filter((item) => !dropped.has(identity(item)) && !ids.has(identity(item)));
  const items = childKeys(keys, "items");
  return [
    ...kept,
    ...given.map((item) =>
      merge(find(now, identity(item)), item, find(last, identity(item)), items),
    ),
  ];
}

function identityOf(
  name: string,
  given: readonly unknown[],
  { schema }: Keys,
): ((item: unknown) => string) | undefined {
  const type = at(schema, "x-kubernetes-list-type");
  if (name === "finalizers" || type === "set") return (item) => JSON.stringify(item);
  const fromSchema = at(schema, "x-kubernetes-list-map-keys");
  const single = mergeKeyOf(name, given);
  const builtIn = schema === undefined && single !== undefined ? [single] : undefined;
  const keys = type === "map" && Array.isArray(fromSchema) ? (fromSchema as string[]) : builtIn;
  if (keys === undefined) return undefined;
  return (item) => JSON.stringify(keys.map((key) => at(item, key)));
}

function childKeys({ schema }: Keys, key: string): Keys {
  const found = key === "items" ? at(schema, "items") : at(schema, "properties", key);
  // metadata is the server's own in custom kinds too.
  return { schema: isFields(found) && key !== "metadata" ? found : undefined };
}
