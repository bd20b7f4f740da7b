import { expect } from "chai";
import type { ContainerState, ContainerStatus, PodSpec } from "../core.ts";
import { container, pod } from "../testing/pods.ts";
import { podStatus, type Seen } from "./pod-status.ts";

const NOW = "2026-11-21T10:00:00Z";
const WAITING: ContainerState = { waiting: { reason: "ContainerCreating" } };
const RUNNING: ContainerState = { running: { startedAt: NOW } };

function ended(exitCode: number): ContainerState {
  return { terminated: { exitCode, reason: "x", startedAt: NOW, finishedAt: NOW } };
}

function status(state: ContainerState, change: Partial<ContainerStatus> = {}): ContainerStatus {
  const common = { name: "main", image: "node", imageID: "", lastState: {}, restartCount: 0 };
  return { ...common, state, ready: false, started: false, ...change };
}

function seen(change: Partial<Seen>, spec: Partial<PodSpec> = {}): Seen {
  return {
    pod: pod(spec),
    place: { podIP: "127.9.1.10", hostIP: "127.9.1.1" },
    startTime: NOW,
    init: [],
    containers: [],
    over: false,
    verdict: undefined,
    now: NOW,
    ...change,
  };
}

describe("the phase of a pod", () => {
  const crashed = status(WAITING, {
    lastState: { terminated: { exitCode: 1, reason: "x", startedAt: NOW, finishedAt: NOW } },
  });
  const withInit = { initContainers: [container({ name: "init" })] };
  const verdict = { reason: "DeadlineExceeded", message: "late" };
  const cases: readonly [string, Seen, string][] = [
    ["a container that waits", seen({ containers: [status(WAITING)] }), "Pending"],
    ["one of two that waits", seen({ containers: [status(RUNNING), status(WAITING)] }), "Pending"],
    ["running", seen({ containers: [status(RUNNING)] }), "Running"],
    [
      "one that ended beside one that runs",
      seen({ containers: [status(ended(0)), status(RUNNING)] }),
      "Running",
    ],
    ["a back-off", seen({ containers: [crashed] }), "Running"],
    [
      "an init container that runs",
      seen({ init: [status(RUNNING)], containers: [status(WAITING)] }, withInit),
      "Pending",
    ],
    [
      "init done",
      seen({ init: [status(ended(0))], containers: [status(RUNNING)] }, withInit),
      "Running",
    ],
    ["all succeeded", seen({ over: true, containers: [status(ended(0))] }), "Succeeded"],
    [
      "one failed",
      seen({ over: true, containers: [status(ended(0)), status(ended(3))] }),
      "Failed",
    ],
    ["stopped before it began", seen({ over: true, containers: [status(WAITING)] }), "Failed"],
    [
      "a verdict on the whole",
      seen({ over: true, verdict, containers: [status(ended(0))] }),
      "Failed",
    ],
  ];
  for (const [name, given, phase] of cases) {
    it(`is ${phase} for ${name}`, () => {
      expect(podStatus(given).phase).to.equal(phase);
    });
  }

  it("carries the verdict's reason", () => {
    const { reason, message } = podStatus(seen({ over: true, verdict }));
    expect({ reason, message }).to.deep.equal(verdict);
  });
});

describe("the conditions of a pod", () => {
  const ready = (given: Seen) => podStatus(given).conditions?.find((c) => c.type === "Ready");

  it("say Ready when every container is", () => {
    const containers = [status(RUNNING, { ready: true })];
    expect(ready(seen({ containers }))?.status).to.equal("True");
  });

  it("name the containers that are not", () => {
    expect(ready(seen({ containers: [status(RUNNING)] }))).to.include({
      status: "False",
      reason: "ContainersNotReady",
      message: "containers with unready status: [main]",
    });
  });

  it("say why a pod that is over is not ready", () => {
    const over = (code: number) => seen({ over: true, containers: [status(ended(code))] });
    expect(ready(over(0))?.reason).to.equal("PodCompleted");
    expect(ready(over(1))?.reason).to.equal("PodFailed");
  });

  it("keep others' and the time of what did not change", () => {
    const old = "2026-11-21T09:00:00Z";
    const conditions = [
      { type: "DisruptionTarget", status: "True", lastTransitionTime: old },
      { type: "Ready", status: "False", lastTransitionTime: old },
    ] as const;
    const given = seen({ containers: [status(RUNNING)] });
    const now = podStatus({ ...given, pod: { ...given.pod, status: { conditions } } }).conditions;
    expect(now).to.deep.include(conditions[0]);
    expect(now?.find((c) => c.type === "Ready")?.lastTransitionTime).to.equal(old);
    expect(now?.find((c) => c.type === "ContainersReady")?.lastTransitionTime).to.equal(NOW);
  });
});
