// Which request suffers what: faults set by hand for the nth request of an operation, and harm by chance
// from a seed, so that a failure can be repeated.
import type { RequestKind, StoreRequest } from "./dialect.ts";
import type { S3Request } from "./s3-request.ts";

/** What can be done to one request. */
export type Harm =
  /** An error of the store instead of passing it on. */
  | {
      readonly do: "refuse";
      readonly status: number;
      readonly code: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** A page of some load balancer instead of passing it on. */
  | { readonly do: "page"; readonly status: number }
  /**
   * Far away: passed on only after `beforeMs`, and not at all when the client is gone by then; answered
   * `afterMs` after the server did it.
   */
  | { readonly do: "wait"; readonly beforeMs: number; readonly afterMs: number }
  /** The server does it; the client hears of an error, or of nothing. */
  | { readonly do: "loseAnswer"; readonly how: "error" | "reset" }
  /** The server does it; the client gets status 200 with an error in the body, as S3 does it. */
  | { readonly do: "errorInside"; readonly code: string }
  /** The connection is reset after so many bytes of the request's body. */
  | { readonly do: "resetUp"; readonly afterBytes: number }
  /** One bit of the request's body is changed on its way. */
  | { readonly do: "damageUp" }
  /** After so many bytes of the answer's body the connection is reset, ended, or stands still. */
  | {
      readonly do: "cutDown";
      readonly how: "reset" | "end" | "stall";
      readonly afterBytes: number;
    }
  /** The last bytes of the request's body are lost, and its length tells nothing of it. */
  | { readonly do: "shortenUp"; readonly bytes: number }
  /** The last bytes of the answer's body are lost, and its length tells nothing of it. */
  | { readonly do: "shortenDown"; readonly bytes: number }
  /** One bit of the answer's body is changed on its way. */
  | { readonly do: "damageDown" }
  /** A listing that lags: rows whose key contains one of these are left out. */
  | { readonly do: "hideRows"; readonly keys: readonly string[] }
  /** The answer's body comes in small pieces with pauses. */
  | { readonly do: "trickleDown"; readonly pieceBytes: number; readonly pauseMs: number };

export interface ProxyFault<R extends StoreRequest = S3Request> {
  /** By the store's own name; absent: any. */
  readonly operation?: R["operation"];
  /** By what it does; absent: any. */
  readonly kind?: RequestKind;
  /** Only requests that are signed by this key id. */
  readonly signer?: string;
  /** Only requests whose key contains this; they alone are counted. */
  readonly key?: string;
  /** The first request it happens to, counted from 1. Default 1. */
  readonly nth?: number;
  /** How many in a row. Default 1. */
  readonly times?: number;
  readonly harm: Harm;
}

/** Harm by chance: each request suffers with probability `rate`. */
export interface RandomHarm {
  readonly seed: number;
  readonly rate: number;
  readonly harms: readonly Harm[];
}

export class FaultScript<R extends StoreRequest = S3Request> {
  readonly #faults: { readonly fault: ProxyFault<R>; seen: number }[] = [];
  #chance: (() => Harm | undefined) | undefined;

  /** Adds a fault; of several that fit one request, the one set first happens. */
  inject(fault: ProxyFault<R>): void {
    this.#faults.push({ fault, seen: 0 });
  }

  harmAtRandom({ seed, rate, harms }: RandomHarm): void {
    const random = seededRandom(seed);
    this.#chance = () => (random() < rate ? harms[Math.floor(random() * harms.length)] : undefined);
  }

  clear(): void {
    this.#faults.splice(0);
    this.#chance = undefined;
  }

  /** What happens to this request; to be asked once for each. */
  take(request: R): Harm | undefined {
    const hits = this.#faults.filter((active) => {
      const { nth = 1, times = 1 } = active.fault;
      if (!isAbout(active.fault, request)) return false;
      active.seen += 1;
      return active.seen >= nth && active.seen < nth + times;
    });
    return hits[0]?.fault.harm ?? this.#chance?.();
  }
}

function isAbout<R extends StoreRequest>(
  { operation, kind, key = "", signer }: ProxyFault<R>,
  request: R,
): boolean {
  if (kind !== undefined && kind !== request.kind) return false;
  if (operation !== undefined && operation !== request.operation) return false;
  if (signer !== undefined && signer !== request.signer) return false;
  return request.key.includes(key);
}

/** mulberry32: small, and the same on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
