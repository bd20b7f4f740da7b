// A node that goes away with the pod of a Job: what the controllers and the node make of it together.
import { expect } from "chai";
import { must } from "../../operator/assert.ts";
import type { Kind, KubernetesObject } from "../../operator/runtime/api.ts";
import { NODE, POD, type Pod } from "./core.ts";
import {
  eventually,
  FOREVER,
  podReady,
  script,
  startTestCluster,
  type TestCluster,
} from "./testing/clusters.ts";

const JOB: Kind<KubernetesObject> = {
  apiVersion: "batch/v1",
  kind: "Job",
  plural: "jobs",
  namespaced: true,
};

describe("the loss of a node", () => {
  let cluster: TestCluster;
  let kubernetes: TestCluster["kubernetes"];

  before(async () => {
    cluster = await startTestCluster({
      nodes: 2,
      api: { controllers: { jobBackOffBaseMs: 100, nodeGraceMs: 5000, evictAfterMs: 100 } },
    });
    kubernetes = cluster.kubernetes;
  });
  after(() => cluster.stop());

  const pods = async (): Promise<readonly Pod[]> =>
    (await kubernetes.client.list(POD, { labelSelector: "app=worker" })).items;
  const nodeReady = async (name: string): Promise<string | undefined> =>
    (await kubernetes.client.get(NODE, { name }))?.status?.conditions?.find(
      (c) => c.type === "Ready",
    )?.status;

  it("lets a Job start another pod once the node is back and can tell that the first has ended", async () => {
    const template = {
      metadata: { labels: { app: "worker" } },
      spec: { restartPolicy: "Never", containers: [script(FOREVER)] },
    };
    const ignored = { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget" }] };
    await kubernetes.client.create(JOB, {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "worker", namespace: "default" },
      spec: { backoffLimit: 0, podFailurePolicy: { rules: [ignored] }, template },
    } as KubernetesObject);
    await eventually(async () => (await pods()).some(podReady));
    const first = must((await pods())[0]);
    const home = must(first.spec.nodeName);
    await kubernetes.node(home).powerOff();
    await eventually(async () => (await nodeReady(home)) === "Unknown");
    await eventually(async () => (await pods())[0]?.metadata.deletionTimestamp !== undefined);
    expect((await pods())[0]?.status?.conditions?.map((c) => c.type)).to.include(
      "DisruptionTarget",
    );

    await kubernetes.node(home).powerOn();
    await eventually(async () => (await nodeReady(home)) === "True");
    await eventually(async () => {
      const now = await pods();
      return (
        now.length === 1 && now.some((p) => podReady(p) && p.metadata.uid !== first.metadata.uid)
      );
    });
  });
});
