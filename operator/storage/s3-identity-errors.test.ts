import { expect } from "chai";
import type { StorageErrorKind, StorageReason } from "./errors.ts";
import { StorageError } from "./errors.ts";
import { classifyChainError, classifyRoleError } from "./s3-identity-errors.ts";

const ARN = "arn:aws:iam::123456789012:role/backup";

/** As STS answers. */
function answer(name: string, status: number, message = "no"): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
}

function expectStorageError(error: unknown): StorageError {
  expect(error).to.be.instanceOf(StorageError);
  return error as StorageError;
}

const ROLE: readonly (readonly [
  string,
  Error,
  StorageErrorKind,
  StorageReason | undefined,
  string,
])[] = [
  ["is not trusted", answer("AccessDenied", 403), "accessDenied", "RoleRefused", "trust policy"],
  ["is not there", answer("NoSuchEntity", 404), "accessDenied", "RoleRefused", "trust policy"],
  [
    "is refused without a word",
    answer("Unknown", 403),
    "accessDenied",
    "RoleRefused",
    "trust policy",
  ],
  [
    "has shorter sessions",
    answer("ValidationError", 400, "DurationSeconds exceeds the MaxSessionDuration"),
    "accessDenied",
    "RoleRefused",
    "s3.sessionDuration",
  ],
  [
    "is asked for with a wrong key",
    answer("InvalidClientTokenId", 403),
    "wrongCredentials",
    "WrongCredentials",
    "access key",
  ],
  [
    "is asked for with a token that is over",
    answer("ExpiredToken", 403),
    "wrongCredentials",
    "CredentialsExpired",
    "renew",
  ],
  ["is asked for too often", answer("Throttling", 400), "throttled", undefined, ""],
  ["has an STS that is broken", answer("InternalFailure", 500), "unavailable", undefined, ""],
  [
    "has an STS that nobody reaches",
    Object.assign(new Error("connect"), { code: "ECONNREFUSED" }),
    "unavailable",
    "EndpointUnreachable",
    "endpoint",
  ],
  [
    "is asked for with a token whose file is not there",
    Object.assign(new Error("open '/none'"), { code: "ENOENT" }),
    "wrongCredentials",
    "NoCredentials",
    "token of its service account",
  ],
];

describe("classifyRoleError", () => {
  for (const [title, thrown, kind, reason, advice] of ROLE) {
    it(`tells a role that ${title}`, () => {
      const error = expectStorageError(classifyRoleError(thrown, { arn: ARN }));
      expect(error.kind).to.equal(kind);
      expect(error.detail.reason).to.equal(reason);
      expect(error.message).to.include(`taking on the role ${ARN} failed`).and.include(advice);
    });
  }

  for (const [code, status] of [
    ["AccessDenied", 403],
    ["InvalidIdentityTokenException", 400],
    ["IDPRejectedClaimException", 403],
  ] as const) {
    it(`tells who is asked by a token what is to be looked at there: ${code}`, () => {
      const role = { arn: ARN, webIdentityTokenFile: "/token" };
      const error = expectStorageError(classifyRoleError(answer(code, status), role));
      expect(error.detail.reason).to.equal("RoleRefused");
      expect(error.message).to.include("agent.serviceAccountToken").and.not.include("externalId");
    });
  }

  it("leaves why the keys below it are missing as it is", () => {
    const below = classifyChainError(new Error("none"), false);
    expect(classifyRoleError(below, { arn: ARN })).to.equal(below);
  });
});

describe("classifyChainError", () => {
  const none = Object.assign(new Error("Could not load credentials from any providers"), {
    name: "CredentialsProviderError",
  });

  it("tells that there is no identity, which is for a person to set up", () => {
    const error = expectStorageError(classifyChainError(none, false));
    expect(error.kind).to.equal("wrongCredentials");
    expect(error.detail.reason).to.equal("NoCredentials");
    expect(error.message).to.include("credentialsSecret").and.include("service account");
  });

  it("takes one that is away, after it was there, for something that comes back", () => {
    expect(expectStorageError(classifyChainError(none, true)).kind).to.equal("unavailable");
  });

  it("tells that STS refused the role of a web identity", () => {
    const error = expectStorageError(classifyChainError(answer("AccessDenied", 403), false));
    expect(error.detail.reason).to.equal("RoleRefused");
  });
});
