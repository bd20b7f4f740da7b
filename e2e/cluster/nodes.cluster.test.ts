// The cluster itself: what everything else in here stands on.
import { expect } from "chai";
import type { Cluster } from "./cluster.ts";
import { describeOnCluster } from "./describe.ts";
import { sharedCluster } from "./shared.ts";
import { eventually, podSpec } from "./testing/pods.ts";

const NAMESPACE = "nodes";

describeOnCluster("a real Kubernetes", () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await sharedCluster();
    await cluster.createNamespace(NAMESPACE);
  });

  /** `True`, `False` or `Unknown`, by node. */
  const readiness = async (): Promise<Readonly<Record<string, string>>> => {
    const path = `{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status},{end}`;
    const said = await cluster.kubectl("get", "nodes", "-o", `jsonpath=${path}`);
    const entries = said.matchAll(/([^,]+)=([^,]+),/g);
    return Object.fromEntries(entries.map(([, node = "", is = ""]) => [node, is] as const));
  };

  it("has two nodes, which are Ready", async () => {
    expect(await readiness()).to.deep.equal({ "node-a": "True", "node-b": "True" });
    expect(await cluster.kubectl("version")).to.match(/Server Version: v1\.37\./);
  });

  for (const node of ["node-a", "node-b"]) {
    it(`runs a Job's pod on ${node}, which finds a Service by name`, async () => {
      const name = `resolve-${node}`;
      const { nodeName: _, ...pod } = podSpec(node, ["resolve", "kubernetes.default.svc"]);
      const nodeSelector = { "kubernetes.io/hostname": node };
      const spec = { ...pod, nodeSelector, restartPolicy: "Never" };
      await cluster.apply(
        JSON.stringify({
          apiVersion: "batch/v1",
          kind: "Job",
          metadata: { name, namespace: NAMESPACE },
          spec: { backoffLimit: 0, template: { spec } },
        }),
      );
      const wait = ["-n", NAMESPACE, "wait", `job/${name}`, "--for=condition=Complete"];
      await cluster.kubectl(...wait, "--timeout=120s");
      const said = await cluster.kubectl("-n", NAMESPACE, "logs", `job/${name}`);
      expect(said).to.equal("10.96.0.1\n");
    });
  }

  it("refuses a pod that is not restricted", async () => {
    const spec = { containers: [{ name: "pause", image: "localhost/pause:1" }] };
    const metadata = { name: "free", namespace: NAMESPACE };
    const refused = cluster.apply(
      JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata, spec }),
    );
    const why = await refused.then(String, (error: unknown) => (error as Error).message);
    expect(why).to.contain('violates PodSecurity "restricted:latest"');
  });

  it("goes on where it was after its API server was killed", async () => {
    await cluster.stopApiServer();
    const refused = await cluster.kubectl("get", "nodes").then(String, () => "refused");
    expect(refused).to.equal("refused");
    await cluster.startApiServer();
    expect(await cluster.kubectl("get", "namespace", NAMESPACE)).to.contain(NAMESPACE);
    await eventually(readiness, (seen) => Object.values(seen).every((is) => is === "True"));
  });

  it("loses a node whose power is cut, and has it again", async () => {
    await cluster.powerCut("node-b");
    await eventually(readiness, (seen) => seen["node-b"] === "Unknown");
    await cluster.boot("node-b");
    expect((await readiness())["node-b"]).to.equal("True");
  });
});
