// What the S3 client throws, as storage errors. The tables below are the whole knowledge of codes;
// nothing else looks at them. Three layers, the first that knows wins: the code a store answered, the
// code of the network or TLS error, the bare HTTP status (an answer to HEAD has no body, hence no code).
//
// The client's error objects are not kept as causes: they carry key ids, signed strings and whole
// answers. The store's own words are kept, shortened, without query strings.
import { AssertionError } from "node:assert";
import { redact } from "../log.ts";
import type { StorageErrorKind } from "./errors.ts";
import { StorageError, isStorageError } from "./errors.ts";
import { rightFor } from "./rights.ts";

/** The call that failed. */
export interface S3Call {
  /** The contract's method. */
  readonly operation: string;
  readonly key: string;
  readonly bucket: string;
  /** The key as the store knows it. */
  readonly objectKey: string;
}

/** What is known of a failure, whatever form it came in. */
interface Seen {
  readonly code: string;
  readonly status?: number | undefined;
  readonly text: string;
  readonly region?: string | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

interface Row {
  readonly kind: StorageErrorKind | ((call: S3Call) => StorageErrorKind);
  /** What a person can do. */
  readonly advice?: string | ((call: S3Call, seen: Seen) => string);
}

const CHECK_KEYS =
  "check the access key, the secret key and that they belong to this endpoint " +
  "(credentialsSecret, or the service account's identity)";
const CHECK_ENDPOINT = "check the endpoint, and that the network lets this pod reach it";
const CHECK_TLS =
  "check that the endpoint's certificate is valid for its name and signed by a known authority";

const precondition: Row = {
  kind: ({ operation }) => (operation === "put" ? "alreadyExists" : "changed"),
};
const slowDown: Row = { kind: "throttled" };
const transient: Row = { kind: "unavailable" };
const missing: Row = { kind: "notFound" };
const late: Row = { kind: "timeout" };
const damaged: Row = { kind: "badDigest" };
const expired: Row = {
  kind: "wrongCredentials",
  advice: "the session token has expired: renew it",
};
const denied: Row = { kind: "accessDenied", advice: missingRight };
const wrongRegion: Row = { kind: "wrongConfiguration", advice: adviseRegion };
const wrongKeys: Row = { kind: "wrongCredentials", advice: CHECK_KEYS };
const unreachable: Row = { kind: "unavailable", advice: CHECK_ENDPOINT };
const untrusted: Row = { kind: "wrongConfiguration", advice: CHECK_TLS };
const full: Row = { kind: "full", advice: "make room in the store, or raise its quota" };
const unsupported: Row = {
  kind: "wrongConfiguration",
  advice: "this store does not offer an operation that is needed",
};

const BY_CODE: Readonly<Record<string, Row>> = {
  AccessDenied: denied,
  AllAccessDisabled: denied,
  AccountProblem: denied,
  Forbidden: denied,
  UnauthorizedAccess: denied,
  InvalidAccessKeyId: wrongKeys,
  SignatureDoesNotMatch: wrongKeys,
  InvalidToken: wrongKeys,
  InvalidSecurity: wrongKeys,
  NotSignedUp: wrongKeys,
  XAdminUserNotFound: wrongKeys,
  UnrecognizedClientException: wrongKeys,
  InvalidIdentityToken: wrongKeys,
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  TokenRefreshRequired: expired,
  CredentialsProviderError: {
    kind: "wrongCredentials",
    advice:
      "no credentials were found: name a Secret in credentialsSecret, or give the service account an identity",
  },
  TokenProviderError: wrongKeys,
  RequestTimeTooSkewed: {
    kind: "unavailable",
    advice: "this node's clock differs too much from the store's: set it",
  },
  NoSuchBucket: {
    kind: "noSuchBucket",
    advice: ({ bucket }) => `create the bucket ${bucket}, or correct the location`,
  },
  InvalidBucketName: { kind: "wrongConfiguration", advice: "correct the location" },
  NoSuchKey: missing,
  NotFound: missing,
  NoSuchUpload: missing,
  PreconditionFailed: precondition,
  InvalidPart: { kind: "changed" },
  InvalidPartOrder: { kind: "changed" },
  InvalidRange: { kind: "invalidRange" },
  BadDigest: damaged,
  InvalidDigest: damaged,
  XAmzContentChecksumMismatch: damaged,
  XAmzContentSHA256Mismatch: damaged,
  SlowDown: slowDown,
  SlowDownRead: slowDown,
  SlowDownWrite: slowDown,
  TooManyRequests: slowDown,
  TooManyRequestsException: slowDown,
  Throttling: slowDown,
  ThrottlingException: slowDown,
  RequestThrottled: slowDown,
  RequestLimitExceeded: slowDown,
  BandwidthLimitExceeded: slowDown,
  RequestTimeout: late,
  RequestTimeoutException: late,
  InternalError: transient,
  InternalFailure: transient,
  ServiceUnavailable: transient,
  ServiceFailure: transient,
  IncompleteBody: transient,
  OperationAborted: transient,
  ConditionalRequestConflict: transient,
  TemporaryRedirect: transient,
  PermanentRedirect: wrongRegion,
  AuthorizationHeaderMalformed: wrongRegion,
  IllegalLocationConstraintException: wrongRegion,
  EntityTooSmall: { kind: "wrongConfiguration", advice: "this store wants larger parts" },
  EntityTooLarge: { kind: "wrongConfiguration", advice: "this store takes smaller objects only" },
  InvalidRequest: { kind: "wrongConfiguration" },
  InvalidArgument: { kind: "wrongConfiguration" },
  InvalidObjectState: {
    kind: "wrongConfiguration",
    advice: "the object is archived: restore it to a storage class that can be read at once",
  },
  NotImplemented: unsupported,
  MethodNotAllowed: unsupported,
  XNotImplemented: unsupported,
  ObjectParentIsFile: {
    kind: "wrongConfiguration",
    advice: "this store keeps files: an object stands where a folder is needed",
  },
  QuotaExceeded: full,
  XMinioAdminBucketQuotaExceeded: full,
  XMinioStorageFull: full,
  InsufficientStorage: full,
};

const BY_NETWORK_CODE: Readonly<Record<string, Row>> = {
  ECONNREFUSED: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ECONNRESET: transient,
  ECONNABORTED: transient,
  EPIPE: transient,
  ERR_STREAM_PREMATURE_CLOSE: transient,
  ETIMEDOUT: { kind: "timeout", advice: CHECK_ENDPOINT },
  CERT_HAS_EXPIRED: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
  EPROTO: { kind: "wrongConfiguration", advice: "check whether the endpoint is http or https" },
};

const BY_STATUS: Readonly<Record<number, Row>> = {
  // An answer to HEAD has no words.
  400: {
    kind: "unknown",
    advice: "the store said no more; a session token that has expired looks so: renew it then",
  },
  301: wrongRegion,
  307: transient,
  401: wrongKeys,
  403: denied,
  404: missing,
  408: late,
  409: transient,
  412: precondition,
  416: { kind: "invalidRange" },
  429: slowDown,
  501: unsupported,
  507: full,
};

/** Codes of {@link classifyS3Error}'s table, for its test. */
export const KNOWN_S3_CODES: readonly string[] = [
  ...Object.keys(BY_CODE),
  ...Object.keys(BY_NETWORK_CODE),
];

/** The storage error for whatever the client threw. Our own bugs stay what they are. */
export function classifyS3Error(error: unknown, call: S3Call): Error {
  if (isStorageError(error) || error instanceof AssertionError) return error;
  const seen = look(error);
  const row = find(seen);
  const kind = typeof row.kind === "function" ? row.kind(call) : row.kind;
  return new StorageError(kind, describe(call, seen), {
    operation: call.operation,
    key: call.key,
    code: seen.code,
    status: seen.status,
    requestId: seen.requestId,
    retryAfterMs: seen.retryAfterMs,
    advice: typeof row.advice === "function" ? row.advice(call, seen) : row.advice,
  });
}

/** The storage error for a code that stood inside a good answer (one key of many). */
export function classifyS3Code(code: string, text: string, call: S3Call): Error {
  return classifyS3Error(Object.assign(new Error(text), { name: code }), call);
}

function find({ code, status }: Seen): Row {
  const known = own(BY_CODE, code) ?? own(BY_NETWORK_CODE, code);
  if (known !== undefined) return known;
  if (code === "TimeoutError") return late;
  if (status === undefined) return { kind: "unknown" };
  return BY_STATUS[status] ?? { kind: status >= 500 ? "unavailable" : "unknown" };
}

function own(table: Readonly<Record<string, Row>>, code: string): Row | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

interface ClientError extends Error {
  readonly code?: unknown;
  readonly Region?: unknown;
  readonly errors?: readonly unknown[];
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly $response?: {
    readonly statusCode?: number;
    readonly headers?: Readonly<Record<string, string>>;
  };
}

function look(error: unknown): Seen {
  if (!(error instanceof Error)) return { code: "Unknown", text: String(error) };
  const thrown: ClientError = error;
  const headers = thrown.$response?.headers ?? {};
  const status = thrown.$metadata?.httpStatusCode ?? thrown.$response?.statusCode;
  const region = typeof thrown.Region === "string" ? thrown.Region : headers["x-amz-bucket-region"];
  return {
    // The client renames network errors to TimeoutError; their own code says more.
    code: typeof thrown.code === "string" ? thrown.code : thrown.name,
    status,
    text: wordsOf(thrown),
    region,
    requestId: thrown.$metadata?.requestId,
    retryAfterMs: retryAfter(headers["retry-after"]),
  };
}

function wordsOf(error: ClientError): string {
  // A refused connection to a name with several addresses is an AggregateError without words.
  const [first] = error.errors ?? [];
  const text = error.message === "" && first instanceof Error ? first.message : error.message;
  return text === "UnknownError" ? "" : redact(text.replace(/\s+/g, " ")).slice(0, 300);
}

// Seconds; the other form, a date, is not worth a clock here.
function retryAfter(header: string | undefined): number | undefined {
  const seconds = Number(header ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

function describe(call: S3Call, seen: Seen): string {
  const status = seen.status === undefined ? "" : ` (${seen.status})`;
  const words = seen.text === "" ? "" : `: ${seen.text.replace(/\.$/, "")}`;
  const place = `s3://${call.bucket}/${call.objectKey}`;
  return `${call.operation} of ${place} failed: ${seen.code}${status}${words}`;
}

function missingRight({ operation, bucket }: S3Call): string {
  return `grant these credentials ${rightFor("s3", operation)} on the bucket ${bucket}`;
}

function adviseRegion({ bucket }: S3Call, { region }: Seen): string {
  return region === undefined
    ? `set s3.region to the region of the bucket ${bucket}, and s3.endpoint to one of that region or none`
    : `the bucket ${bucket} is in the region ${region}: set s3.region to ${region}`;
}
