// What is done to the requests of a driver, and to which of them it can be done and be noticed.
import type { Harm } from "../../../e2e/servers/fault-script.ts";
import type { FaultedCallName } from "./faults-calls.ts";

/** One of the requests that a driver makes, by its store's own name. */
export interface FaultedRequest {
  /** The call that makes it. */
  readonly call: FaultedCallName;
  /**
   * Its body is content. `checked`: one with a wrong bit is refused, and sent anew; `checkedLate`: the whole is
   * refused when it is completed.
   */
  readonly sends?: "checked" | "checkedLate" | "unchecked";
  /** Its body is nothing but content, its length neither signed nor told elsewhere: nobody misses its end at once. */
  readonly mayLoseEnd?: boolean;
  /** Its answer has a body; `content`: that of an object. */
  readonly answers?: "words" | "content";
  /** It is also tried with an answer that stands still, which takes seconds. */
  readonly stands?: boolean;
  /** The store works on it for long, and may begin its answer before it knows of a failure. */
  readonly takesLong?: boolean;
  /** Every answer with a good status is a good answer: nothing in it says more. */
  readonly saysNothing?: boolean;
  /** It begins what nobody knows of when its answer is lost: a sweep finds that. */
  readonly begins?: boolean;
  /** When it is refused, an upload stays that a sweep finds. */
  readonly ends?: boolean;
  /** How many of it a call makes that fails at the first, at the same time or cleaning up. Default 1. */
  readonly most?: number;
  /** The call goes on without it. */
  readonly isSpared?: boolean;
}

/** How the store words a failure. */
export interface Refusals {
  readonly internal: Refusal;
  readonly throttled: Refusal;
  readonly denied: Refusal;
}

type Refusal = Extract<Harm, { readonly do: "refuse" }>;

/** What heals when it is tried again. */
export function passingHarms({ internal, throttled }: Refusals): Readonly<Record<string, Harm>> {
  return {
    [`is answered ${internal.status} ${internal.code}`]: internal,
    [`is answered ${throttled.status} ${throttled.code}`]: throttled,
    "is answered 503 with a wish": { ...throttled, status: 503, headers: { "retry-after": "0" } },
    "is answered a page by a load balancer": { do: "page", status: 502 },
    "is cut off while it is sent": { do: "resetUp", afterBytes: 2000 },
    "is done, and the answer is an error": { do: "loseAnswer", how: "error" },
    "is done, and the answer is lost": { do: "loseAnswer", how: "reset" },
    "has its answer reset": { do: "cutDown", how: "reset", afterBytes: 20 },
    "has its answer cut short": { do: "cutDown", how: "end", afterBytes: 20 },
    "has its answer stand still": { do: "cutDown", how: "stall", afterBytes: 20 },
    "has an answer that lost its end": { do: "shortenDown", bytes: 10 },
    "has an error inside a good answer": { do: "errorInside", code: internal.code },
    "is damaged on its way": { do: "damageUp" },
    "loses its end on its way": { do: "shortenUp", bytes: 10 },
    "is slow": { do: "wait", beforeMs: 30, afterMs: 30 },
    "has its answer trickle": { do: "trickleDown", pieceBytes: 64 * 1024, pauseMs: 1 },
  };
}

const NEEDS: Partial<Record<Harm["do"], (request: FaultedRequest) => boolean>> = {
  cutDown: ({ answers }) => answers !== undefined,
  // Of words that lost their end, no parser makes sense: as those that are cut off.
  shortenDown: ({ answers }) => answers === "content",
  trickleDown: ({ answers }) => answers === "content",
  errorInside: ({ takesLong }) => takesLong === true,
  damageUp: ({ sends }) => sends === "checked",
  shortenUp: ({ mayLoseEnd }) => mayLoseEnd === true,
};

/** Whether a harm can be done to a request, and can be noticed. */
export function fits(request: FaultedRequest, harm: Harm): boolean {
  if (stands(harm) && request.stands !== true) return false;
  return NEEDS[harm.do]?.(request) ?? true;
}

export function stands(harm: Harm): boolean {
  return harm.do === "cutDown" && harm.how === "stall";
}

/** Those that come by chance in a bad hour: no waits of seconds, nothing that only some servers notice. */
export function ofABadHour(harms: Readonly<Record<string, Harm>>): readonly Harm[] {
  const rare = ["errorInside", "damageUp", "shortenUp", "shortenDown"];
  return Object.values(harms).filter((harm) => !rare.includes(harm.do) && !stands(harm));
}
