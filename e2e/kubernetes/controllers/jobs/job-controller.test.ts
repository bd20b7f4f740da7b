import { expect } from "chai";
import { at, fieldsAt, finalizersOf, numberAt, textAt } from "../../api/object.ts";
import type { Fields, KubeObject } from "../../api/object.ts";
import { remove } from "../../api/deletion.ts";
import { jobs } from "../../api/kinds/jobs.ts";
import { events } from "../../api/kinds/events.ts";
import { serviceAccounts } from "../../api/kinds/plain.ts";
import { pods } from "../../api/kinds/pods.ts";
import type { TestRegistry } from "../../api/testing/cluster.ts";
import {
  addNode,
  conditionTexts,
  endPod,
  job,
  jobNow,
  podsOf,
  setPodStatus,
  testRegistry,
} from "../../api/testing/cluster.ts";
import { must } from "../../../../operator/assert.ts";
import { TRACKING } from "./job-plan.ts";

const POLICY = {
  rules: [
    { action: "FailJob", onExitCodes: { operator: "In", values: [42] } },
    { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget" }] },
  ],
};

describe("Job controller", () => {
  let cluster: TestRegistry;
  beforeEach(() => {
    cluster = testRegistry();
    addNode(cluster.registry, "n1");
  });
  afterEach(() => {
    cluster.stop();
    expect(cluster.problems).to.deep.equal([]);
  });

  const start = async (spec: Fields = {}, pod: Fields = {}): Promise<void> => {
    cluster.registry.create(jobs, "default", job("j", spec, pod));
    await cluster.settle();
  };
  const only = (): KubeObject => {
    const all = podsOf(cluster.registry);
    expect(all.length).to.equal(1);
    return must(all[0]);
  };
  const end = async (exitCode: number): Promise<void> => {
    const running = podsOf(cluster.registry).filter(
      (p) => textAt(p, "status", "phase") === "Pending",
    );
    endPod(cluster.registry, must(running[0]), exitCode);
    await cluster.settle();
  };
  const status = (): Fields => fieldsAt(jobNow(cluster.registry, "j"), "status");

  it("makes no pod for a service account that does not exist, says so, and tries again", async () => {
    await start({}, { serviceAccountName: "agent" });
    expect(podsOf(cluster.registry)).to.deep.equal([]);
    expect(status()).to.include.keys("startTime");
    expect(status()).to.not.include.keys("active");
    const said = cluster.registry.store.list(events.collection).map((e) => textAt(e, "message"));
    expect(said.join()).to.include('serviceaccount "agent" not found');
    cluster.registry.create(serviceAccounts, "default", { metadata: { name: "agent" } });
    await cluster.clock.advance(1_000);
    expect(textAt(only(), "spec", "serviceAccountName")).to.equal("agent");
  });

  it("makes one pod that belongs to it, on a node", async () => {
    await start();
    const pod = only();
    const { uid } = jobNow(cluster.registry, "j").metadata;
    expect(pod.metadata.name).to.match(/^j-[a-z0-9]{5}$/);
    expect(pod.metadata.labels).to.deep.equal({
      "batch.kubernetes.io/controller-uid": uid,
      "batch.kubernetes.io/job-name": "j",
      "controller-uid": uid,
      "job-name": "j",
    });
    expect(pod.metadata.ownerReferences?.[0]).to.deep.include({
      kind: "Job",
      uid,
      controller: true,
    });
    expect(finalizersOf(pod)).to.deep.equal([TRACKING]);
    expect(textAt(pod, "spec", "nodeName")).to.equal("n1");
    expect(status()).to.deep.include({ active: 1, ready: 0, startTime: "2023-11-14T22:13:20Z" });
  });

  it("counts ready pods", async () => {
    await start();
    setPodStatus(cluster.registry, only(), {
      phase: "Running",
      conditions: [{ type: "Ready", status: "True" }],
    });
    await cluster.settle();
    expect(status()["ready"]).to.equal(1);
  });

  it("completes in two steps, and takes the finalizer off", async () => {
    await start();
    await end(0);
    expect(conditionTexts(jobNow(cluster.registry, "j"))).to.deep.equal([
      "SuccessCriteriaMet True CompletionsReached",
      "Complete True CompletionsReached",
    ]);
    expect(status()).to.deep.include({ succeeded: 1, terminating: 0 });
    expect(status()["completionTime"]).to.be.a("string");
    expect(finalizersOf(only())).to.deep.equal([]);
  });

  it("tries again after 10 s, then 20 s, until the backoff limit", async () => {
    await start({ backoffLimit: 2 });
    await end(1);
    await cluster.clock.advance(9_900);
    expect(podsOf(cluster.registry).length).to.equal(1);
    await cluster.clock.advance(200);
    expect(podsOf(cluster.registry).length).to.equal(2);
    await end(1);
    await cluster.clock.advance(19_800);
    expect(podsOf(cluster.registry).length).to.equal(2);
    await cluster.clock.advance(300);
    expect(podsOf(cluster.registry).length).to.equal(3);
    await end(1);
    expect(conditionTexts(jobNow(cluster.registry, "j"))).to.deep.equal([
      "FailureTarget True BackoffLimitExceeded",
      "Failed True BackoffLimitExceeded",
    ]);
    expect(status()["failed"]).to.equal(3);
  });

  it("takes another base for the back-off", async () => {
    cluster.stop();
    cluster = testRegistry({ controllers: { jobBackOffBaseMs: 100 } });
    addNode(cluster.registry, "n1");
    await start();
    await end(1);
    await cluster.clock.advance(101);
    expect(podsOf(cluster.registry).length).to.equal(2);
  });

  it("fails at once on an exit code that a rule names, and says which pod", async () => {
    await start({ podFailurePolicy: POLICY });
    const { name } = only().metadata;
    await end(42);
    const said = jobNow(cluster.registry, "j");
    expect(conditionTexts(said)).to.include("Failed True PodFailurePolicy");
    const message = at(said, "status", "conditions", 0, "message");
    expect(message).to.equal(
      `Container main for pod default/${name} failed with exit code 42 matching FailJob rule at index 0`,
    );
  });

  it("ignores a disrupted pod, and replaces it only when it has ended", async () => {
    await start({ podFailurePolicy: POLICY, backoffLimit: 0 });
    const pod = only();
    setPodStatus(cluster.registry, pod, {
      conditions: [{ type: "DisruptionTarget", status: "True" }],
    });
    remove(cluster.registry, pods, { namespace: "default", name: pod.metadata.name });
    await cluster.settle();
    expect(podsOf(cluster.registry).length).to.equal(1);
    expect(status()).to.deep.include({ terminating: 1 });
    expect(status()).not.to.have.property("active");
    setPodStatus(cluster.registry, only(), { phase: "Failed" });
    await cluster.clock.advance(10_100);
    expect(podsOf(cluster.registry).length).to.equal(2);
    expect(status()).not.to.have.property("failed");
    expect(conditionTexts(jobNow(cluster.registry, "j"))).to.deep.equal([]);
  });

  it("replaces a terminating pod at once where no policy says otherwise", async () => {
    await start();
    remove(cluster.registry, pods, { namespace: "default", name: only().metadata.name });
    await cluster.clock.advance(10_100);
    expect(podsOf(cluster.registry).length).to.equal(2);
    expect(status()["failed"]).to.equal(1);
  });

  it("ends at its deadline, when the node has stopped the pod", async () => {
    await start({ activeDeadlineSeconds: 60 });
    await cluster.clock.advance(60_000);
    expect(conditionTexts(jobNow(cluster.registry, "j"))).to.deep.equal([
      "FailureTarget True DeadlineExceeded",
    ]);
    const pod = only();
    expect(pod.metadata.deletionTimestamp).to.be.a("string");
    remove(
      cluster.registry,
      pods,
      { namespace: "default", name: pod.metadata.name },
      { gracePeriodSeconds: 0 },
    );
    await cluster.settle();
    expect(podsOf(cluster.registry)).to.deep.equal([]);
    expect(conditionTexts(jobNow(cluster.registry, "j"))).to.include(
      "Failed True DeadlineExceeded",
    );
    expect(status()["failed"]).to.equal(1);
  });

  it("suspends and resumes", async () => {
    await start({ suspend: true });
    expect(podsOf(cluster.registry)).to.deep.equal([]);
    expect(conditionTexts(jobNow(cluster.registry, "j"))).to.deep.equal([
      "Suspended True JobSuspended",
    ]);
    expect(status()).not.to.have.property("startTime");
    cluster.registry.modify(jobs, jobNow(cluster.registry, "j"), (now) => ({
      ...now,
      spec: { ...fieldsAt(now, "spec"), suspend: false },
    }));
    await cluster.settle();
    expect(podsOf(cluster.registry).length).to.equal(1);
    expect(conditionTexts(jobNow(cluster.registry, "j"))).to.deep.equal([
      "Suspended False JobResumed",
    ]);
    expect(status()["startTime"]).to.be.a("string");
  });

  it("runs as many at a time as parallelism says, as often as completions say", async () => {
    await start({ parallelism: 2, completions: 3 });
    expect(podsOf(cluster.registry).length).to.equal(2);
    await end(0);
    expect(podsOf(cluster.registry).length).to.equal(3);
    await end(0);
    expect(podsOf(cluster.registry).length).to.equal(3);
    await end(0);
    expect(numberAt(jobNow(cluster.registry, "j"), "status", "succeeded")).to.equal(3);
    expect(conditionTexts(jobNow(cluster.registry, "j"))).to.include(
      "Complete True CompletionsReached",
    );
  });

  it("counts restarts in place with OnFailure", async () => {
    await start({ backoffLimit: 1 }, { restartPolicy: "OnFailure" });
    const running = { phase: "Running", containerStatuses: [{ name: "main", restartCount: 1 }] };
    setPodStatus(cluster.registry, only(), running);
    await cluster.settle();
    expect(conditionTexts(jobNow(cluster.registry, "j"))).to.include(
      "FailureTarget True BackoffLimitExceeded",
    );
  });

  it("goes by itself after ttlSecondsAfterFinished, with its pods", async () => {
    await start({ ttlSecondsAfterFinished: 30 });
    await end(0);
    await cluster.clock.advance(29_000);
    expect(podsOf(cluster.registry).length).to.equal(1);
    await cluster.clock.advance(2_000);
    await cluster.settle();
    expect(cluster.registry.find(jobs, "default", "j")).to.equal(undefined);
    expect(podsOf(cluster.registry)).to.deep.equal([]);
  });

  const deletions = [
    { policy: undefined, left: 1 },
    { policy: "Orphan", left: 1 },
    { policy: "Background", left: 0 },
    { policy: "Foreground", left: 0 },
  ] as const;
  for (const { policy, left } of deletions) {
    it(`deleted with ${policy ?? "no policy"} leaves ${left} pods that have ended`, async () => {
      await start();
      await end(0);
      const options = policy === undefined ? {} : { propagationPolicy: policy };
      remove(cluster.registry, jobs, { namespace: "default", name: "j" }, options);
      await cluster.settle();
      expect(cluster.registry.find(jobs, "default", "j")).to.equal(undefined);
      const all = podsOf(cluster.registry);
      expect(all.length).to.equal(left);
      expect(all.flatMap((pod) => pod.metadata.ownerReferences ?? [])).to.deep.equal([]);
    });
  }

  it("holds a foreground deletion until the node has stopped the pod", async () => {
    await start();
    remove(
      cluster.registry,
      jobs,
      { namespace: "default", name: "j" },
      { propagationPolicy: "Foreground" },
    );
    await cluster.settle();
    expect(finalizersOf(jobNow(cluster.registry, "j"))).to.deep.equal(["foregroundDeletion"]);
    const { name } = only().metadata;
    remove(cluster.registry, pods, { namespace: "default", name }, { gracePeriodSeconds: 0 });
    await cluster.settle();
    expect(cluster.registry.find(jobs, "default", "j")).to.equal(undefined);
  });

  it("lets go of the pods of a Job that is gone", async () => {
    await start();
    remove(
      cluster.registry,
      jobs,
      { namespace: "default", name: "j" },
      { propagationPolicy: "Background" },
    );
    await cluster.settle();
    expect(finalizersOf(only())).to.deep.equal([]);
  });
});
