// Reconciles one Repository: observe, plan, apply.
import type { ObjectKey } from "../../runtime/api.ts";
import type { ReconcileContext } from "../../runtime/controller.ts";
import { done } from "../../runtime/result.ts";
import type { Result } from "../../runtime/result.ts";
import type { ControllerDeps } from "../deps.ts";
import { REPOSITORY } from "../../api/kinds.ts";
import { observeOrLetGo } from "../lost-rights.ts";
import { apply } from "./apply.ts";
import { observe } from "./observe.ts";
import { plan } from "./plan.ts";

export async function reconcileRepository(
  deps: ControllerDeps,
  key: ObjectKey,
  { log }: Pick<ReconcileContext, "log">,
): Promise<Result> {
  const seen = await observeOrLetGo(deps, REPOSITORY, key, () => observe(deps, key));
  if (seen === undefined) return done("it is gone");
  const decided = plan(seen);
  log.debug("planned", { step: decided.step, actions: decided.actions.map((a) => a.kind) });
  return await apply(deps, seen, decided);
}
