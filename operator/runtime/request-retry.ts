// Whether a request to an API server is made again, and when. Only what cannot have happened twice: reads,
// requests the server turned away at its door (429), and those that never left (connection refused). A
// write whose answer was lost is the reconciler's to look into.
import type { Random } from "../clock.ts";
import { ApiError } from "./api.ts";
import { backoffMs } from "./backoff.ts";

export interface Attempt {
  readonly method: string;
  /** 1 for the first. */
  readonly tries: number;
  readonly error: unknown;
}

const TRIES_MAX = 5;
const BACKOFF = { firstMs: 100, maxMs: 5000 };
/** Answers that say nothing about the request itself. */
const UNWELL = new Set([500, 502, 503, 504]);
/** Errors of making a connection: nothing was sent. */
const UNSENT_CODES = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** The pause before the next try; `undefined`: there is none. */
export function retryPauseMs(attempt: Attempt, random: Random): number | undefined {
  const { error, tries } = attempt;
  if (tries >= TRIES_MAX || !isRepeatable(attempt)) return undefined;
  const asked = error instanceof ApiError ? error.retryAfterMs : undefined;
  return asked ?? backoffMs(tries, BACKOFF, random);
}

function isRepeatable({ method, error }: Attempt): boolean {
  if (error instanceof ApiError) {
    return error.status === 429 || (method === "GET" && UNWELL.has(error.status));
  }
  return method === "GET" ? isSocketError(error) : isUnsent(error);
}

/** The error of a socket or a resolver, and none of our own. */
function isSocketError(error: unknown): boolean {
  return codeOf(error) !== undefined;
}

function isUnsent(error: unknown): boolean {
  return UNSENT_CODES.has(codeOf(error) ?? "");
}

/** Looks through the wrapping: the code is on the cause. */
function codeOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { readonly code?: unknown };
    if (typeof code === "string") return code;
  }
  return undefined;
}
