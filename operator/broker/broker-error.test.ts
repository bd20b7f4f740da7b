import { expect } from "chai";
import { BrokerError, statusOf } from "./broker-error.ts";
import { BROKER_STATUS } from "./protocol.ts";

describe("statusOf", () => {
  it("tells StarRocks no credential that an error carries in a URL", () => {
    const cause = new Error(
      "GET https://key:hunter2@s3.example.org/b?X-Amz-Signature=hunter3 failed",
    );
    for (const error of [cause, new Error("it failed", { cause })]) {
      const { message, statusCode } = statusOf(error);
      expect(statusCode).to.equal(BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR);
      expect(message).to.contain("s3.example.org").and.not.contain("hunter");
    }
  });

  it("repeats of what it was asked only so much, and nothing that a terminal obeys", () => {
    const { message = "" } = statusOf(new Error(`path ${"x".repeat(60_000)} is wrong`));
    expect(message.length).to.be.below(2100);
    expect(statusOf(new Error("a\u001b[2Jb\nc")).message).to.equal("a\\u001b[2Jb\\nc");
  });

  it("keeps a broker error's own code", () => {
    const error = new BrokerError(BROKER_STATUS.INVALID_ARGUMENT, "no");
    expect(statusOf(error)).to.deep.equal({ statusCode: 405, message: "no" });
  });
});
