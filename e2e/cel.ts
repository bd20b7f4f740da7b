// What a real API server does and the embedded one leaves to us: the CEL rules of our CRDs, by the evaluator
// that the operator has.
import { brokenRules } from "../operator/api/cel.ts";
import type { Problem } from "../operator/api/schema.ts";
import { SCHEMAS } from "../operator/api/schemas.generated.ts";
import type { UncheckedObject } from "../operator/api/validate.ts";

/** Fits the `validate` option of the embedded API server, which checks the schema and fills in defaults itself. */
export function celRules(_definition: unknown, object: unknown, old: unknown): readonly Problem[] {
  const { kind } = object as UncheckedObject;
  // Others' resources, such as those of the StarRocks operator.
  if (!Object.hasOwn(SCHEMAS, kind)) return [];
  return brokenRules(SCHEMAS[kind], { path: "", value: object, before: old });
}
