// Jobs and pods as the steps read them.
import { expect } from "chai";
import type { ContainerState, Job, ObjectCondition, Pod } from "../runtime/objects.ts";
import * as pods from "./pods.ts";

function job(...conditions: readonly ObjectCondition[]): Job {
  return { apiVersion: "batch/v1", kind: "Job", metadata: { name: "j" }, status: { conditions } };
}

interface PodDelta {
  readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed";
  readonly state?: ContainerState;
  readonly conditions?: readonly ObjectCondition[];
  readonly created?: string;
  readonly deleted?: string;
}

function pod({ phase = "Running", state, conditions = [], created, deleted }: PodDelta = {}): Pod {
  const status = { name: "agent", ready: true, restartCount: 0 };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "p",
      ...(created === undefined ? {} : { creationTimestamp: created }),
      ...(deleted === undefined ? {} : { deletionTimestamp: deleted }),
    },
    status: {
      phase,
      conditions,
      containerStatuses: [state === undefined ? status : { ...status, state }],
    },
  };
}

const READY = { type: "Ready", status: "True" } as const;

describe("a Job", () => {
  it("runs until a condition says otherwise", () => {
    expect(pods.stateOf(job())).to.equal("running");
    expect(pods.stateOf(job({ type: "Failed", status: "False" }))).to.equal("running");
    expect(pods.stateOf(job({ type: "Complete", status: "True" }))).to.equal("complete");
    expect(pods.stateOf(job({ type: "Failed", status: "True" }))).to.equal("failed");
  });

  it("that failed is its own trouble", () => {
    const failed = { type: "Failed", status: "True", reason: "DeadlineExceeded", message: "late" };
    expect(pods.troubleOf(job(failed as ObjectCondition), [])).to.equal("DeadlineExceeded: late");
  });

  it("that is given no pod says where to read why, once its controller has looked at it", () => {
    const started = { ...job(), status: { startTime: "2026-01-01T00:00:00Z" } };
    expect(pods.troubleOf(started, [])).to.match(/no pod .*kubectl describe job j/);
    expect(pods.troubleOf(job(), []), "not looked at yet").to.equal(undefined);
    const made = { ...job(), status: { ...started.status, active: 1 } };
    expect(pods.troubleOf(made, []), "a pod that we have not seen yet").to.equal(undefined);
  });

  it("has the trouble of its youngest pod", () => {
    const waiting = (reason: string): ContainerState => ({ waiting: { reason, message: "why" } });
    const old = pod({ phase: "Pending", state: waiting("ErrImagePull"), created: "2026-01-01" });
    const young = pod({ phase: "Pending", state: waiting("CreateError"), created: "2026-01-02" });
    expect(pods.troubleOf(job(), [old, young])).to.equal("CreateError: why");
  });

  for (const reason of ["ContainerCreating", "PodInitializing"]) {
    it(`has no trouble while it starts: ${reason}`, () => {
      const starting = pod({ phase: "Pending", state: { waiting: { reason } } });
      expect(pods.troubleOf(job(), [starting])).to.equal(undefined);
    });
  }

  it("has the trouble its last pod ended with, until the next one comes", () => {
    const over = (exitCode: number, reason: string, created: string): Pod =>
      pod({ phase: "Failed", state: { terminated: { exitCode, reason } }, created });
    const killed = over(137, "OOMKilled", "2026-01-02");
    const trouble = pods.troubleOf(job(), [over(1, "Error", "2026-01-01"), killed]);
    expect(trouble).to.match(/^OOMKilled: .* memory .* agent\.resources\.limits\.memory/);
    expect(pods.troubleOf(job(), [killed, pod({ created: "2026-01-03" })])).to.equal(undefined);
    const drained = over(0, "Completed", "2026-01-03");
    expect(pods.troubleOf(job(), [killed, drained])).to.equal(undefined);
  });

  it("that no node takes says so", () => {
    const unscheduled = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message: "no node",
    } as const;
    const pending = pod({ phase: "Pending", conditions: [unscheduled] });
    expect(pods.troubleOf(job(), [pending])).to.equal("Unschedulable: no node");
  });
});

describe("a pod", () => {
  it("serves when it is ready and not on its way out", () => {
    expect(pods.viewOfPod(pod({ conditions: [READY] })).ready).to.be.true;
    expect(pods.viewOfPod(pod()).ready).to.be.false;
    expect(pods.viewOfPod(pod({ conditions: [READY], deleted: "2026-01-01" })).ready).to.be.false;
  });
});

describe("endOf", () => {
  const terminated = (exitCode: number, message?: string, reason?: string): ContainerState => ({
    terminated: {
      exitCode,
      ...(message === undefined ? {} : { message }),
      ...(reason === undefined ? {} : { reason }),
    },
  });
  const failed = (state: ContainerState, created = "2026-01-01"): Pod =>
    pod({ phase: "Failed", state, created });

  it("is the termination message", () => {
    const said = { exitCode: 42, reason: "AccessDenied", message: "no key", detail: { a: 1 } };
    const ended = pods.endOf([failed(terminated(42, JSON.stringify(said)))]);
    expect(ended).to.deep.equal(said);
  });

  it("is Kubernetes' reason when there is no message", () => {
    expect(pods.endOf([failed(terminated(137, undefined, "OOMKilled"))])).to.deep.equal({
      exitCode: 137,
      reason: "OOMKilled",
      message: `the agent used more memory than its limit; ${pods.MORE_MEMORY}`,
      detail: {},
    });
  });

  it("is not the line of a log, which Kubernetes gives when nothing else was said", () => {
    const line = JSON.stringify({ level: "info", message: "serving", slots: 8 });
    const ended = pods.endOf([failed(terminated(137, line, "OOMKilled"))]);
    expect(ended?.message).to.include(pods.MORE_MEMORY);
  });

  for (const message of ["", "not json", "[1]", "null", '{"detail":7}', "{"]) {
    it(`takes any text for a message: ${JSON.stringify(message)}`, () => {
      const ended = pods.endOf([failed(terminated(1, message))]);
      expect(ended).to.deep.equal({
        exitCode: 1,
        reason: "Error",
        message: "the agent ended with exit code 1",
        detail: {},
      });
    });
  }

  it("is the youngest pod's that is over", () => {
    const old = failed(terminated(1), "2026-01-01");
    const young = failed(terminated(2), "2026-01-02");
    expect(pods.endOf([old, pod({ created: "2026-01-03" }), young])?.exitCode).to.equal(2);
    expect(pods.endOf([pod()])).to.equal(undefined);
  });
});

describe("figures", () => {
  const line = (fields: object): string => JSON.stringify({ message: "progress", ...fields });

  it("are the last progress line's", () => {
    const log = [
      line({ bytes: 1 }),
      line({ bytes: 5, bytesPerSecond: 2, files: 3, calls: 4, lastError: "SlowDown" }),
      '{"message":"no \\"progress\\" line"}',
      '{"message":"progress", cut',
    ].join("\n");
    const lastError = "SlowDown";
    expect(pods.lastFigures(log)).to.deep.equal({
      bytes: 5,
      bytesPerSecond: 2,
      files: 3,
      calls: 4,
      lastError,
    });
  });

  it("are none in a log without one", () => {
    expect(pods.lastFigures("")).to.equal(undefined);
    expect(pods.lastFigures("started\n")).to.equal(undefined);
  });

  it("take nothing that is no number", () => {
    const figures = pods.lastFigures(line({ bytes: -1, files: "7", calls: null }));
    expect(figures).to.deep.include({ bytes: 0, files: 0, calls: 0 });
  });

  it("of pods that followed each other add up, with the last one's rate", () => {
    const one = { bytes: 1, bytesPerSecond: 9, files: 1, calls: 1, lastError: "old" };
    const two = { bytes: 2, bytesPerSecond: 4, files: 2, calls: 2, lastError: undefined };
    expect(pods.addFigures([one, two])).to.deep.equal({ ...two, bytes: 3, files: 3, calls: 3 });
    expect(pods.addFigures([])).to.equal(undefined);
  });
});
