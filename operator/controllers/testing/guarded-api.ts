// The Kubernetes API as the chart's roles let the operator use it: RBAC_RULES, each where it holds. What is asked for
// and what is refused is kept.
import type { Api, Kind, KubernetesObject } from "../../runtime/api.ts";
import { ApiError } from "../../runtime/api.ts";
import { PODS } from "../../runtime/objects.ts";
import { RBAC_RULES, type RbacRule } from "../rbac.ts";

export interface Territory {
  readonly own: string;
  readonly watched: readonly string[];
  readonly starRocks: readonly string[];
}

/** What the operator asked for, whether it was allowed or not. */
export interface Call {
  readonly verb: string;
  /** `pods`, `pods/log`. */
  readonly resource: string;
  readonly group: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/** Namespaces in which a rule holds; undefined: all, and what is in none. */
function placesOf(rule: RbacRule, { own, watched, starRocks }: Territory) {
  if (rule.clusterWide === true) return undefined;
  if (rule.own === true) return [own];
  return rule.starRocks === true ? starRocks : watched;
}

function allows(rule: RbacRule, call: Call, territory: Territory): boolean {
  const places = placesOf(rule, territory);
  const { resourceNames } = rule;
  return (
    rule.apiGroups.includes(call.group) &&
    rule.resources.includes(call.resource) &&
    rule.verbs.includes(call.verb) &&
    (places === undefined || (call.namespace !== undefined && places.includes(call.namespace))) &&
    (resourceNames === undefined || (call.name !== undefined && resourceNames.includes(call.name)))
  );
}

/** Of rules that allow the same, the narrowest is the one that is needed. */
function widthOf(rule: RbacRule): number {
  if (rule.clusterWide === true) return 3;
  if (rule.starRocks === true) return 2;
  return rule.own === true ? 0 : 1;
}

/** The rights without which all of the calls are still allowed: `get pods: why they are asked for`. */
export function rightsNotNeeded(calls: readonly (readonly [Call, Territory])[]): readonly string[] {
  const needed = new Set<string>();
  for (const [call, territory] of calls) {
    const [rule] = RBAC_RULES.filter((one) => allows(one, call, territory)).toSorted(
      (a, b) => widthOf(a) - widthOf(b),
    );
    if (rule !== undefined) needed.add(nameOf(rule, call));
  }
  return RBAC_RULES.flatMap((rule) =>
    rule.verbs.flatMap((verb) =>
      rule.resources.map((resource) => nameOf(rule, { verb, resource })),
    ),
  ).filter((name) => !needed.has(name));
}

function nameOf({ why }: RbacRule, { verb, resource }: Pick<Call, "verb" | "resource">): string {
  return `${verb} ${resource}: ${why}`;
}

export function guardedApi(
  api: Api,
  territory: Territory,
  refused: string[],
  calls: [Call, Territory][] = [],
): Api {
  const check = <T extends KubernetesObject>(
    verb: string,
    kind: Kind<T>,
    at: { readonly namespace?: string; readonly name?: string },
    subresource = "",
  ): void => {
    const [group = ""] = kind.apiVersion.includes("/") ? kind.apiVersion.split("/") : [];
    const resource = kind.plural + subresource;
    const call = { verb, resource, group, namespace: at.namespace, name: at.name };
    calls.push([call, territory]);
    if (RBAC_RULES.some((rule) => allows(rule, call, territory))) return;
    const what = `${verb} ${resource} ${at.namespace ?? "*"}/${at.name ?? "*"}`;
    refused.push(what);
    throw new ApiError(403, "Forbidden", `${what} is forbidden`);
  };
  return {
    get: async (kind, key) => {
      check("get", kind, key);
      return await api.get(kind, key);
    },
    list: async (kind, selection) => {
      check("list", kind, selection);
      return await api.list(kind, selection);
    },
    watch: async function* (kind, selection) {
      check("watch", kind, selection);
      yield* api.watch(kind, selection);
    },
    create: async (kind, object) => {
      // A name is not looked at when something is made.
      const { namespace } = object.metadata;
      check("create", kind, namespace === undefined ? {} : { namespace });
      return await api.create(kind, object);
    },
    apply: async (kind, object) => {
      check("patch", kind, object.metadata);
      return await api.apply(kind, object);
    },
    patch: async (kind, key, patch, options) => {
      check(
        "patch",
        kind,
        key,
        options?.subresource === undefined ? "" : `/${options.subresource}`,
      );
      return await api.patch(kind, key, patch, options);
    },
    delete: async (kind, key, options) => {
      check("delete", kind, key);
      await api.delete(kind, key, options);
    },
    log: async (key, options) => {
      check("get", PODS, key, "/log");
      return await api.log(key, options);
    },
  };
}
