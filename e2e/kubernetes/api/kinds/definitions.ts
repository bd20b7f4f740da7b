// CustomResourceDefinitions as objects: what is refused, and the conditions that say they are served. Here
// they are served from the moment they exist, so Established is True at once.
import type { FieldError } from "../field-error.ts";
import { invalid, required, sameValueError } from "../field-error.ts";
import { parseJsonPath } from "../json-path.ts";
import type { Fields, KubeObject } from "../object.ts";
import { at, fieldsAt, isFields, listAt, textAt, withDefaults, withMetadata } from "../object.ts";
import type { AdmissionContext } from "../resource.ts";
import { builtIn } from "../resource.ts";
import { NAME } from "./columns.ts";

/** Keeps a definition until its objects are gone. */
export const CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io";

export const definitions = builtIn({
  group: "apiextensions.k8s.io",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  namespaced: false,
  hasStatus: true,
  hasGeneration: true,
  columns: [NAME, { name: "Created At", type: "date", cell: (o) => o.metadata.creationTimestamp }],
  rules: { defaults: nameDefaults, admit: establish, validate: checkDefinition },
});

function nameDefaults(definition: KubeObject): KubeObject {
  const spec = fieldsAt(definition, "spec");
  const kind = textAt(spec, "names", "kind") ?? "";
  const names = withDefaults(fieldsAt(spec, "names"), {
    singular: kind.toLowerCase(),
    listKind: `${kind}List`,
  });
  const filled = withDefaults(spec, { conversion: { strategy: "None" } });
  return { ...definition, spec: { ...filled, names } };
}

function establish(definition: KubeObject, { now }: AdmissionContext): KubeObject {
  const condition = (type: string, reason: string, message: string): Fields => ({
    type,
    status: "True",
    lastTransitionTime: now,
    reason,
    message,
  });
  const finalizers = [...(definition.metadata.finalizers ?? []), CLEANUP_FINALIZER];
  const stored = listAt(definition, "spec", "versions").find((v) => at(v, "storage") === true);
  const status = {
    acceptedNames: at(definition, "spec", "names"),
    conditions: [
      condition("NamesAccepted", "NoConflicts", "no conflicts found"),
      condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ],
    storedVersions: [textAt(stored, "name") ?? ""],
  };
  return { ...withMetadata(definition, { finalizers: [...new Set(finalizers)] }), status };
}

function checkDefinition(definition: KubeObject, old: KubeObject | undefined): FieldError[] {
  const spec = fieldsAt(definition, "spec");
  const group = textAt(spec, "group") ?? "";
  const plural = textAt(spec, "names", "plural") ?? "";
  const { name } = definition.metadata;
  const scope = textAt(spec, "scope") ?? "";
  return [
    ...["group", "scope"]
      .filter((f) => (textAt(spec, f) ?? "") === "")
      .map((f) => required(`spec.${f}`)),
    ...["plural", "kind"]
      .filter((f) => (textAt(spec, "names", f) ?? "") === "")
      .map((f) => required(`spec.names.${f}`)),
    ...(name === `${plural}.${group}`
      ? []
      : [invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')]),
    ...(scope === "Namespaced" || scope === "Cluster"
      ? []
      : [invalid("spec.scope", scope, "must be Cluster or Namespaced")]),
    ...checkVersions(listAt(spec, "versions")),
    ...sameValueError("spec.group", group, at(old, "spec", "group")),
    ...sameValueError("spec.scope", scope, at(old, "spec", "scope")),
    ...sameValueError("spec.names.plural", plural, at(old, "spec", "names", "plural")),
    ...sameValueError(
      "spec.names.kind",
      at(spec, "names", "kind"),
      at(old, "spec", "names", "kind"),
    ),
  ];
}

function checkVersions(versions: readonly unknown[]): FieldError[] {
  const storage = versions.filter((version) => at(version, "storage") === true).length;
  const why = "must have exactly one version marked as storage version";
  return [
    ...(storage === 1 ? [] : [invalid("spec.versions", storage, why)]),
    ...versions.flatMap((version, i) => checkVersion(`spec.versions[${i}]`, version)),
  ];
}

function checkVersion(path: string, version: unknown): FieldError[] {
  const schema = at(version, "schema", "openAPIV3Schema");
  const columns = listAt(version, "additionalPrinterColumns");
  return [
    ...((textAt(version, "name") ?? "") === "" ? [required(`${path}.name`)] : []),
    ...(isFields(schema)
      ? checkStructural(`${path}.schema.openAPIV3Schema`, schema)
      : [required(`${path}.schema.openAPIV3Schema`, "schemas are required")]),
    ...columns.flatMap((column, i) =>
      checkColumn(`${path}.additionalPrinterColumns[${i}]`, fieldsAt(column)),
    ),
  ];
}

const COLUMN_TYPES = ["boolean", "date", "integer", "number", "string"];

function checkColumn(path: string, column: Fields): FieldError[] {
  const type = textAt(column, "type") ?? "";
  const jsonPath = textAt(column, "jsonPath") ?? "";
  const known = COLUMN_TYPES.includes(type);
  return [
    ...(known ? [] : [invalid(`${path}.type`, type, `must be one of ${COLUMN_TYPES.join(",")}`)]),
    ...(jsonPath === ""
      ? [required(`${path}.jsonPath`)]
      : unreadable(`${path}.jsonPath`, jsonPath)),
  ];
}

function unreadable(path: string, jsonPath: string): FieldError[] {
  try {
    parseJsonPath(jsonPath);
    return [];
  } catch (error) {
    return [invalid(path, jsonPath, (error as Error).message)];
  }
}

/** Structural schemas give every field a type; without it pruning would be guessing. */
function checkStructural(path: string, schema: Fields): FieldError[] {
  const free =
    schema["x-kubernetes-int-or-string"] === true ||
    schema["x-kubernetes-preserve-unknown-fields"] === true;
  const untyped = !free && (textAt(schema, "type") ?? "") === "";
  const { items, additionalProperties } = schema;
  return [
    ...(untyped ? [required(`${path}.type`, "must not be empty for specified object fields")] : []),
    ...badPattern(path, schema),
    ...Object.entries(fieldsAt(schema, "properties")).flatMap(([key, property]) =>
      isFields(property) ? checkStructural(`${path}.properties[${key}]`, property) : [],
    ),
    ...(isFields(items) ? checkStructural(`${path}.items`, items) : []),
    ...(isFields(additionalProperties)
      ? checkStructural(`${path}.additionalProperties`, additionalProperties)
      : []),
  ];
}

function badPattern(path: string, schema: Fields): FieldError[] {
  const pattern = textAt(schema, "pattern");
  if (pattern === undefined) return [];
  try {
    new RegExp(pattern, "u").test("");
    return [];
  } catch (error) {
    return [
      invalid(
        `${path}.pattern`,
        pattern,
        `must be a valid regular expression: ${(error as Error).message}`,
      ),
    ];
  }
}
