// The token of now, for every request: fetched once for all who wait, renewed before its end, and anew when the
// credentials change. While an old one is good, a renewal that fails harms nobody; it is tried again a little later.
import type { Clock } from "../clock.ts";
import type { Secret } from "../secret.ts";
import { StorageError } from "./errors.ts";
import { parseGcsCredentials } from "./gcs-credentials.ts";
import type { Grant, GrantDeps } from "./gcs-grants.ts";
import { fetchGrant } from "./gcs-grants.ts";
import { within } from "./within.ts";

export interface GcsTokensOptions {
  /** The text of gcs-credentials.ts, asked for again and again. Absent: the process's own identity. */
  readonly credentials?: (() => Promise<Secret>) | undefined;
}

/** Before a token's end. The metadata server tells a new one from five minutes before. */
const RENEW_MS = 225_000;
/** Between two looks at the credentials, and two tries of a renewal that is not urgent. */
const LOOK_MS = 5_000;
const FETCH_MS = 30_000;

export class GcsTokens {
  readonly #credentials: (() => Promise<Secret>) | undefined;
  readonly #deps: GrantDeps;
  #text: string | undefined;
  #lookedMs = -Infinity;
  #grant: Grant | undefined;
  #fetching: Promise<Grant> | undefined;
  #failedMs = -Infinity;

  constructor({ credentials }: GcsTokensOptions, deps: GrantDeps) {
    this.#credentials = credentials;
    this.#deps = deps;
  }

  async token(): Promise<string> {
    await this.#look();
    const now = this.#clock.now();
    const grant = this.#grant;
    const leftMs = (grant?.expiresMs ?? 0) - now;
    if (grant !== undefined && leftMs > RENEW_MS) return grant.token;
    const good = grant !== undefined && leftMs > 0;
    if (good && this.#clock.monotonic() - this.#failedMs < LOOK_MS) return grant.token;
    try {
      return (await this.#fetch()).token;
    } catch (error) {
      this.#failedMs = this.#clock.monotonic();
      if (good) return grant.token;
      throw error;
    }
  }

  /** The store refused it: the next call fetches another. */
  refused(token: string): void {
    if (this.#grant?.token === token) this.#grant = undefined;
  }

  get #clock(): Clock {
    return this.#deps.clock;
  }

  async #look(): Promise<void> {
    const now = this.#clock.monotonic();
    if (this.#credentials === undefined || now - this.#lookedMs < LOOK_MS) return;
    const text = (await this.#credentials()).reveal();
    this.#lookedMs = now;
    if (text === this.#text) return;
    this.#text = text;
    this.#grant = undefined;
    this.#fetching = undefined;
  }

  #fetch(): Promise<Grant> {
    const fetching = (this.#fetching ??= this.#fetchNow().finally(() => {
      if (this.#fetching === fetching) this.#fetching = undefined;
    }));
    return fetching;
  }

  async #fetchNow(): Promise<Grant> {
    const text = this.#text;
    const identity = text === undefined ? undefined : parseGcsCredentials(text);
    const limit = { clock: this.#clock, limitMs: FETCH_MS, late: tooLate };
    const grant = await within(limit, (signal) => fetchGrant(identity, this.#deps, signal));
    // Fetched for credentials that were changed meanwhile: good for those who waited, no longer.
    if (text === this.#text) this.#grant = grant;
    return grant;
  }
}

function tooLate(): StorageError {
  return new StorageError("timeout", `nobody gave a token in ${FETCH_MS} ms`, {
    operation: "credentials",
    key: "",
  });
}
