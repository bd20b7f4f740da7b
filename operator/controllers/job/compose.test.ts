// Conditions as kstatus means them: Reconciling while we go on by ourselves, Stalled when a person must act.
import { expect } from "chai";
import { done, poll } from "../../runtime/result.ts";
import { agent, ago, ending, failed, mounted, seen } from "../testing/seen.ts";
import { statusAfter } from "./compose.ts";
import type { Verdict } from "./model.ts";
import type { JobPhase } from "./status.ts";

const WORKING: Verdict = { reason: "Working", result: poll(1, "StarRocks") };

function conditions(verdict: Verdict): object {
  const { conditions = [] } = statusAfter(seen(), verdict);
  return Object.fromEntries(conditions.map((c) => [c.type, c.status]));
}

describe("statusAfter", () => {
  const ended = (phase: JobPhase): Verdict => ({
    reason: "Why",
    phase,
    result: done("that is why"),
  });
  const CASES: readonly (readonly [string, Verdict, readonly string[]])[] = [
    ["while it works", WORKING, ["False", "True", "False", "Unknown"]],
    ["at FINISHED", ended("FINISHED"), ["True", "False", "False", "True"]],
    ["at FAILED", ended("FAILED"), ["False", "False", "True", "False"]],
    ["at CANCELLED", ended("CANCELLED"), ["False", "False", "True", "False"]],
  ];
  for (const [name, verdict, [Ready, Reconciling, Stalled, Succeeded]] of CASES) {
    it(`sets the conditions ${name}`, () => {
      expect(conditions(verdict)).to.deep.equal({ Ready, Reconciling, Stalled, Succeeded });
    });
  }

  it("says what is waited for, or why it ended", () => {
    expect(statusAfter(seen(), WORKING).message).to.equal("waits for StarRocks");
    expect(statusAfter(seen(), ended("FAILED")).message).to.equal("that is why");
  });

  it("says why it ends while it cleans up", () => {
    const { reason, message } = statusAfter(seen(ending("FAILED")), WORKING);
    expect(reason).to.equal("TheReason");
    expect(message).to.equal("the message; cleaning up: waits for StarRocks");
  });

  it("writes begin and phase begin once", () => {
    const first = statusAfter(seen({ status: {} }), WORKING);
    expect(first.startTime).to.equal(ago(0));
    const status = { startTime: ago(9_000), phaseStartTime: ago(5_000) };
    const later = statusAfter(seen({ status }), WORKING);
    expect(later).to.include(status);
    const next = statusAfter(seen({ status }), { ...WORKING, phase: "SNAPSHOTING" });
    expect(next).to.include({ startTime: ago(9_000), phaseStartTime: ago(0) });
  });

  it("takes fields away that the verdict names without a value", () => {
    const status = { retryAfter: ago(0), location: "s3://b" };
    const after = statusAfter(seen({ status }), { ...WORKING, status: { retryAfter: undefined } });
    expect(after).to.not.have.property("retryAfter");
    expect(after.location).to.equal("s3://b");
  });

  it("warns of where BEs run as of now, and keeps it while StarRocks does not answer", () => {
    const nodes = { nodes: ["worker-0"], unplaced: ["be-9"] };
    const { warnings } = statusAfter(seen(mounted({ nodes })), WORKING);
    expect(warnings).to.deep.equal([
      "no Kubernetes node is known for BEs be-9: their traffic goes to an agent on another BE's node; if they are outside of this Kubernetes they reach it only with agent.service.type: NodePort or LoadBalancer in the Repository",
    ]);
    const known = mounted({ status: { warnings } });
    expect(statusAfter(seen(known), WORKING)).to.not.have.property("warnings");
    const silent = { ...known, frontend: failed("FrontendUnreachable", true) };
    expect(statusAfter(seen(silent), WORKING).warnings).to.deep.equal(warnings);
  });

  it("warns as long as it lives of tablets whose files nobody knows", () => {
    const status = { unlistedTablets: 3 };
    const { warnings } = statusAfter(seen({ status }), WORKING);
    expect(warnings?.join()).to.match(/^nothing says what files 3 tablets .* before 4\.2 /);
    const later = statusAfter(seen({ status: { ...status, warnings } }), WORKING);
    expect(later.warnings).to.deep.equal(warnings);
  });

  it("warns as long as it lives of an agent that was killed for its memory", () => {
    const ended = { exitCode: 137, reason: "OOMKilled", message: "", detail: {} };
    const { warnings } = statusAfter(seen({ agents: [agent({ ended })] }), WORKING);
    expect(warnings?.join()).to.match(
      /^the agent of node \S+ was killed .* agent\.resources\.limits\.memory/,
    );
    const later = statusAfter(seen({ agents: [agent()], status: { warnings } }), WORKING);
    expect(later.warnings).to.deep.equal(warnings);
  });

  it("records when an ending was decided", () => {
    const end = { outcome: "FAILED", reason: "Why", message: "that is why" } as const;
    const { ending } = statusAfter(seen(), { ...WORKING, end });
    expect(ending).to.deep.equal({ ...end, time: ago(0) });
  });
});
