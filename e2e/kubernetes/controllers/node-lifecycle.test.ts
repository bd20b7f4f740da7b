import { expect } from "chai";
import { remove } from "../api/deletion.ts";
import { nodes } from "../api/kinds/cluster.ts";
import { leases } from "../api/kinds/plain.ts";
import { isPodReady, pods } from "../api/kinds/pods.ts";
import type { Fields, KubeObject } from "../api/object.ts";
import { fieldsAt } from "../api/object.ts";
import type { TestRegistry } from "../api/testing/cluster.ts";
import { addNode, conditionTexts, setPodStatus, testRegistry } from "../api/testing/cluster.ts";
import { taintsOf } from "./taints.ts";

describe("node lifecycle", () => {
  let cluster: TestRegistry;
  beforeEach(async () => {
    cluster = testRegistry({ controllers: { nodeGraceMs: 10_000, evictAfterMs: 5_000 } });
    addNode(cluster.registry, "n1");
    cluster.registry.create(leases, "kube-node-lease", {
      metadata: { name: "n1" },
      spec: { renewTime: "1" },
    });
    addPod("p");
    addPod("patient", { tolerations: [{ operator: "Exists" }] });
    await cluster.settle();
  });
  afterEach(() => {
    cluster.stop();
    expect(cluster.problems).to.deep.equal([]);
  });

  function addPod(name: string, spec: Fields = {}): void {
    const pod = cluster.registry.create(pods, "default", {
      metadata: { name },
      spec: { nodeName: "n1", containers: [{ name: "c", image: "x" }], ...spec },
    });
    setPodStatus(cluster.registry, pod, {
      phase: "Running",
      conditions: [{ type: "Ready", status: "True" }],
    });
  }
  const node = (): KubeObject => cluster.registry.get(nodes, undefined, "n1");
  const pod = (name: string): KubeObject => cluster.registry.get(pods, "default", name);
  const renew = (): unknown =>
    cluster.registry.update(
      leases,
      { namespace: "kube-node-lease", name: "n1" },
      { metadata: { name: "n1" }, spec: { renewTime: String(cluster.clock.now()) } },
    );

  it("leaves a node alone that keeps its Lease", async () => {
    for (let i = 0; i < 5; i += 1) {
      await cluster.clock.advance(9_000);
      renew();
      await cluster.settle();
    }
    expect(conditionTexts(node())).to.deep.equal(["Ready True"]);
  });

  it("says Unknown of one that is silent, taints it, and unreadies its pods", async () => {
    await cluster.clock.advance(10_000);
    await cluster.settle();
    expect(conditionTexts(node())).to.deep.equal(["Ready Unknown NodeStatusUnknown"]);
    expect(taintsOf(node()).map((t) => `${t.key}:${t.effect}`)).to.deep.equal([
      "node.kubernetes.io/unreachable:NoSchedule",
      "node.kubernetes.io/unreachable:NoExecute",
    ]);
    expect(isPodReady(pod("p"))).to.equal(false);
    expect(pod("p").metadata.deletionTimestamp).to.equal(undefined);
  });

  it("then evicts its pods, which stay Terminating, but for those that bear it", async () => {
    await cluster.clock.advance(16_000);
    await cluster.settle();
    expect(conditionTexts(pod("p"))).to.include("DisruptionTarget True DeletionByTaintManager");
    expect(pod("p").metadata.deletionTimestamp).to.be.a("string");
    expect(pod("patient").metadata.deletionTimestamp).to.equal(undefined);
  });

  it("takes the taints away when the node is ready again", async () => {
    await cluster.clock.advance(10_000);
    await cluster.settle();
    renew();
    const ready = { conditions: [{ type: "Ready", status: "True" }] };
    cluster.registry.modify(
      nodes,
      node(),
      (n) => ({ ...n, status: { ...fieldsAt(n, "status"), ...ready } }),
      "status",
    );
    await cluster.settle();
    expect(taintsOf(node())).to.deep.equal([]);
    await cluster.clock.advance(6_000);
    expect(pod("p").metadata.deletionTimestamp).to.equal(undefined);
  });

  it("fails and removes the pods of a node that was deleted", async () => {
    remove(cluster.registry, nodes, { name: "n1" });
    await cluster.settle();
    expect(cluster.registry.find(pods, "default", "p")).to.equal(undefined);
  });

  it("watches nobody who never had a Lease", async () => {
    addNode(cluster.registry, "n2");
    await cluster.clock.advance(60_000);
    expect(conditionTexts(cluster.registry.get(nodes, undefined, "n2"))).to.deep.equal([
      "Ready True",
    ]);
  });
});
