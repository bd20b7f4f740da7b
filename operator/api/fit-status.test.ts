import { expect } from "chai";
import type { BackupStatus } from "./backup.generated.ts";
import { fitStatus } from "./fit-status.ts";
import { validateStatus } from "./validate.ts";

describe("fitStatus", () => {
  it("gives a status back that fits, itself", () => {
    const status = {
      observedGeneration: 1,
      warnings: ["x".repeat(1024)],
      attempts: [{ number: 1 }],
    };
    expect(fitStatus("Backup", status)).to.equal(status);
  });

  it("keeps the whole small enough for an API server, and names whole", () => {
    const message = "😀".repeat(40_000);
    const conditions = Array.from({ length: 16 }, (_, i) => ({
      type: `T${i}`,
      status: "True" as const,
      reason: "JobFailed",
      message,
      lastTransitionTime: "2026-01-02T03:04:05Z",
    }));
    const attempts = Array.from({ length: 20 }, (_, i) => ({ number: i + 1, message }));
    const snapshot = { name: "n".repeat(60) };
    const status = { observedGeneration: 1, message, conditions, attempts, snapshot };
    const fitted = fitStatus("Backup", status);
    expect(Buffer.byteLength(JSON.stringify(fitted))).to.be.at.most(512 * 1024);
    expect(validateStatus("Backup", fitted)).to.deep.equal([]);
    expect(fitted.attempts).to.have.length(20);
    expect(fitted.attempts[19]?.message).to.match(/^(?:😀){100,}/u);
    expect(fitted.snapshot).to.deep.equal(snapshot);
  });

  it("leaves names and what is read again as they are", () => {
    const leftOut = [{ name: "\u202etxt\u2028", kind: "VIEW", why: "it is a view" }];
    const submission = {
      label: "s",
      attempt: 1,
      time: "2026-01-02T03:04:05Z",
      before: "backup a 1\nrestore b 2",
    };
    const status = { observedGeneration: 1, leftOut, submission };
    expect(fitStatus("Backup", status)).to.equal(status);
  });

  it("writes out in messages what a terminal would obey", () => {
    const message = "denied\u001b[2J\nby \u202ealice\u009b";
    expect(fitStatus("Backup", { observedGeneration: 1, message }).message).to.equal(
      "denied\\u001b[2J\\nby \\u202ealice\\u009b",
    );
  });

  it("cuts texts and lists at any depth so that an API server takes them", () => {
    const status: BackupStatus = {
      observedGeneration: 1,
      message: "😀".repeat(40_000),
      warnings: Array.from({ length: 30 }, (_, i) => `warning ${i}`),
      queue: { position: 1, message: "y".repeat(5000) },
      attempts: [{ number: 1, message: "z".repeat(40_000) }],
      snapshot: { name: "n".repeat(61) },
    };
    const fitted = fitStatus("Backup", status);
    expect(validateStatus("Backup", status)).not.to.deep.equal([]);
    expect(validateStatus("Backup", fitted)).to.deep.equal([]);
    expect(
      Array.from(fitted.message ?? "")
        .slice(-10)
        .join(""),
    ).to.equal("😀😀 … (cut)");
    expect(fitted.warnings).to.have.length(20).and.include("warning 0");
    expect(fitted.observedGeneration).to.equal(1);
  });

  it("leaves the status it was given as it was", () => {
    const status = { observedGeneration: 1, reason: "r".repeat(2000) };
    fitStatus("Restore", status);
    expect(status.reason).to.have.length(2000);
  });
});
