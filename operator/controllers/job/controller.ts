// Reconciles one Backup or Restore: observe, plan, apply.
import { done } from "../../runtime/result.ts";
import type { Result } from "../../runtime/result.ts";
import type { ObjectKey } from "../../runtime/api.ts";
import type { ReconcileContext } from "../../runtime/controller.ts";
import type { ControllerDeps } from "../deps.ts";
import { observeOrLetGo } from "../lost-rights.ts";
import { apply } from "./apply.ts";
import type { JobKind } from "./model.ts";
import { observe } from "./observe.ts";
import { paced } from "./pace.ts";
import { plan } from "./plan.ts";
import { kindOf } from "./settings.ts";

export async function reconcileJob(
  deps: ControllerDeps,
  kind: JobKind,
  key: ObjectKey,
  { log }: Pick<ReconcileContext, "log">,
): Promise<Result> {
  const seen = await observeOrLetGo(deps, kindOf(kind), key, () => observe(deps, kind, key));
  if (seen === undefined) return done("it is gone");
  const decided = plan(seen);
  log.debug("planned", { step: decided.step, actions: decided.actions.map((a) => a.kind) });
  return paced(seen, await apply(deps, seen, decided), deps.caches.running());
}
