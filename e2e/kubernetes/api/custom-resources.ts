// From a CustomResourceDefinition to the resources it defines, one for each served version. Versions differ
// in schema and columns alone: there is no conversion (strategy None), only another apiVersion.
import { humanDuration } from "./age.ts";
import { parseJsonPath } from "./json-path.ts";
import { AGE, NAME } from "./kinds/columns.ts";
import type { Fields, KubeObject } from "./object.ts";
import { at, fieldsAt, listAt, numberAt, shown, textAt, without } from "./object.ts";
import type { Column, Resource } from "./resource.ts";
import { builtIn } from "./resource.ts";

export function resourcesOf(definition: KubeObject): Resource[] {
  return listAt(definition, "spec", "versions")
    .filter((version) => at(version, "served") === true)
    .map((version) => resourceOf(definition, fieldsAt(version)));
}

function resourceOf(definition: KubeObject, version: Fields): Resource {
  const spec = fieldsAt(definition, "spec");
  const names = fieldsAt(spec, "names");
  const hasStatus = at(version, "subresources", "status") !== undefined;
  const columns = listAt(version, "additionalPrinterColumns");
  const selectable = listAt(version, "selectableFields").map((f) => textAt(f, "jsonPath") ?? "");
  return builtIn({
    group: textAt(spec, "group") ?? "",
    version: textAt(version, "name") ?? "",
    plural: textAt(names, "plural") ?? "",
    singular: textAt(names, "singular") ?? "",
    kind: textAt(names, "kind") ?? "",
    shortNames: listAt(names, "shortNames").map(String),
    categories: listAt(names, "categories").map(String),
    namespaced: spec["scope"] === "Namespaced",
    hasStatus,
    hasGeneration: true,
    unconditionalUpdate: false,
    columns: [NAME, ...(columns.length === 0 ? [AGE] : columns.map((c) => columnOf(fieldsAt(c))))],
    selectableFields: selectable.map((path) => path.replace(/^\./, "")),
    // Status is the controllers' own, from the first moment on.
    rules: hasStatus ? { admit: (object) => without(object, "status") } : {},
    schema: fieldsAt(version, "schema", "openAPIV3Schema"),
    definition,
  });
}

function columnOf(given: Fields): Column {
  const path = parseJsonPath(textAt(given, "jsonPath") ?? "");
  const type = textAt(given, "type") ?? "string";
  const format = textAt(given, "format");
  return {
    name: textAt(given, "name") ?? "",
    type,
    ...(format === undefined ? {} : { format }),
    description: textAt(given, "description") ?? "",
    priority: numberAt(given, "priority") ?? 0,
    // Only the first value is shown: the rule of the real table convertor.
    cell: (object, nowMs) => cellOf(type, path(object)[0], nowMs),
  };
}

function cellOf(type: string, value: unknown, nowMs: number): unknown {
  if (value === undefined || value === null) return null;
  if (type === "date") return dateCell(value, nowMs);
  if (type === "string") return shown(value);
  // A value of another type than the column's is not shown.
  if (type === "integer") return typeof value === "number" ? Math.trunc(value) : null;
  return typeof value === type ? value : null;
}

function dateCell(value: unknown, nowMs: number): string {
  const at = Date.parse(shown(value));
  return Number.isNaN(at) ? "<invalid>" : humanDuration(nowMs - at);
}
