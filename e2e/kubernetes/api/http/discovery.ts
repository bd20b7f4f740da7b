// What there is, for clients that ask before they speak: /api, /apis, /version, and an OpenAPI v3 with just
// what kubectl wants of it: that writes take `fieldValidation`, and the schemas of custom kinds for `explain`.
import type { Fields } from "../object.ts";
import type { Resource } from "../resource.ts";
import { apiVersionOf } from "../resource.ts";
import type { Resources } from "../resources.ts";

const VERSION: Fields = {
  major: "1",
  minor: "37",
  gitVersion: "v1.37.0-embedded",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "none",
  compiler: "none",
  platform: "linux/amd64",
};

/** The answer to a discovery path; undefined when it is none. */
export function discover(resources: Resources, path: string, host: string): Fields | undefined {
  if (path === "/version") return VERSION;
  if (path === "/api") return apiVersions(host);
  if (path === "/apis")
    return { kind: "APIGroupList", apiVersion: "v1", groups: groups(resources) };
  if (path === "/openapi/v3") return openApiIndex(resources);
  if (path.startsWith("/openapi/v3/")) return openApi(resources, path.slice("/openapi/v3/".length));
  return ofGroup(resources, path.split("/").slice(1));
}

function ofGroup(resources: Resources, parts: readonly string[]): Fields | undefined {
  const [root, group = "", version, more] = parts;
  if (more !== undefined) return undefined;
  if (root === "api") return version === undefined ? resourceList(resources, "", group) : undefined;
  if (root !== "apis") return undefined;
  if (version !== undefined) return resourceList(resources, group, version);
  return groups(resources).find((one) => one["name"] === group);
}

function apiVersions(host: string): Fields {
  const addresses = [{ clientCIDR: "0.0.0.0/0", serverAddress: host }];
  return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: addresses };
}

function groups(resources: Resources): Fields[] {
  const names = new Set(resources.all().map((r) => r.group));
  names.delete("");
  return [...names].map((name) => {
    const versions = versionsOf(resources, name).map((version) => ({
      groupVersion: `${name}/${version}`,
      version,
    }));
    return { kind: "APIGroup", apiVersion: "v1", name, versions, preferredVersion: versions[0] };
  });
}

function versionsOf(resources: Resources, group: string): string[] {
  const all = resources.all().filter((r) => r.group === group);
  return [...new Set(all.map((r) => r.version))];
}

const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

function resourceList(resources: Resources, group: string, version: string): Fields | undefined {
  const found = resources.all().filter((r) => r.group === group && r.version === version);
  if (found.length === 0) return undefined;
  const groupVersion = group === "" ? version : `${group}/${version}`;
  const entries = found.flatMap((resource) => [entry(resource), ...subresourceEntries(resource)]);
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: entries };
}

function entry(resource: Resource): Fields {
  const { plural, singular, namespaced, kind, shortNames, categories } = resource;
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: VERBS,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
}

function subresourceEntries({ plural, namespaced, kind, ...rest }: Resource): Fields[] {
  const status = rest.hasStatus ? ["status"] : [];
  return [...status, ...rest.subresources].map((name) => ({
    name: `${plural}/${name}`,
    singularName: "",
    namespaced,
    kind,
    verbs: name === "log" ? ["get"] : ["get", "patch", "update"],
  }));
}

function pathOf(apiVersion: string): string {
  return apiVersion === "v1" ? "api/v1" : `apis/${apiVersion}`;
}

function openApiIndex(resources: Resources): Fields {
  const versions = new Set(resources.all().map(apiVersionOf));
  const paths = [...versions].map(pathOf).map((path) => {
    const serverRelativeURL = `/openapi/v3/${path}`;
    return [path, { serverRelativeURL }] as const;
  });
  return { paths: Object.fromEntries(paths) };
}

function openApi(resources: Resources, path: string): Fields | undefined {
  const found = resources.all().filter((resource) => pathOf(apiVersionOf(resource)) === path);
  if (found.length === 0) return undefined;
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.37.0" },
    paths: Object.fromEntries(found.map((r) => [urlOf(r), { patch: patchOperation(r) }] as const)),
    components: { schemas: Object.fromEntries(found.map((r) => [schemaName(r), schemaOf(r)])) },
  };
}

function urlOf(resource: Resource): string {
  const scope = resource.namespaced ? "/namespaces/{namespace}" : "";
  return `/${pathOf(apiVersionOf(resource))}${scope}/${resource.plural}/{name}`;
}

function kindOf({ group, version, kind }: Resource): Fields {
  return { group, version, kind };
}

// Strategic merge is served but not announced: kubectl would then look for merge keys in schemas that are not
// here; unannounced, it uses the ones it knows of built-in kinds.
const PATCH_TYPES = ["application/json-patch+json", "application/merge-patch+json"];

function patchOperation(resource: Resource): Fields {
  const parameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map((name) => ({
    name,
    in: "query",
    schema: { type: name === "force" ? "boolean" : "string", uniqueItems: true },
  }));
  const body = { schema: { type: "object" } };
  return {
    operationId: `patch${resource.kind}`,
    parameters,
    requestBody: {
      content: Object.fromEntries(PATCH_TYPES.map((type) => [type, body])),
      required: true,
    },
    responses: { "200": { description: "OK" } },
    "x-kubernetes-action": "patch",
    "x-kubernetes-group-version-kind": kindOf(resource),
  };
}

function schemaName({ group, version, kind }: Resource): string {
  return `${group.split(".").toReversed().join(".")}.${version}.${kind}`.replace(/^\./, "core.");
}

/** Built-in kinds have no schema here: they are said to be objects, and explain says nothing of fields. */
function schemaOf(resource: Resource): Fields {
  const schema = resource.schema ?? {
    type: "object",
    description: `${resource.kind}: no schema here`,
  };
  return { ...schema, "x-kubernetes-group-version-kind": [kindOf(resource)] };
}
