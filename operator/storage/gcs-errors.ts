// What Google Cloud Storage answers, as storage errors. One table, the first row that fits wins: the status, Google's
// `reason`, the words. Network codes are in network-errors.ts, refusals of tokens in gcs-grants.ts.
//
// Nothing of a request gets into an error but bucket and key: its address may hold a session, its head a token.
import { AssertionError } from "node:assert";
import type { IncomingHttpHeaders } from "node:http";
import { redact } from "../log.ts";
import type { StorageErrorKind, StorageReason } from "./errors.ts";
import { StorageError, isStorageError } from "./errors.ts";
import { classifyNetworkCode, codeOf } from "./network-errors.ts";
import { rightFor } from "./rights.ts";

/** The call that failed. */
export interface GcsCall {
  /** The contract's method. */
  readonly operation: string;
  readonly key: string;
  readonly bucket: string;
  /** The key as the store knows it. */
  readonly objectKey: string;
  /** By this node's clock. Milliseconds since 1970. */
  readonly nowMs: number;
}

/** An answer that is not the wanted one. */
export class GcsRefusal extends Error {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body. */
  readonly text: string;

  constructor(status: number, headers: IncomingHttpHeaders, text: string) {
    super(`status ${status}`);
    this.status = status;
    this.headers = headers;
    this.text = text;
  }
}

interface Seen {
  readonly status: number;
  readonly reason: string;
  readonly words: string;
  readonly call: GcsCall;
}

interface Row {
  readonly status?: number | readonly number[];
  readonly reason?: RegExp;
  readonly words?: RegExp;
  readonly operation?: RegExp;
  readonly kind: StorageErrorKind;
  readonly as?: StorageReason;
  /** What a person can do. */
  readonly advice?: string | ((seen: Seen) => string);
}

const KEY_REFUSED = {
  kind: "accessDenied",
  as: "EncryptionKeyRefused",
  advice:
    "give the project's Cloud Storage service agent roles/cloudkms.cryptoKeyEncrypterDecrypter on the key, and see " +
    "that the key is enabled and in the bucket's location",
} as const;
const SLOW_DOWN = { kind: "throttled" } as const;
const TRANSIENT = { kind: "unavailable" } as const;
const NO_BUCKET = {
  kind: "noSuchBucket",
  as: "NoSuchBucket",
  advice: ({ call }: Seen) => `create the bucket ${call.bucket}, or correct the location`,
} as const;
const READ_ONLY = {
  kind: "accessDenied",
  as: "StoreReadOnly",
  advice:
    "a retention policy, a lock or a hold keeps this object: use a bucket without, or shorten it to less than backups are kept",
} as const;

const ROWS: readonly Row[] = [
  { status: 400, words: /crc32c|md5/i, kind: "badDigest" },
  { status: [400, 403], reason: /^cloudKms/i, ...KEY_REFUSED },
  { status: [400, 403], words: /cloud kms|cryptokey/i, ...KEY_REFUSED },
  {
    status: 400,
    reason: /^userProject/,
    kind: "wrongConfiguration",
    advice: "the bucket makes its readers pay, which is not supported: use another",
  },
  {
    status: 401,
    kind: "wrongCredentials",
    as: "WrongCredentials",
    advice:
      "check that the service account's key is the right one, and neither deleted nor disabled",
  },
  { status: 403, reason: /limitexceeded$/i, ...SLOW_DOWN },
  {
    status: 403,
    reason: /quotaexceeded/i,
    kind: "full",
    as: "StorageFull",
    advice: "raise the quota",
  },
  { status: [403, 412], reason: /^(retentionPolicyNotMet|objectUnderActiveHold)$/, ...READ_ONLY },
  { status: 403, words: /retention policy|active hold|bucket is locked/i, ...READ_ONLY },
  {
    status: 403,
    reason: /^(accountDisabled|UserProjectAccountProblem)$|billing/i,
    kind: "accessDenied",
    advice: "the project has no account that pays: enable its billing",
  },
  {
    status: 403,
    words: /billing account/i,
    kind: "accessDenied",
    advice: "the project has no account that pays: enable its billing",
  },
  {
    status: 403,
    reason: /^(accessNotConfigured|SERVICE_DISABLED)$/,
    kind: "accessDenied",
    advice: "enable the Cloud Storage API in the project",
  },
  {
    status: 403,
    reason: /^sslRequired$/,
    kind: "wrongConfiguration",
    as: "WrongEndpoint",
    advice: "write https:// in gcs.endpoint",
  },
  {
    status: 403,
    words: /insufficient authentication scopes|insufficientPermissions/i,
    kind: "accessDenied",
    advice:
      "the node's or pod's identity may not use Cloud Storage at all: give it the scope devstorage.read_write",
  },
  { status: 403, kind: "accessDenied", as: "AccessDenied", advice: missingRight },
  { status: 404, words: /bucket does not exist|no such bucket/i, ...NO_BUCKET },
  // Nothing else can be missing there.
  { status: 404, operation: /^(put|upload|list)$/, ...NO_BUCKET },
  // 499: of a session that was cancelled.
  { status: [404, 410, 499], kind: "notFound" },
  { status: 408, kind: "timeout" },
  { status: 409, ...TRANSIENT },
  {
    status: 412,
    reason: /^orgPolicyConstraintFailed$/,
    kind: "wrongConfiguration",
    advice: "a policy of the organization forbids it: its words say which",
  },
  { status: 412, operation: /^put$/, kind: "alreadyExists" },
  { status: 412, kind: "changed" },
  { status: 416, kind: "invalidRange" },
  { status: 429, ...SLOW_DOWN },
  {
    status: 501,
    kind: "wrongConfiguration",
    advice: "this store does not offer an operation that is needed",
  },
  { status: 507, kind: "full", as: "StorageFull", advice: "make room in the store" },
  {
    status: [300, 301, 302, 303, 307, 405],
    kind: "wrongConfiguration",
    as: "WrongEndpoint",
    advice: "what answers is not Cloud Storage's JSON API: correct gcs.endpoint, or leave it out",
  },
  {
    status: 400,
    kind: "wrongConfiguration",
    advice: "check gcs.storageClass, gcs.kmsKeyName and gcs.endpoint",
  },
];

/** More than the minutes that Google allows. */
const SKEW_MS = 5 * 60_000;

/** The storage error for whatever a request ended with. Our own bugs stay what they are. */
export function classifyGcsError(error: unknown, call: GcsCall): Error {
  if (isStorageError(error) || error instanceof AssertionError) return error;
  if (error instanceof GcsRefusal) return ofRefusal(error, call);
  const code = codeOf(error);
  const row = classifyNetworkCode(code) ?? { kind: "unknown" };
  const words = error instanceof Error ? redact(error.message) : String(error);
  return make(call, { code, words, advice: row.advice }, { kind: row.kind, reason: row.reason });
}

function ofRefusal(refusal: GcsRefusal, call: GcsCall): StorageError {
  const { status, headers } = refusal;
  const seen: Seen = { status, call, ...look(refusal) };
  const skewMs = skewOf(seen, headers);
  const row = skewMs === undefined ? find(seen, isPage(status, refusal.text)) : clockRow(skewMs);
  const advice = typeof row.advice === "function" ? row.advice(seen) : row.advice;
  return make(
    call,
    { code: seen.reason, words: seen.words, advice, status },
    { kind: row.kind, reason: row.as, retryAfterMs: retryAfter(headers["retry-after"]) },
  );
}

function find(seen: Seen, page: boolean): Row {
  if (page) {
    return {
      kind: "wrongConfiguration",
      as: "WrongEndpoint",
      advice: "a web page answers instead of Cloud Storage: correct gcs.endpoint, or leave it out",
    };
  }
  const row = ROWS.find((row) => fits(row, seen));
  return row ?? (seen.status >= 500 ? TRANSIENT : { kind: "unknown" });
}

function fits({ status, reason, words, operation }: Row, seen: Seen): boolean {
  if (status !== undefined && ![status].flat().includes(seen.status)) return false;
  const asked = [
    [reason, seen.reason],
    [words, seen.words],
    [operation, seen.call.operation],
  ] as const;
  return asked.every(([wanted, text]) => wanted?.test(text) !== false);
}

/** A token that was refused, and clocks that differ: the token's times were wrong. */
function skewOf({ status, call }: Seen, headers: IncomingHttpHeaders): number | undefined {
  const differenceMs = Math.abs(Date.parse(headers.date ?? "") - call.nowMs);
  return status === 401 && differenceMs > SKEW_MS ? differenceMs : undefined;
}

function clockRow(skewMs: number): Row {
  const seconds = Math.round(skewMs / 1000);
  return {
    kind: "unavailable",
    as: "ClockSkew",
    advice: `this node's clock differs from Google's by ${seconds} s, so its tokens are refused: set it`,
  };
}

interface GoogleError {
  readonly error?: {
    readonly message?: unknown;
    readonly errors?: readonly { readonly reason?: unknown }[];
  };
}

function look({ status, text }: GcsRefusal): { readonly reason: string; readonly words: string } {
  const { error } = parsed(text);
  const reason = error?.errors?.[0]?.reason;
  // Bodies and sessions are refused in plain words, ranges in XML.
  const words = typeof error?.message === "string" ? error.message : text.replace(/<[^>]*>/g, " ");
  return {
    reason: typeof reason === "string" && reason !== "" ? reason : `HTTP ${status}`,
    words: redact(words.replace(/\s+/g, " ").trim()).slice(0, 300),
  };
}

function parsed(text: string): GoogleError {
  try {
    return (JSON.parse(text) as GoogleError | null) ?? {};
  } catch {
    return {};
  }
}

/**
 * A page for people, which no wanted status makes an answer. Google's load balancers answer 5xx with one too: that is
 * what it looks like when nobody works.
 */
export function isPage(status: number, text: string): boolean {
  return status < 500 && status !== 429 && /^\s*<(!doctype html|html)/i.test(text);
}

function missingRight({ call, words }: Seen): string {
  const named = /storage\.\w+\.\w+/.exec(words)?.[0];
  const right = named ?? rightFor("gcs", call.operation);
  return `grant this identity ${right} on the bucket ${call.bucket}`;
}

// Seconds; the other form, a date, is not worth a clock here.
function retryAfter(header: string | undefined): number | undefined {
  const seconds = Number(header ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

interface Said {
  readonly code: string;
  readonly words: string;
  readonly advice?: string | undefined;
  readonly status?: number | undefined;
}

function make(
  call: GcsCall,
  { code, words, advice, status }: Said,
  meaning: {
    readonly kind: StorageErrorKind;
    readonly reason?: StorageReason | undefined;
    readonly retryAfterMs?: number | undefined;
  },
): StorageError {
  const { operation, key } = call;
  const place = `gs://${call.bucket}/${call.objectKey}`;
  const said = words === "" ? "" : `: ${words.replace(/\.$/, "")}`;
  const what = `${operation} of ${place} failed: ${code}${status === undefined ? "" : ` (${status})`}${said}`;
  const { kind, reason, retryAfterMs } = meaning;
  return new StorageError(kind, what, {
    advice,
    operation,
    key,
    code,
    status,
    retryAfterMs,
    reason,
  });
}
