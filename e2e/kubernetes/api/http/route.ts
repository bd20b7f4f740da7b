// Which resource, object and subresource a path means.
import type { Resource } from "../resource.ts";
import type { Resources } from "../resources.ts";

export interface Route {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** Undefined: no such resource, or a path of another kind. */
export function routeOf(resources: Resources, path: string): Route | undefined {
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  const [root, group = "", version = "v1"] = parts;
  if (root === "api") return within(resources, { group: "", version: group }, parts.slice(2));
  if (root === "apis") return within(resources, { group, version }, parts.slice(3));
  return undefined;
}

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

// `/namespaces/x/status` is about a namespace, `/namespaces/x/pods` about what is in it.
const OF_NAMESPACE = ["status", "finalize"];

function within(
  resources: Resources,
  at: GroupVersion,
  parts: readonly string[],
): Route | undefined {
  const [first, namespace, plural, name, subresource] = parts;
  const inside = first === "namespaces" && plural !== undefined && !OF_NAMESPACE.includes(plural);
  if (!inside) return route(resources, at, parts);
  const found = route(
    resources,
    at,
    [plural, name, subresource].filter((p) => p !== undefined),
  );
  if (found === undefined || !found.resource.namespaced || namespace === undefined)
    return undefined;
  return parts.length > 5 ? undefined : { ...found, namespace };
}

function route(
  resources: Resources,
  at: GroupVersion,
  parts: readonly string[],
): Route | undefined {
  const [plural = "", name, subresource] = parts;
  const resource = resources.find(at.group, at.version, plural);
  if (resource === undefined || parts.length > 3) return undefined;
  if (subresource !== undefined && !hasSubresource(resource, subresource)) return undefined;
  return {
    resource,
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

function hasSubresource(resource: Resource, name: string): boolean {
  return (name === "status" && resource.hasStatus) || resource.subresources.includes(name);
}
