import { expect } from "chai";
import { TerminalError } from "../errors.ts";
import type { StorageError } from "./errors.ts";
import { classifyS3Code } from "./s3-errors.ts";
import type { S3Settings } from "./s3-settings.ts";
import { neededFor, writtenAs } from "./s3-written.ts";

describe("writtenAs", () => {
  it("says nothing where nothing was set", () => {
    expect(writtenAs({})).to.deep.equal({});
    expect(writtenAs({ tags: {} })).to.deep.equal({});
  });

  it("encodes tags as a query", () => {
    const { Tagging } = writtenAs({ tags: { team: "a + b", "k/ü": "=" } });
    expect(Object.fromEntries(new URLSearchParams(Tagging))).to.deep.equal({
      team: "a + b",
      "k/ü": "=",
    });
  });

  for (const storageClass of ["GLACIER", "DEEP_ARCHIVE"]) {
    it(`refuses ${storageClass}, from which nothing can be read at once`, () => {
      expect(() => writtenAs({ storageClass }))
        .to.throw(TerminalError, "GLACIER_IR")
        .with.property("reason", "WrongConfiguration");
    });
  }
});

describe("S3's advice on a missing right", () => {
  const advice = (settings: S3Settings, operation: string) => {
    const writingNeeds = neededFor(writtenAs(settings));
    const call = { operation, key: "k", bucket: "backups", objectKey: "k", writingNeeds };
    return (classifyS3Code("AccessDenied", "", call) as StorageError).detail.advice;
  };
  const settings: S3Settings = { tags: { team: "data" }, encryption: { algorithm: "aws:kms" } };

  it("names what tags and a key of KMS need, where something is written", () => {
    expect(advice(settings, "put")).to.include("s3:PutObjectTagging").and.include("kms:Decrypt");
    for (const plain of [advice(settings, "read"), advice({}, "put")]) {
      expect(plain).to.not.match(/Tagging|kms:/);
    }
  });
});
