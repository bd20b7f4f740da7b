// Errors that a test puts in the way of the fake's verbs, each a number of times, before or after the effect:
// after it is what a crash looks like from outside.
import { FrontendError, type Frontend } from "../frontend.ts";

export type FakeVerb = Exclude<keyof Frontend, "close">;

export interface FakeFault {
  readonly when: "before" | "after";
  /** Default `FrontendUnreachable`; after `backup` or `restore`, `OutcomeUnknown`. */
  readonly error?: Error;
  /** Default once. */
  readonly times?: number;
}

export class FakeFaults {
  readonly #waiting: {
    readonly verb: FakeVerb;
    readonly fault: Required<FakeFault>;
    left: number;
  }[] = [];

  add(verb: FakeVerb, { when, error = defaultError(verb, when), times = 1 }: FakeFault): void {
    this.#waiting.push({ verb, fault: { when, error, times }, left: times });
  }

  /** The one that meets this call, if any. */
  take(verb: FakeVerb): Required<FakeFault> | undefined {
    const found = this.#waiting.find((w) => w.verb === verb && w.left > 0);
    if (found === undefined) return undefined;
    found.left -= 1;
    return found.fault;
  }
}

function defaultError(verb: FakeVerb, when: FakeFault["when"]): FrontendError {
  if (when === "after" && (verb === "backup" || verb === "restore")) {
    return new FrontendError("OutcomeUnknown", false, `${verb}: it was sent, and no answer came`);
  }
  return new FrontendError("FrontendUnreachable", true, `${verb}: the connection was lost`);
}
