// Label and field selectors for the API in memory: the equality and set forms kubectl writes.
import { assert } from "../../assert.ts";
import type { KubernetesObject, Selection } from "../api.ts";
import { isRecord } from "../merge-patch.ts";

export function selects(selection: Selection, object: KubernetesObject): boolean {
  const { namespace, labelSelector, fieldSelector } = selection;
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
  const labels = object.metadata.labels ?? {};
  return (
    requirements(labelSelector).every((one) => isLabelled(one, labels)) &&
    requirements(fieldSelector).every((one) => hasField(one, object))
  );
}

/** Splits at commas outside of parentheses. */
function requirements(selector: string | undefined): readonly string[] {
  return (selector ?? "")
    .split(/,(?![^(]*\))/)
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

function isLabelled(requirement: string, labels: Readonly<Record<string, string>>): boolean {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(requirement);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const isIn = list.split(",").some((value) => value.trim() === labels[key]);
    return operator === "in" ? isIn : !isIn;
  }
  const equality = /^([^=!]+?)\s*(!=|==?)\s*(.*)$/.exec(requirement);
  if (equality !== null) {
    const [, key = "", operator, value] = equality;
    return (labels[key] === value) === (operator !== "!=");
  }
  return requirement.startsWith("!")
    ? labels[requirement.slice(1)] === undefined
    : labels[requirement] !== undefined;
}

function hasField(requirement: string, object: KubernetesObject): boolean {
  const parts = /^([^=!]+)(!=|==?)(.*)$/.exec(requirement);
  assert(parts !== null, () => `field selector ${requirement} must be path=value`);
  const [, path = "", operator, value] = parts;
  const found = path
    .split(".")
    .reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), object);
  return ((found ?? "") === value) === (operator !== "!=");
}
