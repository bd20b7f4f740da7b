// Who we are to AWS, for days: keys that are held, and renewed before they end. One renewal at a time,
// whoever waits for it. What would surprise:
// - Keys whose end is known are renewed beside the requests, which go on with the old ones as long as
//   these are good: a renewal that is slow or fails disturbs nobody before the end.
// - What a store refuses is renewed at once, whatever end it was said to have: keys are replaced and
//   sessions taken back without a word. But not again within {@link SETTLED_MS}: wrong keys stay wrong.
import type { Clock } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { Log } from "../log.ts";

/** Plain text, as the client signs with it. Never logged. */
export interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Absent: without an end, or nobody says. */
  readonly expiration?: Date;
}

export interface IdentityDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/** Where identities come from. `renewal`: there was one before, so that what is missing now may come back. */
export type FetchIdentity = (renewal: boolean) => Promise<Identity>;

interface Held {
  readonly identity: Identity;
  readonly fetchedAt: number;
  readonly renewAt: number;
  readonly endsAt: number;
}

/** Renewed this long before their end, or in the last quarter of a shorter life. */
const AHEAD_MS = 15 * 60_000;
/** After a renewal that failed, or that gave nothing younger, the next one waits so long. */
const PAUSE_MS = 30_000;
/** Renewed keys are held so long whatever their end: a clock that is wrong must not ask at every request. */
const SETTLED_MS = 5_000;

export class RenewedIdentity {
  readonly #fetch: FetchIdentity;
  readonly #deps: IdentityDeps;
  readonly #everyMs: number;
  #held: Held | undefined;
  #renewal: Promise<Identity> | undefined;

  /** `everyMs`: how often to look for new ones when no end is known. Default: never. */
  constructor(fetch: FetchIdentity, deps: IdentityDeps, everyMs = Number.POSITIVE_INFINITY) {
    this.#fetch = fetch;
    this.#deps = deps;
    this.#everyMs = everyMs;
  }

  /** The identity to sign with now. Rejects only when there is none that may still be good. */
  async get(): Promise<Identity> {
    const held = this.#held;
    const now = this.#deps.clock.now();
    if (held === undefined || now >= held.endsAt) return this.#renew();
    if (now < held.renewAt) return held.identity;
    const renewal = this.#renew().catch(() => held.identity);
    return held.endsAt === Number.POSITIVE_INFINITY ? renewal : held.identity;
  }

  /**
   * To be told that a store refused what `get` gave. Whether there is another one now. Rejects when
   * another one was wanted and cannot be had: then that is the reason to show.
   */
  async renewRefused(refused: Identity): Promise<boolean> {
    const held = this.#held;
    if (held === undefined) return false;
    if (held.identity !== refused) return true;
    if (this.#deps.clock.now() - held.fetchedAt < SETTLED_MS) return false;
    return (await this.#renew()) !== refused;
  }

  #renew(): Promise<Identity> {
    this.#renewal ??= this.#fetchAndHold().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #fetchAndHold(): Promise<Identity> {
    const before = this.#held;
    try {
      const fetched = await this.#fetch(before !== undefined);
      const identity =
        before !== undefined && same(before.identity, fetched) ? before.identity : fetched;
      this.#held = this.#hold(identity, fetched.expiration);
      return identity;
    } catch (error) {
      if (before !== undefined) this.#postpone(before, error);
      throw error;
    }
  }

  #hold(identity: Identity, expiration: Date | undefined): Held {
    const fetchedAt = this.#deps.clock.now();
    if (expiration === undefined) {
      const endsAt = Number.POSITIVE_INFINITY;
      return { identity, fetchedAt, renewAt: fetchedAt + this.#everyMs, endsAt };
    }
    const endsAt = Math.max(expiration.getTime(), fetchedAt + SETTLED_MS);
    const quarterMs = (endsAt - fetchedAt) / 4;
    const renewAt = Math.max(
      endsAt - Math.min(AHEAD_MS, quarterMs),
      fetchedAt + pauseOf(quarterMs),
    );
    return { identity, fetchedAt, renewAt, endsAt };
  }

  #postpone(before: Held, error: unknown): void {
    const { clock, log } = this.#deps;
    const now = clock.now();
    const leftMs = before.endsAt - now;
    this.#held = { ...before, renewAt: now + pauseOf(Math.max(0, leftMs) / 4) };
    log.warn("credentials could not be renewed; the old ones are used as long as they are good", {
      leftSeconds: Number.isFinite(leftMs) ? Math.max(0, Math.round(leftMs / 1000)) : undefined,
      error: describeError(error),
    });
  }
}

function pauseOf(quarterMs: number): number {
  return Math.min(PAUSE_MS, quarterMs);
}

function same(a: Identity, b: Identity): boolean {
  return (
    a.accessKeyId === b.accessKeyId &&
    a.secretAccessKey === b.secretAccessKey &&
    a.sessionToken === b.sessionToken
  );
}
