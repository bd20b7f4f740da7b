// Tables of plans for a Repository; see plans.ts.
import { expect } from "chai";
import type { Result } from "../../runtime/result.ts";
import type { Action, RepositoryStatus } from "../repository/model.ts";
import { shown, type RepositoryDelta } from "./repository-seen.ts";

export interface RepositoryCase {
  readonly name: string;
  readonly given: RepositoryDelta;
  readonly step: string;
  readonly result: Result;
  /** Default none. */
  readonly actions?: readonly Action[];
  /** Default READY, with Ready alone. */
  readonly phase?: RepositoryStatus["phase"];
  readonly states?: string;
  readonly told?: string;
  readonly status?: { readonly [K in keyof RepositoryStatus]?: RepositoryStatus[K] | undefined };
}

/** Ready, Reconciling, Stalled. */
export const READY = "True False False";
export const CHECKING = "False True False";
export const STALLED = "False False True";

export function itPlans(cases: readonly RepositoryCase[]): void {
  for (const c of cases) {
    it(c.name, () => {
      const { status, told, ...plan } = shown(c.given);
      const { step, result, actions = [], phase = "READY", states = READY } = c;
      expect(plan).to.deep.equal({ step, result, actions, phase, states });
      if (c.told !== undefined) expect(told).to.equal(c.told);
      for (const [key, value] of Object.entries(c.status ?? {})) {
        expect(status[key as keyof RepositoryStatus], key).to.deep.equal(value);
      }
    });
  }
}
