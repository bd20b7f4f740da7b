// The verbs over resources: one function for each, from a call to what is answered.
import type { KubeObject } from "../object.ts";
import { fieldsAt, isFields } from "../object.ts";
import type { WriteOptions } from "../decode.ts";
import type { Deletion } from "../deletion.ts";
import { deletedStatus, readDeleteOptions, remove } from "../deletion.ts";
import { jsonPatch } from "../patches/json-patch.ts";
import { mergePatch } from "../patches/merge-patch.ts";
import type { AppliedFields } from "../patches/server-side-apply.ts";
import { applyPatch } from "../patches/server-side-apply.ts";
import { strategicMergePatch } from "../patches/strategic-merge.ts";
import type { ListOptions } from "../reads.ts";
import { list, selectorOf } from "../reads.ts";
import type { Registry, Subresource } from "../registry.ts";
import { shownAs } from "../registry.ts";
import type { Resource } from "../resource.ts";
import { apiVersionOf } from "../resource.ts";
import { badRequest, notFound } from "../status.ts";
import type { IncludeObject } from "../table.ts";
import { tableOf } from "../table.ts";
import { unsupportedMedia } from "./body.ts";
import type { Route } from "./route.ts";

export interface Call extends Route {
  readonly registry: Registry;
  readonly applied: AppliedFields;
  readonly query: URLSearchParams;
  readonly contentType: string;
  /** The client wants a Table. */
  readonly asTable: boolean;
  readonly body: unknown;
  readonly warn: (message: string) => void;
}

export interface Answer {
  readonly code: number;
  readonly body: unknown;
}

export function getOne(call: Call): Answer {
  const { registry, resource, namespace, name = "" } = call;
  const object = registry.get(resource, namespace, name);
  return {
    code: 200,
    body: shown(call, [object], { resourceVersion: object.metadata.resourceVersion }, object),
  };
}

export function getList(call: Call): Answer {
  const { registry, resource } = call;
  const page = list(registry, resource, readListOptions(call));
  const metadata = {
    resourceVersion: String(page.revision),
    ...(page.continueFrom === undefined ? {} : { continue: page.continueFrom }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  };
  const whole = {
    kind: `${resource.kind}List`,
    apiVersion: apiVersionOf(resource),
    metadata,
    items: page.items,
  };
  return { code: 200, body: shown(call, page.items, metadata, whole) };
}

export function readListOptions({ query, namespace }: Call): ListOptions {
  const limit = query.get("limit");
  return {
    namespace,
    labelSelector: query.get("labelSelector") ?? undefined,
    fieldSelector: query.get("fieldSelector") ?? undefined,
    resourceVersion: query.get("resourceVersion") ?? undefined,
    resourceVersionMatch: query.get("resourceVersionMatch") ?? undefined,
    continueFrom: query.get("continue") ?? undefined,
    limit: limit === null ? undefined : Number(limit),
  };
}

function shown(
  call: Call,
  objects: readonly KubeObject[],
  metadata: object,
  plain: object,
): object {
  if (!call.asTable) return plain;
  return tableOf(
    call.resource,
    objects,
    { ...metadata },
    {
      nowMs: call.registry.clock.now(),
      includeObject: includeObject(call.query),
      withColumns: true,
    },
  );
}

export function includeObject(query: URLSearchParams): IncludeObject {
  const asked = query.get("includeObject");
  return asked === "Object" || asked === "None" ? asked : "Metadata";
}

export function create(call: Call): Answer {
  const { registry, resource, namespace, body } = call;
  return { code: 201, body: registry.create(resource, namespace, body, writeOptions(call)) };
}

export function replace(call: Call): Answer {
  const { registry, resource, namespace, name = "", body } = call;
  const target = { namespace, name, subresource: call.subresource as Subresource | undefined };
  return { code: 200, body: registry.update(resource, target, body, writeOptions(call)) };
}

function writeOptions({ query, warn }: Call): WriteOptions {
  const validation = query.get("fieldValidation");
  const known = validation === "Strict" || validation === "Ignore" ? validation : "Warn";
  return { dryRun: isDryRun(query), fieldValidation: known, warn };
}

function isDryRun(query: URLSearchParams): boolean {
  const asked = query.getAll("dryRun");
  if (asked.some((value) => value !== "All")) {
    throw badRequest(`invalid dryRun "${asked.join(",")}": must be All`);
  }
  return asked.length > 0;
}

export function patch(call: Call): Answer {
  const { registry, resource, namespace, name = "", contentType } = call;
  if (contentType.startsWith("application/apply-patch")) return apply(call);
  const old = registry.get(resource, namespace, name);
  const patched = patchWith(call, old);
  const target = { namespace, name, subresource: call.subresource as Subresource | undefined };
  return { code: 200, body: registry.update(resource, target, patched, writeOptions(call)) };
}

function patchWith({ resource, contentType, body }: Call, old: KubeObject): unknown {
  switch (contentType) {
    case "application/json-patch+json":
      return jsonPatch(old, body);
    case "application/merge-patch+json":
      return mergePatch(old, body);
    case "application/strategic-merge-patch+json":
      if (resource.schema === undefined) return strategicMergePatch(old, body);
      throw unsupportedMedia(contentType);
    default:
      throw unsupportedMedia(contentType);
  }
}

function apply(call: Call): Answer {
  const { registry, resource, namespace, name = "", body, query, applied } = call;
  const manager = query.get("fieldManager") ?? "";
  if (manager === "") throw badRequest("fieldManager is required for apply patch");
  if (!isFields(body)) throw badRequest("an apply patch must be an object");
  const given = { ...body, metadata: { ...fieldsAt(body, "metadata"), name } };
  const old = registry.find(resource, namespace, name);
  const options = writeOptions(call);
  if (old === undefined) {
    if (call.subresource !== undefined) throw notFound(resource, name);
    const made = registry.create(resource, namespace, given, options);
    if (options.dryRun !== true) applied.remember(made, manager, given);
    return { code: 201, body: made };
  }
  const last = applied.recall(old, scopeOf(call, manager));
  const merged = applyPatch(resource, shownAs(resource, old), given, last);
  const target = { namespace, name, subresource: call.subresource as Subresource | undefined };
  const updated = registry.update(resource, target, merged, options);
  if (options.dryRun !== true) applied.remember(updated, scopeOf(call, manager), given);
  return { code: 200, body: updated };
}

/** A manager's fields of status are apart from its fields of the rest. */
function scopeOf({ subresource }: Call, manager: string): string {
  return subresource === undefined ? manager : `${manager}/${subresource}`;
}

export function deleteOne(call: Call): Answer {
  const { registry, resource, namespace, name = "", body, query, warn } = call;
  const options = { ...readDeleteOptions(body, query), warn };
  const deletion = remove(registry, resource, { namespace, name }, options);
  return { code: 200, body: deletionBody(resource, deletion) };
}

/** Pods and service accounts come back as they were; other kinds only when they are still there. */
function deletionBody(resource: Resource, { object, gone }: Deletion): object {
  const returned = ["Pod", "ServiceAccount"].includes(resource.kind) && resource.group === "";
  return gone && !returned ? deletedStatus(resource, object) : object;
}

export function deleteCollection(call: Call): Answer {
  const { registry, resource, body, query, warn } = call;
  const options = { ...readDeleteOptions(body, query), warn };
  const matches = selectorOf(resource, readListOptions(call));
  const all = registry.store.list(resource.collection).map((object) => shownAs(resource, object));
  const deleted = all.filter(matches).map((object) => {
    const { namespace, name } = object.metadata;
    return remove(registry, resource, { namespace, name }, options).object;
  });
  const metadata = { resourceVersion: String(registry.store.revision) };
  const kind = `${resource.kind}List`;
  return {
    code: 200,
    body: { kind, apiVersion: apiVersionOf(resource), metadata, items: deleted },
  };
}
