import { expect } from "chai";
import { TerminalError } from "../errors.ts";
import { formatS3Location, parseS3Location } from "./s3-location.ts";

describe("parseS3Location", () => {
  for (const [location, bucket, prefix, shown] of [
    ["s3://backups", "backups", "", "s3://backups"],
    ["s3://backups/", "backups", "", "s3://backups"],
    ["s3://backups/a/b", "backups", "a/b/", "s3://backups/a/b"],
    ["s3://backups/a/b//", "backups", "a/b/", "s3://backups/a/b"],
    ["s3a://backups/a", "backups", "a/", "s3://backups/a"],
    ["s3://my_Old.bucket-1/a b/ü", "my_Old.bucket-1", "a b/ü/", "s3://my_Old.bucket-1/a b/ü"],
  ] as const) {
    it(`reads ${location}`, () => {
      expect(parseS3Location(location)).to.deep.equal({ bucket, prefix });
      expect(formatS3Location({ bucket, prefix })).to.equal(shown);
    });
  }

  for (const [location, why] of [
    ["backups/a", "does not begin with s3://"],
    ["gs://backups", "does not begin with s3://"],
    ["S3://backups", "does not begin with s3://"],
    ["s3://", "no usable bucket name"],
    ["s3:///a", "no usable bucket name"],
    ["s3://a", "no usable bucket name"],
    ["s3://buck et/a", "no usable bucket name"],
    ["s3://bucket:9000/a", "no usable bucket name"],
    ["s3://bucket/a//b", "empty or relative segment"],
    ["s3://bucket/../b", "empty or relative segment"],
    ["s3://bucket/a?versionId=1", "query or fragment"],
  ] as const) {
    it(`refuses ${location} and says what to write`, () => {
      expect(() => parseS3Location(location))
        .to.throw(TerminalError, why)
        .with.property("reason", "InvalidLocation");
      expect(() => parseS3Location(location)).to.throw("write s3://<bucket>");
    });
  }

  it("refuses credentials without repeating them", () => {
    expect(() => parseS3Location("s3://AKID:hunter2@bucket/a"))
      .to.throw(TerminalError, "credentialsSecret")
      .with.property("message")
      .that.does.not.match(/hunter2|AKID/);
  });
});
