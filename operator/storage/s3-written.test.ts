import { expect } from "chai";
import { TerminalError } from "../errors.ts";
import { writtenAs } from "./s3-written.ts";

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
