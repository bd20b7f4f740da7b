// The one error of all storages. Drivers classify what their client throws into these kinds; nobody
// else looks at status codes or message texts.

export const STORAGE_ERROR_KINDS = {
  /** The object (or upload) is not there. */
  notFound: { permanent: true },
  /** `ifAbsent` met an object. */
  alreadyExists: { permanent: true },
  /** The object is not the one that was asked for (ETag). */
  changed: { permanent: true },
  /** A range that begins past the end. */
  invalidRange: { permanent: true },
  /** The credentials are good, the right is missing. */
  accessDenied: { permanent: true },
  /** The key id, secret or token is wrong, expired or absent. */
  wrongCredentials: { permanent: true },
  /** The bucket (or root folder) does not exist. */
  noSuchBucket: { permanent: true },
  /** Endpoint, region, addressing or option that this store refuses. */
  wrongConfiguration: { permanent: true },
  /** No room left: a quota, or the store's disks. */
  full: { permanent: true },
  /** The content arrived damaged and was refused. */
  badDigest: { permanent: false },
  /** The store asks to slow down. */
  throttled: { permanent: false },
  /** Refused, reset, unresolvable, 5xx: nobody answers properly just now. */
  unavailable: { permanent: false },
  /** No answer in time. */
  timeout: { permanent: false },
  /** Anything a driver does not know. Retried a few times, shown as it came. */
  unknown: { permanent: false },
} as const;

export type StorageErrorKind = keyof typeof STORAGE_ERROR_KINDS;

/**
 * What a person has to look at, finer than the kind: the reason of a Repository's condition. Each has its
 * section in docs/troubleshooting.md. A failure that fits none has the reason of its kind.
 */
export const STORAGE_REASONS = [
  /** A right is missing. */
  "AccessDenied",
  /** Key, secret, password or token is wrong. */
  "WrongCredentials",
  /** They were good, and are over. */
  "CredentialsExpired",
  /** None were given, and the pod has no identity. */
  "NoCredentials",
  /** The role (or service account) may not be taken on. */
  "RoleRefused",
  /** The bucket or root folder does not exist. */
  "NoSuchBucket",
  "WrongRegion",
  /** This node's clock differs too much from the store's. */
  "ClockSkew",
  /** TLS: unknown authority, wrong name, expired. */
  "CertificateUntrusted",
  /** Something answers, but not the store's protocol: http instead of https, another service, a login page. */
  "WrongEndpoint",
  /** Nobody answers: refused, unresolvable, timed out. */
  "EndpointUnreachable",
  "ProxyRefused",
  /** No NameNode is active. */
  "NameNodeStandby",
  /** A quota, or the store's disks. */
  "StorageFull",
  /** The store takes no writes just now: safe mode, read-only, retention. */
  "StoreReadOnly",
  /** The key that encrypts at rest may not be used. */
  "EncryptionKeyRefused",
  /** The store lacks an operation that is needed, or a setting it wants. */
  "WrongConfiguration",
] as const;

export type StorageReason = (typeof STORAGE_REASONS)[number];

/** What the error says about the call that failed. No credentials, no signed URL. */
export interface StorageErrorDetail {
  /** The contract's method: `put`, `upload.part`, … */
  readonly operation: string;
  readonly key: string;
  /** The store's own code, such as `SlowDown`, for a person to look up. */
  readonly code?: string | undefined;
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  /** What the store asked to wait before the next try. */
  readonly retryAfterMs?: number | undefined;
  /** Absent: that of the kind. */
  readonly reason?: StorageReason | undefined;
  /** What a person can do, in the words of the Repository's fields and the store's rights. Lower case, no full stop. */
  readonly advice?: string | undefined;
}

export class StorageError extends Error {
  override readonly name = "StorageError" as const;
  readonly kind: StorageErrorKind;
  readonly detail: StorageErrorDetail;
  /** What failed, and the store's own words: the message without the advice. */
  readonly what: string;

  constructor(
    kind: StorageErrorKind,
    what: string,
    detail: StorageErrorDetail,
    options?: ErrorOptions,
  ) {
    super(detail.advice === undefined ? what : `${what}; ${detail.advice}`, options);
    this.kind = kind;
    this.what = what;
    this.detail = detail;
  }
}

export function isStorageError(error: unknown): error is StorageError {
  return error instanceof StorageError;
}

export function isNotFound(error: unknown): boolean {
  return isStorageError(error) && error.kind === "notFound";
}

/** Trying again cannot help until something outside changes. */
export function isPermanent(error: unknown): boolean {
  return isStorageError(error) && STORAGE_ERROR_KINDS[error.kind].permanent;
}
