import { expect } from "chai";
import { readSettings } from "./settings.ts";

describe("settings of the benchmark", () => {
  it("measures S3 unless told otherwise", () =>
    expect(readSettings([]).stores).to.deep.equal(["s3"]));

  it("measures one storage, or all", () => {
    expect(readSettings(["--store", "gcs"]).stores).to.deep.equal(["gcs"]);
    expect(readSettings(["--store=all"]).stores).to.deep.equal(["s3", "gcs", "hdfs"]);
  });

  it("says what there is when a name is wrong", () => {
    expect(() => readSettings(["--store=gs"])).to.throw("--store=s3|gcs|hdfs|all");
    expect(() => readSettings(["--only=sideways"])).to.throw("no such part");
  });
});
