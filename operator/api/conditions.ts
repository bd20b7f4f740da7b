// Conditions as Kubernetes means them (metav1.Condition): pure functions over a list that is never changed
// in place. The surprise: `lastTransitionTime` moves with `status` alone, so a new reason or message keeps it.

export type ConditionStatus = "True" | "False" | "Unknown";

export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  /** RFC 3339. */
  readonly lastTransitionTime: string;
}

/** A condition as a controller states it; when it changed is found out here. */
export type ConditionUpdate = Omit<Condition, "lastTransitionTime">;

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True";
}

/**
 * The list with this condition in it, in its old place or at the end. `now` is milliseconds since 1970. An update that changes
 * nothing gives the same list back, so that nothing is written for it.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  update: ConditionUpdate,
  now: number,
): readonly Condition[] {
  const before = findCondition(conditions, update.type);
  const lastTransitionTime =
    before?.status === update.status ? before.lastTransitionTime : timestamp(now);
  const after: Condition = { ...update, lastTransitionTime };
  if (before === undefined) return [...(conditions ?? []), after];
  if (sameCondition(before, after)) return conditions ?? [];
  return (conditions ?? []).map((condition) => (condition === before ? after : condition));
}

/** The list without conditions of this type; the same list when there is none. */
export function removeCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): readonly Condition[] {
  if (findCondition(conditions, type) === undefined) return conditions ?? [];
  return (conditions ?? []).filter((condition) => condition.type !== type);
}

/** A time as objects carry it: whole seconds, as metav1.Time is. */
export function timestamp(now: number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, "Z");
}

function sameCondition(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration &&
    a.lastTransitionTime === b.lastTransitionTime
  );
}
