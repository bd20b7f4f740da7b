// The service account tokens of one pod, as a kubelet holds them: each is asked for once, and anew after four fifths
// of its life. (A real one also asks anew after a day, and spreads it by chance.)
import type { Clock } from "../../../operator/clock.ts";
import type { Pod, TokenProjection } from "../core.ts";
import type { ServiceAccountTokens } from "../tokens.ts";

const DEFAULT_SECONDS = 3600;
const RENEWED_AFTER = 0.8;

interface Held {
  readonly text: string;
  readonly renewAtMs: number;
}

export class PodTokens {
  readonly #tokens: ServiceAccountTokens;
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();

  constructor(tokens: ServiceAccountTokens, clock: Clock) {
    this.#tokens = tokens;
    this.#clock = clock;
  }

  /** The one to show now. */
  tokenFor(pod: Pod, { audience, expirationSeconds = DEFAULT_SECONDS }: TokenProjection): string {
    const key = JSON.stringify([audience, expirationSeconds]);
    const held = this.#held.get(key);
    const nowMs = this.#clock.now();
    if (held !== undefined && nowMs < held.renewAtMs) return held.text;
    const { name, namespace = "default", uid } = pod.metadata;
    const { serviceAccountName: serviceAccount = "default" } = pod.spec;
    const wish = { namespace, serviceAccount, pod: { name, uid }, audience };
    const text = this.#tokens.issue({ ...wish, seconds: expirationSeconds }, nowMs);
    this.#held.set(key, { text, renewAtMs: nowMs + expirationSeconds * 1000 * RENEWED_AFTER });
    return text;
  }

  /** Milliseconds until the first of them is to be renewed; undefined: there is none. */
  get renewInMs(): number | undefined {
    if (this.#held.size === 0) return undefined;
    const first = Math.min(...[...this.#held.values()].map(({ renewAtMs }) => renewAtMs));
    return Math.max(0, first - this.#clock.now());
  }
}
