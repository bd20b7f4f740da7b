// What a real API server does and the embedded one leaves to us: the CEL rules of our CRDs, by the evaluator
// that the operator has.
import type { KubernetesObject } from "../operator/runtime/api.ts";
import type { Problem } from "../operator/api/schema.ts";
import { validate, type UncheckedObject } from "../operator/api/validate.ts";

/** Fits the `validate` option of the embedded API server. */
export function celRules(_definition: unknown, object: unknown, old: unknown): readonly Problem[] {
  const before = old === undefined ? undefined : (old as KubernetesObject as UncheckedObject);
  return validate(object as KubernetesObject as UncheckedObject, before);
}
