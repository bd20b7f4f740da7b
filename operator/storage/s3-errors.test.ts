import { expect } from "chai";
import { AssertionError } from "node:assert";
import type { StorageErrorKind, StorageReason } from "./errors.ts";
import { StorageError } from "./errors.ts";
import { KNOWN_S3_CODES } from "./s3-error-rows.ts";
import { classifyS3Code, classifyS3Error } from "./s3-errors.ts";

interface Thrown {
  readonly name?: string;
  readonly code?: string;
  readonly statusCode?: number;
  readonly status?: number;
  readonly message?: string;
  readonly Region?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly errors?: readonly Error[];
}

/** An error as the client throws it. */
function thrown({ name = "Error", status, message = "", headers = {}, ...rest }: Thrown): Error {
  return Object.assign(
    new Error(message),
    { name, ...rest },
    status === undefined
      ? {}
      : {
          $metadata: { httpStatusCode: status, requestId: "r1" },
          $response: { statusCode: status, headers },
        },
  );
}

function classify(what: Thrown, operation = "read"): StorageError {
  const call = { operation, key: "k", bucket: "backups", objectKey: "some/k" };
  const error = classifyS3Error(thrown(what), call);
  expect(error).to.be.instanceOf(StorageError);
  return error as StorageError;
}

const ANSWERED: readonly (readonly [string, number, StorageErrorKind, operation?: string])[] = [
  ["AccessDenied", 403, "accessDenied"],
  ["AllAccessDisabled", 403, "accessDenied"],
  ["AccountProblem", 403, "accessDenied"],
  ["Forbidden", 403, "accessDenied"],
  ["UnauthorizedAccess", 403, "accessDenied"],
  ["InvalidAccessKeyId", 403, "wrongCredentials"],
  ["SignatureDoesNotMatch", 403, "wrongCredentials"],
  ["InvalidToken", 400, "wrongCredentials"],
  ["InvalidSecurity", 403, "wrongCredentials"],
  ["NotSignedUp", 403, "wrongCredentials"],
  ["XAdminUserNotFound", 404, "wrongCredentials"],
  ["UnrecognizedClientException", 403, "wrongCredentials"],
  ["InvalidIdentityToken", 400, "wrongCredentials"],
  ["ExpiredToken", 400, "wrongCredentials"],
  ["ExpiredTokenException", 400, "wrongCredentials"],
  ["TokenRefreshRequired", 400, "wrongCredentials"],
  ["RequestTimeTooSkewed", 403, "unavailable"],
  ["NoSuchBucket", 404, "noSuchBucket"],
  ["InvalidBucketName", 400, "wrongConfiguration"],
  ["NoSuchKey", 404, "notFound"],
  ["NotFound", 404, "notFound", "stat"],
  ["NoSuchUpload", 404, "notFound", "upload.complete"],
  ["PreconditionFailed", 412, "changed", "read"],
  ["PreconditionFailed", 412, "changed", "copy"],
  ["PreconditionFailed", 412, "alreadyExists", "put"],
  ["InvalidPart", 400, "changed", "upload.complete"],
  ["InvalidPartOrder", 400, "changed", "upload.complete"],
  ["InvalidRange", 416, "invalidRange"],
  ["BadDigest", 400, "badDigest", "put"],
  ["InvalidDigest", 400, "badDigest", "put"],
  ["XAmzContentChecksumMismatch", 400, "badDigest", "put"],
  ["XAmzContentSHA256Mismatch", 400, "badDigest", "put"],
  ["SlowDown", 503, "throttled"],
  ["SlowDownRead", 503, "throttled"],
  ["SlowDownWrite", 503, "throttled"],
  ["TooManyRequests", 429, "throttled"],
  ["TooManyRequestsException", 429, "throttled"],
  ["Throttling", 400, "throttled"],
  ["ThrottlingException", 400, "throttled"],
  ["RequestThrottled", 400, "throttled"],
  ["RequestLimitExceeded", 503, "throttled"],
  ["BandwidthLimitExceeded", 509, "throttled"],
  ["RequestTimeout", 400, "timeout"],
  ["RequestTimeoutException", 400, "timeout"],
  ["InternalError", 500, "unavailable"],
  ["InternalFailure", 500, "unavailable"],
  ["ServiceUnavailable", 503, "unavailable"],
  ["ServiceFailure", 503, "unavailable"],
  ["IncompleteBody", 400, "unavailable"],
  ["OperationAborted", 409, "unavailable"],
  ["ConditionalRequestConflict", 409, "unavailable"],
  ["TemporaryRedirect", 307, "unavailable"],
  ["PermanentRedirect", 301, "wrongConfiguration"],
  ["AuthorizationHeaderMalformed", 400, "wrongConfiguration"],
  ["IllegalLocationConstraintException", 400, "wrongConfiguration"],
  ["EntityTooSmall", 400, "wrongConfiguration", "upload.complete"],
  ["EntityTooLarge", 400, "wrongConfiguration", "put"],
  ["InvalidRequest", 400, "wrongConfiguration"],
  ["InvalidArgument", 400, "wrongConfiguration"],
  ["InvalidObjectState", 403, "wrongConfiguration"],
  ["NotImplemented", 501, "wrongConfiguration"],
  ["MethodNotAllowed", 405, "wrongConfiguration"],
  ["XNotImplemented", 501, "wrongConfiguration"],
  ["ObjectParentIsFile", 409, "wrongConfiguration"],
  ["QuotaExceeded", 403, "full"],
  ["XMinioAdminBucketQuotaExceeded", 400, "full"],
  ["XMinioStorageFull", 507, "full"],
  ["InsufficientStorage", 507, "full"],
  ["InvalidClientTokenId", 403, "wrongCredentials"],
  ["InvalidStorageClass", 400, "wrongConfiguration", "put"],
  ["InvalidTag", 400, "wrongConfiguration", "put"],
  ["InvalidEncryptionAlgorithmError", 400, "wrongConfiguration", "put"],
  ["ObjectLocked", 400, "accessDenied", "delete"],
  ["XMinioServerNotInitialized", 503, "unavailable"],
  ["WebPage", 200, "wrongConfiguration"],
  ["KMS.DisabledException", 400, "accessDenied", "put"],
  ["KMS.ThrottlingException", 400, "throttled", "put"],
];

const NETWORK: readonly (readonly [string, StorageErrorKind])[] = [
  ["ECONNREFUSED", "unavailable"],
  ["ENOTFOUND", "unavailable"],
  ["EAI_AGAIN", "unavailable"],
  ["EHOSTUNREACH", "unavailable"],
  ["ENETUNREACH", "unavailable"],
  ["ECONNRESET", "unavailable"],
  ["ECONNABORTED", "unavailable"],
  ["EPIPE", "unavailable"],
  ["ERR_STREAM_PREMATURE_CLOSE", "unavailable"],
  ["ETIMEDOUT", "timeout"],
  ["CERT_HAS_EXPIRED", "wrongConfiguration"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "wrongConfiguration"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "wrongConfiguration"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "wrongConfiguration"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "wrongConfiguration"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "wrongConfiguration"],
  ["EPROTO", "wrongConfiguration"],
  ["HPE_INVALID_CONSTANT", "wrongConfiguration"],
  ["CERT_NOT_YET_VALID", "wrongConfiguration"],
  ["CERT_REVOKED", "wrongConfiguration"],
  ["CERT_UNTRUSTED", "wrongConfiguration"],
  ["UNABLE_TO_GET_ISSUER_CERT", "wrongConfiguration"],
];

/** One row for each wrong setting: what comes of it, where a person finds it explained, what is to be changed. */
const WRONG_SETTINGS: readonly (readonly [
  setting: string,
  what: Thrown,
  reason: StorageReason,
  advice: string,
])[] = [
  [
    "a bucket that is missing",
    { name: "NoSuchBucket", status: 404 },
    "NoSuchBucket",
    "create the bucket backups",
  ],
  ["another region", { name: "PermanentRedirect", status: 301 }, "WrongRegion", "set s3.region"],
  [
    "a key id that is wrong",
    { name: "InvalidAccessKeyId", status: 403 },
    "WrongCredentials",
    "check the access key",
  ],
  [
    "a secret that is wrong",
    { name: "SignatureDoesNotMatch", status: 403 },
    "WrongCredentials",
    "the secret key",
  ],
  ["a token that is over", { name: "ExpiredToken", status: 400 }, "CredentialsExpired", "renew it"],
  ["no credentials", { name: "CredentialsProviderError" }, "NoCredentials", "credentialsSecret"],
  [
    "a right that is missing",
    { name: "AccessDenied", status: 403 },
    "AccessDenied",
    "grant these credentials s3:PutObject",
  ],
  ["a clock that is wrong", { name: "RequestTimeTooSkewed", status: 403 }, "ClockSkew", "clock"],
  [
    "an unknown authority",
    { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
    "CertificateUntrusted",
    "connection.caBundle",
  ],
  [
    "a certificate for another name",
    { code: "ERR_TLS_CERT_ALTNAME_INVALID" },
    "CertificateUntrusted",
    "name that its certificate is for",
  ],
  [
    "a certificate that is over",
    { code: "CERT_HAS_EXPIRED" },
    "CertificateUntrusted",
    "must be renewed",
  ],
  ["https where http is spoken", { code: "EPROTO" }, "WrongEndpoint", "http or https"],
  ["another protocol", { code: "HPE_INVALID_CONSTANT" }, "WrongEndpoint", "does not speak S3"],
  ["a page to log in at", { name: "WebPage", status: 200 }, "WrongEndpoint", "stands before it"],
  ["a way to such a page", { name: "Unknown", status: 302 }, "WrongEndpoint", "stands before it"],
  ["nobody there", { code: "ECONNREFUSED" }, "EndpointUnreachable", "check the endpoint"],
  ["an unknown host", { code: "ENOTFOUND" }, "EndpointUnreachable", "check the endpoint"],
  [
    "a network that swallows",
    { name: "TimeoutError" },
    "EndpointUnreachable",
    "lets this pod reach it",
  ],
  [
    "a proxy that wants a password",
    { code: "ERR_PROXY_TUNNEL", statusCode: 407 },
    "ProxyRefused",
    "user and password",
  ],
  ["the same, without TLS", { name: "Unknown", status: 407 }, "ProxyRefused", "user and password"],
  [
    "a proxy that reaches nobody",
    { code: "ERR_PROXY_TUNNEL", statusCode: 503 },
    "EndpointUnreachable",
    "check the endpoint",
  ],
  ["no room", { name: "QuotaExceeded", status: 403 }, "StorageFull", "make room"],
  [
    "a retention",
    { name: "AccessDenied", status: 403, message: "object protected by object lock" },
    "StoreReadOnly",
    "retention",
  ],
  [
    "a KMS key that is disabled",
    { name: "KMS.DisabledException", status: 400 },
    "EncryptionKeyRefused",
    "kms:GenerateDataKey",
  ],
  [
    "a KMS key without the right",
    {
      name: "AccessDenied",
      status: 403,
      message: "not authorized to perform: kms:GenerateDataKey",
    },
    "EncryptionKeyRefused",
    "KMS key",
  ],
  [
    "an operation that is missing",
    { name: "NotImplemented", status: 501 },
    "WrongConfiguration",
    "does not offer",
  ],
];

/** Thrown by the client without an answer or a network code. */
const CLIENT: readonly (readonly [string, StorageErrorKind])[] = [
  ["CredentialsProviderError", "wrongCredentials"],
  ["TokenProviderError", "wrongCredentials"],
  ["TimeoutError", "timeout"],
  ["TypeError", "unknown"],
];

const BARE_STATUS: readonly (readonly [number, StorageErrorKind, operation?: string])[] = [
  [301, "wrongConfiguration"],
  [307, "unavailable"],
  [400, "unknown"],
  [401, "wrongCredentials"],
  [403, "accessDenied"],
  [404, "notFound"],
  [408, "timeout"],
  [409, "unavailable"],
  [412, "changed"],
  [412, "alreadyExists", "put"],
  [416, "invalidRange"],
  [418, "unknown"],
  [429, "throttled"],
  [500, "unavailable"],
  [501, "wrongConfiguration"],
  [502, "unavailable"],
  [503, "unavailable"],
  [504, "unavailable"],
  [507, "full"],
];

describe("classifyS3Error", () => {
  for (const [name, status, kind, operation] of ANSWERED) {
    it(`takes ${name} of ${operation ?? "any call"} for ${kind}`, () => {
      const error = classify({ name, status, message: "Some words." }, operation);
      expect(error.kind).to.equal(kind);
      expect(error.detail).to.include({ code: name, status, requestId: "r1", key: "k" });
      expect(error.message).to.include(`${operation ?? "read"} of s3://backups/some/k failed`);
      expect(error.message).to.include(`${name} (${status}): Some words`);
    });
  }

  for (const [code, kind] of NETWORK) {
    it(`takes the network's ${code} for ${kind}, though the client names it otherwise`, () => {
      expect(classify({ name: "TimeoutError", code, message: "no" }).kind).to.equal(kind);
    });
  }

  for (const [name, kind] of CLIENT) {
    it(`takes the client's ${name} for ${kind}`, () => {
      expect(classify({ name }).kind).to.equal(kind);
    });
  }

  for (const [status, kind, operation] of BARE_STATUS) {
    it(`takes a bare ${status} of ${operation ?? "any call"} for ${kind}`, () => {
      const what = { name: "Unknown", status, message: "UnknownError" };
      const error = classify(what, operation);
      expect(error.kind).to.equal(kind);
      expect(error.message).to.not.include("UnknownError");
    });
  }

  it("has a row here for every code it knows", () => {
    const tested = new Set([...ANSWERED, ...NETWORK, ...CLIENT].map(([code]) => code));
    expect(KNOWN_S3_CODES.filter((code) => !tested.has(code))).to.deep.equal([]);
  });

  for (const [setting, what, reason, advice] of WRONG_SETTINGS) {
    it(`tells ${setting} by ${reason}, and says what to change`, () => {
      const error = classify(what, "put");
      expect(error.detail.reason).to.equal(reason);
      expect(error.message).to.include(advice);
    });
  }

  for (const [what, operation, advice] of [
    [{ name: "AccessDenied", status: 403 }, "put", "grant these credentials s3:PutObject"],
    [{ name: "AccessDenied", status: 403 }, "list", "s3:ListBucket on the bucket backups"],
    [{ name: "Unknown", status: 403 }, "stat", "s3:GetObject and s3:ListBucket"],
    [{ name: "AccessDenied", status: 403 }, "read.body", "s3:GetObject"],
    [{ name: "NoSuchBucket", status: 404 }, "put", "create the bucket backups"],
    [{ name: "InvalidAccessKeyId", status: 403 }, "put", "check the access key"],
    [{ name: "CredentialsProviderError" }, "put", "credentialsSecret"],
    [{ name: "Error", code: "ENOTFOUND" }, "put", "check the endpoint"],
    [{ name: "Error", code: "CERT_HAS_EXPIRED" }, "put", "certificate"],
    [{ name: "RequestTimeTooSkewed", status: 403 }, "put", "clock"],
  ] as const) {
    it(`says what to do about ${what.name} of ${operation}: ${advice}`, () => {
      expect(classify(what, operation).message).to.include(advice);
    });
  }

  it("says which region to set, from the body or from a header", () => {
    const body = { name: "AuthorizationHeaderMalformed", status: 400, Region: "eu-north-1" };
    expect(classify(body).message).to.include("set s3.region to eu-north-1");
    const headers = { "x-amz-bucket-region": "eu-west-3" };
    const header = { name: "Unknown", status: 301, headers };
    expect(classify(header).message).to.include("set s3.region to eu-west-3");
    const none = { name: "PermanentRedirect", status: 301 };
    expect(classify(none).message).to.include("set s3.region to the region of the bucket");
  });

  it("reads how long the store asks to wait", () => {
    const slow = (value: string) =>
      classify({ name: "SlowDown", status: 503, headers: { "retry-after": value } }).detail
        .retryAfterMs;
    expect(slow("7")).to.equal(7000);
    expect(slow("Wed, 21 Oct 2026 07:28:00 GMT")).to.equal(undefined);
  });

  it("finds the words of a refused connection to several addresses", () => {
    const errors = [new Error("connect ECONNREFUSED ::1:9000")];
    expect(classify({ code: "ECONNREFUSED", errors }).message).to.include("::1:9000");
  });

  it("shows no query string and keeps no client error", () => {
    const message = "GET https://b.example/k?X-Amz-Signature=abc&X-Amz-Credential=AKID failed";
    const error = classify({ name: "Odd", message });
    expect(error.message)
      .to.include("https://b.example/k")
      .and.not.match(/AKID|abc/);
    expect(error.cause).to.equal(undefined);
  });

  it("shortens long answers to one line", () => {
    const { message } = classify({ name: "Odd", status: 502, message: "<br>\n".repeat(500) });
    expect(message.length).to.be.lessThan(500);
    expect(message).to.not.include("\n");
  });

  it("leaves storage errors and our own bugs alone", () => {
    const call = { operation: "read", key: "k", bucket: "b", objectKey: "k" };
    for (const error of [
      new StorageError("timeout", "late", call),
      new AssertionError({ message: "bug" }),
    ]) {
      expect(classifyS3Error(error, call)).to.equal(error);
    }
  });
});

describe("classifyS3Code", () => {
  it("classifies one key's failure inside a good answer", () => {
    const call = { operation: "deleteMany", key: "k", bucket: "b", objectKey: "p/k" };
    expect(classifyS3Code("SlowDown", "Please", call)).to.include({ kind: "throttled" });
    expect(classifyS3Code("AccessDenied", "", call).message).to.include("s3:DeleteObject");
  });
});
