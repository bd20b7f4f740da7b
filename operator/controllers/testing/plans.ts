// Tables of plans: a world, and the whole plan for it. An action that is not expected fails, like one that is missing.
import { expect } from "chai";
import type { Result } from "../../runtime/result.ts";
import type { Action, Verdict } from "../job/model.ts";
import { plan } from "../job/plan.ts";
import type { JobStatus, Outcome } from "../job/status.ts";
import { seen, seenRestore, type Delta } from "./seen.ts";

export interface PlanCase {
  readonly name: string;
  readonly given: Delta;
  /** The step that decides. */
  readonly step: string;
  readonly reason: string;
  readonly result: Result;
  /** Default none. */
  readonly actions?: readonly Action[];
  /** Fields of the status after it; `undefined`: the field is not there. */
  readonly status?: { readonly [K in keyof JobStatus]?: JobStatus[K] | undefined };
}

/** An attempt that ends: what is decided, and how the message begins. */
export interface EndCase {
  readonly name: string;
  readonly given: Delta;
  readonly step: string;
  readonly end: readonly [outcome: Outcome, reason: string];
  readonly message: RegExp;
}

export function itPlans(cases: readonly (PlanCase | EndCase)[]): void {
  for (const c of cases) {
    it(c.name, () => ("end" in c ? expectEnd(c) : expectPlan(c)));
  }
}

function planned({ given }: { readonly given: Delta }) {
  const isRestore = given.job?.kind === "Restore";
  return plan(isRestore ? seenRestore(given) : seen(given));
}

function expectPlan(c: PlanCase): void {
  const { step, actions, verdict, result, status } = planned(c);
  const wanted = c.status ?? {};
  const keys = Object.keys(wanted) as (keyof JobStatus)[];
  const shown = Object.fromEntries(keys.map((key) => [key, status[key]]));
  const { reason, end } = verdict;
  expect({ step, reason, result, actions, status: shown, end }).to.deep.equal({
    step: c.step,
    reason: c.reason,
    result: c.result,
    actions: c.actions ?? [],
    status: wanted,
    end: undefined,
  });
}

function expectEnd(c: EndCase): void {
  const { step, actions, verdict, result, status } = planned(c);
  const [outcome, reason] = c.end;
  const { message } = endingOf(verdict);
  expect(message).to.match(c.message);
  const type = ["CANCELLED", "WAIT"].includes(outcome) ? "Normal" : "Warning";
  expect({ step, actions, result, end: verdict.end, told: status.reason }).to.deep.equal({
    step: c.step,
    actions: [{ kind: "event", type, reason, message }],
    result: { kind: "poll", afterMs: 0, on: "the clean-up to begin" },
    end: { outcome, reason, message },
    told: reason,
  });
  expect(status.ending).to.include({ outcome, reason, message });
}

function endingOf({ end, result }: Verdict): { readonly message: string } {
  if (end === undefined) throw new Error(`nothing ends here: ${JSON.stringify(result)}`);
  return end;
}
