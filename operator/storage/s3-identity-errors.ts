// Why there is no identity to sign with, as storage errors: the process's own cannot be found, or a role
// may not be taken on. Codes that STS shares with S3 are s3-error-rows.ts' to know.
import { isStorageError, StorageError } from "./errors.ts";
import type { StorageErrorKind, StorageReason } from "./errors.ts";
import type { Row, Seen } from "./s3-error-rows.ts";
import { findRow } from "./s3-error-rows.ts";
import { describeFailure, look } from "./s3-errors.ts";
import type { S3Role } from "./s3-settings.ts";

const NO_IDENTITY =
  "name a Secret in credentialsSecret, or give the pod's service account an identity (IRSA, EKS Pod Identity) or the node an instance profile";
const LET_ASSUME =
  "let the role's trust policy name these credentials (and s3.externalId as it is set here), and let their own policy allow sts:AssumeRole";
const LET_ASSUME_BY_TOKEN =
  "let the role's trust policy allow sts:AssumeRoleWithWebIdentity to the service account in agent.serviceAccountName, and to the audience in agent.serviceAccountToken";
const KNOW_ISSUER =
  "let the account know the cluster as an identity provider, which takes the audience in agent.serviceAccountToken";
const MOUNT_TOKEN = "let the pod have the token of its service account";
const SHORTEN =
  "set s3.sessionDuration to what the role allows (its maximum session duration), or correct s3.roleArn";

/**
 * With these STS says that it does not give this role, whatever else they mean elsewhere. Undefined: what to do is up
 * to how it was asked. The client adds `Exception` to codes that it knows: on the wire there is InvalidIdentityToken.
 */
const ROLE_REFUSALS: Readonly<Record<string, string | undefined>> = {
  AccessDenied: undefined,
  AccessDeniedException: undefined,
  NoSuchEntity: undefined,
  ValidationError: SHORTEN,
  IDPRejectedClaimException: LET_ASSUME_BY_TOKEN,
  InvalidIdentityTokenException: KNOW_ISSUER,
  RegionDisabledException: "activate STS in this region, or name another's in s3.stsEndpoint",
};

/**
 * The storage error when the process's own identity cannot be found. `renewal`: it was found before, so
 * that whoever gives it out is away for a while; else it is a person's to set up.
 */
export function classifyChainError(error: unknown, renewal: boolean): unknown {
  if (isStorageError(error)) return error;
  const seen = look(error);
  const what = "looking for the process's own credentials";
  if (answered(error)) return stsError(what, seen, LET_ASSUME);
  const kind = renewal ? "unavailable" : "wrongCredentials";
  return identityError(what, seen, { kind, reason: "NoCredentials", advice: NO_IDENTITY });
}

/** The storage error when a role cannot be taken on. */
export function classifyRoleError(error: unknown, role: S3Role): unknown {
  if (isStorageError(error)) return error;
  const [what, seen] = [`taking on the role ${role.arn}`, look(error)];
  const letAssume = role.webIdentityTokenFile === undefined ? LET_ASSUME : LET_ASSUME_BY_TOKEN;
  // The file with the token of a web identity.
  if (seen.code !== "ENOENT") return stsError(what, seen, letAssume);
  const row = { kind: "wrongCredentials", reason: "NoCredentials", advice: MOUNT_TOKEN } as const;
  return identityError(what, seen, row);
}

function stsError(what: string, seen: Seen, otherwise: string): StorageError {
  if (Object.hasOwn(ROLE_REFUSALS, seen.code)) {
    const advice = ROLE_REFUSALS[seen.code] ?? otherwise;
    return identityError(what, seen, { kind: "accessDenied", reason: "RoleRefused", advice });
  }
  const { kind, reason, advice }: Row = findRow(seen);
  // Denied without a code that is known, or not there at all.
  if (kind === "accessDenied" || kind === "notFound") {
    return identityError(what, seen, {
      kind: "accessDenied",
      reason: "RoleRefused",
      advice: otherwise,
    });
  }
  return identityError(what, seen, {
    kind: typeof kind === "function" ? "unknown" : kind,
    reason,
    advice: typeof advice === "string" ? advice : undefined,
  });
}

/** A service answered; otherwise nothing was found to ask. */
function answered(error: unknown): boolean {
  return error instanceof Error && "$metadata" in error;
}

function identityError(
  what: string,
  seen: Seen,
  row: {
    readonly kind: StorageErrorKind;
    readonly reason: StorageReason | undefined;
    readonly advice: string | undefined;
  },
): StorageError {
  return new StorageError(row.kind, describeFailure(what, seen), {
    operation: "credentials",
    key: "",
    code: seen.code,
    status: seen.status,
    requestId: seen.requestId,
    retryAfterMs: seen.retryAfterMs,
    reason: row.reason,
    advice: row.advice,
  });
}
