// What codes of S3 stores, of STS and of the network mean: the whole knowledge of codes; nothing else
// looks at them. Each row says the kind, by which programs act, the reason, by which a person finds the
// page about it, and what that person can do.
import type { StorageErrorKind, StorageReason } from "./errors.ts";
import { rightFor } from "./rights.ts";

/** The call that failed. */
export interface S3Call {
  /** The contract's method. */
  readonly operation: string;
  readonly key: string;
  readonly bucket: string;
  /** The key as the store knows it. */
  readonly objectKey: string;
  /** What writing needs besides, for tags and encryption; in words. */
  readonly writingNeeds?: string | undefined;
}

/** What is known of a failure, whatever form it came in. */
export interface Seen {
  readonly code: string;
  readonly status?: number | undefined;
  readonly text: string;
  readonly region?: string | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

export interface Row {
  readonly kind: StorageErrorKind | ((call: S3Call) => StorageErrorKind);
  /** Absent: that of the kind. */
  readonly reason?: StorageReason;
  /** What a person can do. */
  readonly advice?: string | ((call: S3Call, seen: Seen) => string);
}

/** The code of an answer that is a web page: a proxy's, a console's, or one to log in at. */
export const WEB_PAGE = "WebPage";

const FIND_KEYS =
  "no credentials were found: name a Secret in credentialsSecret, or give the service account an identity";
const CHECK_KEYS =
  "check the access key, the secret key and that they belong to this endpoint " +
  "(credentialsSecret, or the service account's identity)";
const CHECK_ENDPOINT =
  "check the endpoint (and connection.proxy, if there is one), and that the network lets this pod reach it";
const CHECK_PROTOCOL =
  "what answers does not speak S3: check the endpoint's host and port, whether it is http or https, and what stands before it";
const CHECK_PROXY = "check connection.proxy: its address, and the user and password for it";
const TRUST =
  "put the certificate of the authority that signed the endpoint's into connection.caBundle, or check that this is the right endpoint";
const RENEW_CERTIFICATE = "the endpoint's certificate must be renewed, or this node's clock set";
const RIGHT_NAME = "write the endpoint with a name that its certificate is for";

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
  reason: "CredentialsExpired",
  advice: "the session token has expired: renew it",
};
const denied: Row = { kind: "accessDenied", reason: "AccessDenied", advice: missingRight };
const wrongRegion: Row = {
  kind: "wrongConfiguration",
  reason: "WrongRegion",
  advice: adviseRegion,
};
const wrongKeys: Row = {
  kind: "wrongCredentials",
  reason: "WrongCredentials",
  advice: CHECK_KEYS,
};
const unreachable: Row = {
  kind: "unavailable",
  reason: "EndpointUnreachable",
  advice: CHECK_ENDPOINT,
};
const wrongEndpoint: Row = {
  kind: "wrongConfiguration",
  reason: "WrongEndpoint",
  advice: CHECK_PROTOCOL,
};
const wrongProxy: Row = {
  kind: "wrongConfiguration",
  reason: "ProxyRefused",
  advice: CHECK_PROXY,
};
const full: Row = {
  kind: "full",
  reason: "StorageFull",
  advice: "make room in the store, or raise its quota",
};
const unsupported = wrong("this store does not offer an operation that is needed");
const locked: Row = {
  kind: "accessDenied",
  reason: "StoreReadOnly",
  advice:
    "the store keeps what it has from being changed: take the retention (object lock) off this folder",
};
const keyRefused: Row = {
  kind: "accessDenied",
  reason: "EncryptionKeyRefused",
  advice:
    "let these credentials use the KMS key (kms:GenerateDataKey and kms:Decrypt), and check that it is there, enabled and of the bucket's region",
};

function wrong(advice: string): Row {
  return { kind: "wrongConfiguration", reason: "WrongConfiguration", advice };
}

function untrusted(advice: string): Row {
  return { kind: "wrongConfiguration", reason: "CertificateUntrusted", advice };
}

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
  InvalidClientTokenId: wrongKeys,
  CredentialsProviderError: {
    kind: "wrongCredentials",
    reason: "NoCredentials",
    advice: FIND_KEYS,
  },
  TokenProviderError: wrongKeys,
  RequestTimeTooSkewed: {
    kind: "unavailable",
    reason: "ClockSkew",
    advice: "this node's clock differs too much from the store's: set it",
  },
  NoSuchBucket: {
    kind: "noSuchBucket",
    reason: "NoSuchBucket",
    advice: ({ bucket }) => `create the bucket ${bucket}, or correct the location`,
  },
  InvalidBucketName: wrong("correct the location"),
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
  EntityTooSmall: wrong("this store wants larger parts"),
  EntityTooLarge: wrong("this store takes smaller objects only"),
  InvalidRequest: { kind: "wrongConfiguration", reason: "WrongConfiguration" },
  InvalidArgument: { kind: "wrongConfiguration", reason: "WrongConfiguration" },
  InvalidStorageClass: wrong("set a storage class that this store has, or none"),
  InvalidTag: wrong("correct the tags"),
  InvalidEncryptionAlgorithmError: wrong("set an encryption that this store has, or none"),
  InvalidObjectState: wrong(
    "the object is archived: restore it to a storage class that can be read at once",
  ),
  NotImplemented: unsupported,
  MethodNotAllowed: unsupported,
  XNotImplemented: unsupported,
  ObjectParentIsFile: wrong("this store keeps files: an object stands where a folder is needed"),
  ObjectLocked: locked,
  XMinioServerNotInitialized: transient,
  QuotaExceeded: full,
  XMinioAdminBucketQuotaExceeded: full,
  XMinioStorageFull: full,
  InsufficientStorage: full,
  [WEB_PAGE]: wrongEndpoint,
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
  // The client's own word for no connection in time, and for no answer.
  TimeoutError: { kind: "timeout", reason: "EndpointUnreachable", advice: CHECK_ENDPOINT },
  ETIMEDOUT: { kind: "timeout", reason: "EndpointUnreachable", advice: CHECK_ENDPOINT },
  CERT_HAS_EXPIRED: untrusted(RENEW_CERTIFICATE),
  CERT_NOT_YET_VALID: untrusted(RENEW_CERTIFICATE),
  CERT_REVOKED: untrusted(RENEW_CERTIFICATE),
  CERT_UNTRUSTED: untrusted(TRUST),
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted(TRUST),
  SELF_SIGNED_CERT_IN_CHAIN: untrusted(TRUST),
  UNABLE_TO_GET_ISSUER_CERT: untrusted(TRUST),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted(TRUST),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted(TRUST),
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted(RIGHT_NAME),
  EPROTO: wrongEndpoint,
};

/** Of families of codes. */
const BY_PATTERN: readonly (readonly [RegExp, Row])[] = [
  // KMS' own throttling comes as a code of S3, but for this one.
  [/^KMS\.Throttl/i, slowDown],
  [/^KMS[.:]/i, keyRefused],
  // Node's parser: something answers, and it is not HTTP.
  [/^HPE_/, wrongEndpoint],
];

/** Words that say more than their code does. */
const BY_WORDS: readonly (readonly [code: RegExp, words: RegExp, Row])[] = [
  [/^AccessDenied/, /\bkms:\w+/, keyRefused],
  [/^(AccessDenied|InvalidRequest)/, /object lock|WORM protected/i, locked],
];

const BY_STATUS: Readonly<Record<number, Row>> = {
  // An answer to HEAD has no words.
  400: {
    kind: "unknown",
    advice: "the store said no more; a session token that has expired looks so: renew it then",
  },
  301: wrongRegion,
  // A page to log in at.
  302: wrongEndpoint,
  303: wrongEndpoint,
  307: transient,
  401: wrongKeys,
  403: denied,
  404: missing,
  407: wrongProxy,
  408: late,
  409: transient,
  412: precondition,
  416: { kind: "invalidRange" },
  429: slowDown,
  501: unsupported,
  507: full,
};

/** Codes of the tables, for their test. */
export const KNOWN_S3_CODES: readonly string[] = [
  ...Object.keys(BY_CODE),
  ...Object.keys(BY_NETWORK_CODE),
];

/** What a failure means. The first that knows wins: words, code, network code, family, bare status. */
export function findRow(seen: Seen): Row {
  return ofCode(seen) ?? ofStatus(seen.status);
}

function ofCode({ code, status, text }: Seen): Row | undefined {
  if (code === "ERR_PROXY_TUNNEL") return tunnelRow(status);
  return (
    BY_WORDS.find(([codes, words]) => codes.test(code) && words.test(text))?.[2] ??
    own(BY_CODE, code) ??
    own(BY_NETWORK_CODE, code) ??
    BY_PATTERN.find(([codes]) => codes.test(code))?.[1]
  );
}

function ofStatus(status: number | undefined): Row {
  if (status === undefined) return { kind: "unknown" };
  return BY_STATUS[status] ?? { kind: status >= 500 ? "unavailable" : "unknown" };
}

/** A proxy that opened no way: it does not want to, or could not just now. */
function tunnelRow(status: number | undefined): Row {
  return status === undefined || status >= 500 ? unreachable : wrongProxy;
}

function own(table: Readonly<Record<string, Row>>, code: string): Row | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

function missingRight({ operation, bucket, writingNeeds }: S3Call): string {
  const right = rightFor("s3", operation);
  const also = right.includes("s3:PutObject") ? (writingNeeds ?? "") : "";
  return `grant these credentials ${right} on the bucket ${bucket}${also}`;
}

function adviseRegion({ bucket }: S3Call, { region }: Seen): string {
  return region === undefined
    ? `set s3.region to the region of the bucket ${bucket}, and s3.endpoint to one of that region or none`
    : `the bucket ${bucket} is in the region ${region}: set s3.region to ${region}`;
}
