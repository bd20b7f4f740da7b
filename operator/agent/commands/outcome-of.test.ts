import { AssertionError } from "node:assert";
import { expect } from "chai";
import { TerminalError, TransientError } from "../../errors.ts";
import type { StorageErrorKind } from "../../storage/errors.ts";
import { STORAGE_ERROR_KINDS, StorageError } from "../../storage/errors.ts";
import { outcomeOf } from "./outcome-of.ts";

const context = { location: "s3://bucket/backups", signal: new AbortController().signal };

function storageError(kind: StorageErrorKind, operation = "upload.part"): StorageError {
  return new StorageError(kind, "what the store said", {
    operation,
    key: "a/b",
    code: "TheirCode",
  });
}

describe("outcomeOf", () => {
  const misconfigured = [
    "accessDenied",
    "wrongCredentials",
    "noSuchBucket",
    "full",
    "wrongConfiguration",
  ];
  for (const kind of Object.keys(STORAGE_ERROR_KINDS) as StorageErrorKind[]) {
    const exitCode = misconfigured.includes(kind) ? 42 : 1;
    it(`ends with exit ${exitCode} for ${kind}, with the store's own code`, () => {
      const outcome = outcomeOf(storageError(kind), context);
      expect(outcome.exitCode).to.equal(exitCode);
      expect(outcome.reason).to.match(/^[A-Z][A-Za-z]+$/);
      expect(outcome.message)
        .to.include("TheirCode")
        .and.to.match(/^\S.*[^.]$/);
    });
  }

  const rights: readonly [operation: string, right: string][] = [
    ["put", "s3:PutObject"],
    ["upload.complete", "s3:PutObject"],
    ["upload.abort", "s3:AbortMultipartUpload"],
    ["read.body", "s3:GetObject"],
    ["list", "s3:ListBucket"],
    ["listUploads", "s3:ListBucketMultipartUploads"],
    ["copy", "s3:GetObject and s3:PutObject"],
    ["deleteMany", "s3:DeleteObject"],
    ["somethingNew", "the right to somethingNew"],
  ];
  for (const [operation, right] of rights) {
    it(`names ${right} when ${operation} is denied`, () => {
      expect(outcomeOf(storageError("accessDenied", operation), context).message).to.include(right);
    });
  }

  const others: readonly [string, unknown, number, string][] = [
    ["our own bug", new AssertionError({ message: "oops" }), 70, "InternalError"],
    ["what needs a person", new TerminalError("BadLabel", "oops"), 42, "BadLabel"],
    ["what heals", new TransientError("Later", "oops"), 1, "Later"],
    ["anything else", new Error("oops"), 1, "Failed"],
    ["a thrown string", "oops", 1, "Failed"],
  ];
  for (const [name, error, exitCode, reason] of others) {
    it(`ends with exit ${exitCode} for ${name}`, () => {
      const outcome = outcomeOf(error, context);
      expect(outcome).to.deep.include({ exitCode, reason });
      expect(outcome.message).to.include("oops");
    });
  }

  it("says that it was stopped, whatever broke on the way", () => {
    const signal = AbortSignal.abort();
    expect(outcomeOf(storageError("unknown"), { ...context, signal })).to.deep.include({
      exitCode: 1,
      reason: "Interrupted",
    });
  });

  it("keeps the message short enough for a termination message", () => {
    const message = outcomeOf(new Error("x".repeat(10_000)), context).message;
    expect(message.length).to.be.at.most(1200);
  });
});
