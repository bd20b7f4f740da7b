// Conditions of the objects controllers speak about: set by type, with a transition time that moves only
// when the status does.
import type { Fields, KubeObject } from "../api/object.ts";
import { fieldsAt, listAt, textAt } from "../api/object.ts";

export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

export function withCondition(object: KubeObject, condition: Condition, now: string): KubeObject {
  const status = fieldsAt(object, "status");
  return { ...object, status: { ...status, conditions: setCondition(status, condition, now) } };
}

export function setCondition(
  status: Fields,
  condition: Condition,
  now: string,
): readonly unknown[] {
  const all = listAt(status, "conditions");
  const index = all.findIndex((one) => textAt(one, "type") === condition.type);
  const before = all[index];
  const moved = textAt(before, "status") !== condition.status;
  const since = textAt(before, "lastTransitionTime") ?? now;
  const kept = before === undefined ? {} : (before as Fields);
  const next = { ...kept, ...condition, lastTransitionTime: moved ? now : since };
  return index < 0 ? [...all, next] : all.with(index, next);
}

export function conditionOf(object: unknown, type: string): unknown {
  return listAt(object, "status", "conditions").find((one) => textAt(one, "type") === type);
}
