// The Kubernetes API as the chart's roles let the operator use it: RBAC_RULES, each where it holds. What is refused is kept.
import type { Api, Kind, KubernetesObject } from "../../runtime/api.ts";
import { ApiError } from "../../runtime/api.ts";
import { PODS } from "../../runtime/objects.ts";
import { RBAC_RULES, type RbacRule } from "../rbac.ts";

export interface Territory {
  readonly own: string;
  readonly watched: readonly string[];
  readonly starRocks: readonly string[];
}

interface Call {
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

export function guardedApi(api: Api, territory: Territory, refused: string[]): Api {
  const allows = (rule: RbacRule, call: Call): boolean => {
    const places = placesOf(rule, territory);
    const { resourceNames } = rule;
    return (
      rule.apiGroups.includes(call.group) &&
      rule.resources.includes(call.resource) &&
      rule.verbs.includes(call.verb) &&
      (places === undefined || (call.namespace !== undefined && places.includes(call.namespace))) &&
      (resourceNames === undefined ||
        (call.name !== undefined && resourceNames.includes(call.name)))
    );
  };
  const check = <T extends KubernetesObject>(
    verb: string,
    kind: Kind<T>,
    at: { readonly namespace?: string; readonly name?: string },
    subresource = "",
  ): void => {
    const [group = ""] = kind.apiVersion.includes("/") ? kind.apiVersion.split("/") : [];
    const resource = kind.plural + subresource;
    const call = { verb, resource, group, namespace: at.namespace, name: at.name };
    if (RBAC_RULES.some((rule) => allows(rule, call))) return;
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
