import { expect } from "chai";
import { nodes } from "../api/kinds/cluster.ts";
import { pods } from "../api/kinds/pods.ts";
import type { Fields } from "../api/object.ts";
import { at, fieldsAt, listAt, textAt } from "../api/object.ts";
import type { TestRegistry } from "../api/testing/cluster.ts";
import { addNode, testRegistry } from "../api/testing/cluster.ts";

const AFFINITY = (term: Fields): Fields => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } },
  },
});
const NAMED = AFFINITY({ matchFields: [{ key: "metadata.name", operator: "In", values: ["n2"] }] });
const TAINT = { key: "k", value: "v", effect: "NoSchedule" };

interface Case {
  readonly name: string;
  readonly pod: Fields;
  readonly nodes?: Readonly<Record<string, Fields>>;
  readonly node?: string;
  readonly message?: string;
}

const CASES: readonly Case[] = [
  { name: "takes the first node", pod: {}, node: "n1" },
  {
    name: "follows a nodeSelector",
    pod: { nodeSelector: { "kubernetes.io/hostname": "n2" } },
    node: "n2",
  },
  { name: "follows matchFields", pod: NAMED, node: "n2" },
  {
    name: "follows matchExpressions",
    pod: AFFINITY({
      matchExpressions: [{ key: "kubernetes.io/hostname", operator: "NotIn", values: ["n1"] }],
    }),
    node: "n2",
  },
  {
    name: "follows Exists, and says when nothing fits",
    pod: AFFINITY({ matchExpressions: [{ key: "gpu", operator: "Exists" }] }),
    message: "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
  },
  {
    name: "avoids cordoned and tainted nodes",
    pod: {},
    nodes: { n1: { spec: { unschedulable: true } }, n2: { spec: { taints: [TAINT] } } },
    message:
      "0/2 nodes are available: 1 node(s) had untolerated taint {k: v}, 1 node(s) were unschedulable.",
  },
  {
    name: "bears a taint it tolerates",
    pod: { tolerations: [{ key: "k", operator: "Exists" }] },
    nodes: { n1: { spec: { taints: [TAINT] } } },
    node: "n1",
  },
  {
    name: "avoids nodes that are not ready",
    pod: {},
    nodes: { n1: { status: {} } },
    node: "n2",
  },
];

describe("scheduler", () => {
  let cluster: TestRegistry;
  beforeEach(() => {
    cluster = testRegistry();
  });
  afterEach(() => {
    cluster.stop();
    expect(cluster.problems).to.deep.equal([]);
  });

  const addPod = (name: string, spec: Fields = {}): unknown =>
    cluster.registry.create(pods, "default", {
      metadata: { name },
      spec: { containers: [{ name: "c", image: "x" }], ...spec },
    });
  const nodeOf = (name: string): string | undefined =>
    textAt(cluster.registry.get(pods, "default", name), "spec", "nodeName");

  for (const { name, pod, nodes: changes = {}, node, message } of CASES) {
    it(name, async () => {
      for (const n of ["n1", "n2"]) addNode(cluster.registry, n, changes[n]);
      addPod("p", pod);
      await cluster.settle();
      expect(nodeOf("p")).to.equal(node);
      const said = cluster.registry.get(pods, "default", "p");
      const condition = listAt(said, "status", "conditions")[0];
      expect(at(condition, "status")).to.equal(node === undefined ? "False" : "True");
      if (message !== undefined)
        expect(condition).to.deep.include({ reason: "Unschedulable", message });
    });
  }

  it("spreads by number", async () => {
    for (const n of ["n1", "n2"]) addNode(cluster.registry, n);
    for (const p of ["a", "b", "c"]) {
      addPod(p);
      await cluster.settle();
    }
    expect(["a", "b", "c"].map(nodeOf)).to.deep.equal(["n1", "n2", "n1"]);
  });

  it("tries again when a node changes", async () => {
    addPod("p");
    await cluster.settle();
    expect(nodeOf("p")).to.equal(undefined);
    const node = addNode(cluster.registry, "n1", { spec: { unschedulable: true } });
    await cluster.settle();
    expect(nodeOf("p")).to.equal(undefined);
    cluster.registry.modify(nodes, node, (now) => ({
      ...now,
      spec: { ...fieldsAt(now, "spec"), unschedulable: false },
    }));
    await cluster.settle();
    expect(nodeOf("p")).to.equal("n1");
  });
});
