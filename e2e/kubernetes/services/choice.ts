// Which endpoint answers a connection to a Service, as kube-proxy decides it (measured with 1.37, nftables):
//
//   candidates   the ready endpoints; when there is none, those that still serve while they end
//   Local        only those on the caller's node; when all are elsewhere, packets are swallowed
//   SameNode     those on the caller's node when there are any, else all
//   affinity     a caller stays at its endpoint while that is a candidate, else gets another one
//
// So a caller goes back to its own node's endpoint as soon as there is one: the others stop being candidates.
import { must } from "../../../operator/assert.ts";
import type { Clock, Random } from "../../../operator/clock.ts";

export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** Absent: not on a node. */
  readonly node?: string;
  readonly ready: boolean;
  /** It is ending and still answers. */
  readonly serving: boolean;
}

export interface Rules {
  readonly preferSameNode: boolean;
  readonly local: boolean;
  /** Absent: no affinity. */
  readonly affinityMs?: number;
}

export interface Caller {
  readonly address: string;
  /** Absent: not on a node. */
  readonly node?: string;
}

export type Choice =
  | { readonly kind: "connect"; readonly endpoint: Endpoint }
  | { readonly kind: "swallow" }
  | { readonly kind: "refuse" };

interface Affinity {
  readonly at: string;
  readonly until: number;
}

const CALLERS_MAX = 10_000;

/** The endpoints that a Service has at all; without any, connections are refused. */
export function usable(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const ready = endpoints.filter((e) => e.ready);
  return ready.length > 0 ? ready : endpoints.filter((e) => e.serving);
}

/** The memory of one port of a Service: who was sent where. */
export class Chooser {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #callers = new Map<string, Affinity>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  choose(endpoints: readonly Endpoint[], rules: Rules, caller: Caller): Choice {
    const all = usable(endpoints);
    if (all.length === 0) return { kind: "refuse" };
    const own = all.filter((e) => e.node !== undefined && e.node === caller.node);
    if (rules.local && own.length === 0) return { kind: "swallow" };
    const candidates = rules.local || (rules.preferSameNode && own.length > 0) ? own : all;
    return { kind: "connect", endpoint: this.#pick(candidates, rules, caller.address) };
  }

  #pick(candidates: readonly Endpoint[], { affinityMs }: Rules, caller: string): Endpoint {
    const random = candidates[Math.floor(this.#random() * candidates.length)];
    if (affinityMs === undefined) return must(random);
    const known = this.#callers.get(caller);
    const kept = candidates.find((e) => nameOf(e) === known?.at);
    const fresh = known !== undefined && known.until > this.#clock.monotonic();
    const endpoint = must(fresh ? (kept ?? random) : random);
    this.#remember(caller, { at: nameOf(endpoint), until: this.#clock.monotonic() + affinityMs });
    return endpoint;
  }

  #remember(caller: string, affinity: Affinity): void {
    this.#callers.delete(caller);
    this.#callers.set(caller, affinity);
    const [oldest] = this.#callers.keys();
    if (this.#callers.size > CALLERS_MAX && oldest !== undefined) this.#callers.delete(oldest);
  }
}

function nameOf({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}
