import { expect } from "chai";
import { EXIT } from "./outcome.ts";
import { terminationMessage } from "./termination.ts";

function parsed(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

describe("terminationMessage", () => {
  it("is the outcome as JSON", () => {
    const outcome = {
      exitCode: EXIT.damaged,
      reason: "Damaged",
      message: "2 files",
      detail: { missing: 2 },
    };
    expect(parsed(terminationMessage(outcome))).to.deep.equal(outcome);
  });

  it("always fits into what Kubernetes keeps, and stays JSON", () => {
    const detail = { files: Array.from({ length: 500 }, (_, i) => `file number ${i}`) };
    for (const message of ["short", "ü".repeat(3000), '"\n'.repeat(3000)]) {
      const text = terminationMessage({ exitCode: EXIT.failed, reason: "Failed", message, detail });
      expect(Buffer.byteLength(text)).to.be.at.most(4096);
      expect(parsed(text)["reason"]).to.equal("Failed");
    }
  });

  it("cuts user info and query strings out of URLs", () => {
    const message = "GET https://user:pass@host/key?X-Amz-Signature=abc failed";
    const detail = { first: [{ note: message }] };
    const text = terminationMessage({ exitCode: EXIT.failed, reason: "Failed", message, detail });
    expect(text).to.not.contain("pass").and.not.contain("abc");
  });
});
