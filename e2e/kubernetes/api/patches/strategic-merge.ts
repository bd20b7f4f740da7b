// Strategic merge patch, what kubectl sends for built-in kinds: lists whose items have a key merge by that key
// instead of being replaced. The keys are those of the API types' `patchMergeKey` tags, found here by the
// list's name (and the names of its items' fields where two lists share a name).
// Directives understood: `$patch: replace | delete | merge`, `$setElementOrder/<list>`,
// `$deleteFromPrimitiveList/<list>`, `$retainKeys`.
import type { Fields } from "../object.ts";
import { at, isFields, listAt } from "../object.ts";

const MERGE_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  initContainers: ["name"],
  ephemeralContainers: ["name"],
  volumes: ["name"],
  env: ["name"],
  imagePullSecrets: ["name"],
  secrets: ["name"],
  volumeMounts: ["mountPath"],
  volumeDevices: ["devicePath"],
  // A container's ports, then a Service's.
  ports: ["containerPort", "port"],
  conditions: ["type"],
  addresses: ["type"],
  ownerReferences: ["uid"],
  hostAliases: ["ip"],
  podIPs: ["ip"],
  hostIPs: ["ip"],
  topologySpreadConstraints: ["topologyKey"],
};

/** Lists of plain values that merge as sets. */
const SETS = new Set(["finalizers"]);

/** The key that tells a list's items apart; undefined when the list is replaced as a whole. */
export function mergeKeyOf(list: string, items: readonly unknown[]): string | undefined {
  return MERGE_KEYS[list]?.find((key) =>
    items.every((item) => isFields(item) && (item[key] !== undefined || "$patch" in item)),
  );
}

export function strategicMergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  if (patch["$patch"] === "replace") return withoutDirectives(patch);
  const merged: Record<string, unknown> = { ...(isFields(target) ? target : {}) };
  retainKeys(merged, patch["$retainKeys"]);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith("$")) continue;
    if (value === null) delete merged[key];
    else if (isDeletion(value)) delete merged[key];
    else
      merged[key] = Array.isArray(value)
        ? mergeList(key, merged[key], value)
        : strategicMergePatch(merged[key], value);
  }
  deletePrimitives(merged, patch);
  orderLists(merged, patch);
  return merged;
}

function isDeletion(value: unknown): boolean {
  return isFields(value) && value["$patch"] === "delete";
}

function retainKeys(merged: Record<string, unknown>, keys: unknown): void {
  if (!Array.isArray(keys)) return;
  for (const key of Object.keys(merged)) if (!keys.includes(key)) delete merged[key];
}

function mergeList(name: string, target: unknown, patch: readonly unknown[]): readonly unknown[] {
  const before = Array.isArray(target) ? (target as readonly unknown[]) : [];
  if (patch.some((item) => at(item, "$patch") === "replace")) {
    return patch.filter((item) => at(item, "$patch") !== "replace");
  }
  if (SETS.has(name)) return [...new Set([...before, ...patch])];
  const key = mergeKeyOf(name, patch);
  return key === undefined ? patch : mergeByKey(key, before, patch);
}

function mergeByKey(
  key: string,
  before: readonly unknown[],
  patch: readonly unknown[],
): readonly unknown[] {
  const merged = new Map(before.map((item) => [at(item, key), item] as const));
  for (const item of patch) {
    const id = at(item, key);
    if (isDeletion(item)) merged.delete(id);
    else merged.set(id, strategicMergePatch(merged.get(id), item));
  }
  return [...merged.values()];
}

function deletePrimitives(merged: Record<string, unknown>, patch: Fields): void {
  for (const [directive, values] of Object.entries(patch)) {
    const [, list] = /^\$deleteFromPrimitiveList\/(.+)$/.exec(directive) ?? [];
    if (list === undefined || !Array.isArray(values)) continue;
    merged[list] = listAt(merged, list).filter((value) => !values.includes(value));
  }
}

/** Items the patch names come in its order; the others keep their places before them. */
function orderLists(merged: Record<string, unknown>, patch: Fields): void {
  for (const [directive, order] of Object.entries(patch)) {
    const [, list] = /^\$setElementOrder\/(.+)$/.exec(directive) ?? [];
    if (list === undefined || !Array.isArray(order)) continue;
    const items = listAt(merged, list);
    const key = mergeKeyOf(list, items);
    const rank = (item: unknown): number =>
      order.findIndex((one) => (key === undefined ? one === item : at(one, key) === at(item, key)));
    if (Array.isArray(merged[list])) merged[list] = [...items].sort((a, b) => rank(a) - rank(b));
  }
}

function withoutDirectives(patch: Fields): Fields {
  return Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith("$")));
}
