import { expect } from "chai";
import { TerminalError } from "../errors.ts";
import { silentLog } from "../log.ts";
import { Secret } from "../secret.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { openStorage } from "./open.ts";

describe("openStorage", () => {
  const deps = { clock: new ManualClock(), random: () => 0.5, log: silentLog };
  const credentials = { accessKeyId: "AKID", secretAccessKey: new Secret("hunter2") };

  it("opens an S3 location without asking anybody", () => {
    const storage = openStorage({ location: "s3a://backups/prod", s3: { credentials } }, deps);
    expect(storage.location).to.equal("s3://backups/prod");
    expect(storage.capabilities).to.deep.equal({
      atomicMove: false,
      conditionalPut: true,
      partBytesMin: 5 * 1024 * 1024,
      partsMax: 10_000,
      partsInOrder: false,
      uploadsListed: true,
    });
  });

  it("opens a location of Google's without asking anybody", () => {
    const storage = openStorage({ location: "gs://backups/prod/" }, deps);
    expect(storage.location).to.equal("gs://backups/prod");
    expect(storage.capabilities).to.include({
      conditionalPut: true,
      partsInOrder: true,
      uploadsListed: false,
    });
  });

  it("tells a store's lack of conditional writes", () => {
    const config = { location: "s3://backups", s3: { conditionalPut: false } };
    expect(openStorage(config, deps).capabilities.conditionalPut).to.equal(false);
  });

  for (const location of ["ftp://backups", "/tmp/x", "s3://AKID:hunter2@b/x"]) {
    it(`refuses ${location.replace("hunter2", "…")} with what to write`, () => {
      expect(() => openStorage({ location, s3: { credentials } }, deps))
        .to.throw(TerminalError, "s3://<bucket>")
        .with.property("message")
        .that.does.not.include("hunter2");
    });
  }
});
