import { AssertionError } from "node:assert";
import { expect } from "chai";
import { TerminalError, TransientError } from "../../errors.ts";
import type { StorageErrorKind } from "../../storage/errors.ts";
import { STORAGE_ERROR_KINDS, StorageError } from "../../storage/errors.ts";
import { outcomeOf } from "./outcome-of.ts";

const GOOGLE = "gs://bucket/backups";
const HDFS = "hdfs://ns1/backups";

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

  const rights: readonly [location: string, operation: string, right: string][] = [
    [context.location, "put", "s3:PutObject"],
    [context.location, "upload.complete", "s3:PutObject"],
    [context.location, "upload.abort", "s3:AbortMultipartUpload"],
    [context.location, "read.body", "s3:GetObject and s3:ListBucket"],
    [context.location, "list", "s3:ListBucket"],
    [context.location, "listUploads", "s3:ListBucketMultipartUploads"],
    [context.location, "copy", "s3:GetObject and s3:PutObject"],
    [context.location, "deleteMany", "s3:DeleteObject"],
    [context.location, "somethingNew", "the right to somethingNew"],
    [GOOGLE, "put", "storage.objects.create and storage.objects.delete (as in the role roles/"],
    [GOOGLE, "list", "storage.objects.list (as in the role roles/storage.objectViewer)"],
    [HDFS, "put", "write and execute permission on its folder"],
    ["swebhdfs://nn:9871/x", "read.body", "read permission on it"],
  ];
  for (const [location, operation, right] of rights) {
    it(`names ${right} when ${operation} is denied at ${location}`, () => {
      const error = storageError("accessDenied", operation);
      expect(outcomeOf(error, { ...context, location }).message).to.include(right);
    });
  }

  const advice: readonly [StorageErrorKind, s3: string, gcs: string, hdfs: string][] = [
    ["wrongCredentials", "secretAccessKey", "credentials.json", "delegationToken"],
    ["noSuchBucket", "create the bucket", "create the bucket", "create the folder"],
    ["full", "raise its quota", "raise its quota", "-setSpaceQuota"],
    ["wrongConfiguration", "s3.region", "gcs.endpoint", "hdfs.nameNodes"],
  ];
  for (const [kind, ...words] of advice) {
    it(`says of ${kind} what to change in this kind of storage, first, and what the store said, last`, () => {
      [context.location, GOOGLE, HDFS].forEach((location, i) => {
        const { message } = outcomeOf(storageError(kind), { ...context, location });
        expect(message)
          .to.include(words[i])
          .and.to.match(/: what the store said \(TheirCode\)$/);
      });
    });
  }

  it("leaves it to the driver to say what to change, and says it once", () => {
    const error = new StorageError("wrongConfiguration", "list failed: TheirCode: bad region", {
      operation: "list",
      key: "",
      code: "TheirCode",
      reason: "WrongRegion",
      advice: "set s3.region to eu-west-1",
    });
    expect(error.message).to.equal(
      "list failed: TheirCode: bad region; set s3.region to eu-west-1",
    );
    expect(outcomeOf(error, context)).to.deep.equal({
      exitCode: 42,
      reason: "WrongRegion",
      message: "set s3.region to eu-west-1: list failed: TheirCode: bad region",
    });
  });

  it("keeps the reason of what may heal", () => {
    const detail = { operation: "put", key: "a", reason: "ClockSkew", advice: "set it" } as const;
    const outcome = outcomeOf(new StorageError("unavailable", "too skewed", detail), context);
    expect(outcome).to.deep.equal({
      exitCode: 1,
      reason: "ClockSkew",
      message: "set it: too skewed",
    });
  });

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
