import { expect } from "chai";
import { TerminalError } from "../errors.ts";
import { formatGcsLocation, parseGcsLocation } from "./gcs-location.ts";

describe("parseGcsLocation", () => {
  for (const [location, bucket, prefix, shown] of [
    ["gs://backups", "backups", "", "gs://backups"],
    ["gs://backups/", "backups", "", "gs://backups"],
    ["gs://back_ups.example.com/a", "back_ups.example.com", "a/", "gs://back_ups.example.com/a"],
    ["gs://b-1/a b/ü//", "b-1", "a b/ü/", "gs://b-1/a b/ü"],
  ] as const) {
    it(`reads ${location}`, () => {
      expect(parseGcsLocation(location)).to.deep.equal({ bucket, prefix });
      expect(formatGcsLocation({ bucket, prefix })).to.equal(shown);
    });
  }

  for (const location of [
    "s3://backups",
    "gs://",
    "gs:///a",
    "gs://B",
    "gs://Backups/a",
    "gs://user:hunter2@backups/a",
    "gs://backups/a?key=hunter2",
    "gs://backups/a#b",
    "gs://backups//a",
    "gs://backups/a/../b",
  ]) {
    it(`refuses ${location.replace("hunter2", "…")} with what to write`, () => {
      expect(() => parseGcsLocation(location))
        .to.throw(TerminalError, "gs://<bucket>")
        .with.property("message")
        .that.does.not.include("hunter2");
    });
  }
});
