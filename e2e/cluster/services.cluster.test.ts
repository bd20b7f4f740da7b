// How Services answer, through kube-proxy on both nodes: what the slots of a Repository are built on. A caller is a process on a
// node, as a BE is; each agent is a pod that tells its name.
import { expect } from "chai";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { must } from "../../operator/assert.ts";
import type { Cluster } from "./cluster.ts";
import { describeOnCluster } from "./describe.ts";
import { sharedCluster } from "./shared.ts";
import { endPod, eventually, runPod } from "./testing/pods.ts";

const CALLER = fileURLToPath(new URL("testing/caller.ts", import.meta.url));
const NAMESPACE = "services";
const PORT = 9060;
const CALLS = 20;
const ON_NODE = { "node-a": "agent-a", "node-b": "agent-b" } as const;
type NodeName = keyof typeof ON_NODE;
const NODES = ["node-a", "node-b"] as const;

describeOnCluster("a Service", () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await sharedCluster();
    await cluster.createNamespace(NAMESPACE);
    await Promise.all(NODES.map(start));
  });
  after(async () => {
    await cluster?.kubectl("delete", "namespace", NAMESPACE, "--wait=false");
  });

  const start = (node: NodeName) =>
    runPod(cluster, {
      namespace: NAMESPACE,
      name: ON_NODE[node],
      node,
      act: ["answer", String(PORT)],
    });
  const end = (node: NodeName) => endPod(cluster, NAMESPACE, ON_NODE[node]);

  /** Its address. */
  const serve = async (name: string, more: Readonly<Record<string, unknown>>): Promise<string> => {
    const metadata = { name, namespace: NAMESPACE };
    const spec = { selector: { app: "agent" }, ports: [{ port: PORT }], ...more };
    await cluster.apply(JSON.stringify({ apiVersion: "v1", kind: "Service", metadata, spec }));
    const path = "jsonpath={.spec.clusterIP}";
    return cluster.kubectl("-n", NAMESPACE, "get", "service", name, "-o", path);
  };

  /** What so many connections from there were told. */
  const call = async (node: NodeName, address: string, times = CALLS): Promise<string[]> => {
    const args = [CALLER, address, String(PORT), String(times)];
    const caller = cluster.spawnOn(node, process.execPath, args, { stdio: ["ignore", "pipe", 2] });
    const ended = once(caller, "exit");
    const said = await text(must(caller.stdout));
    await ended;
    return said.trim().split("\n");
  };
  const all = (answer: string) => Array.from({ length: CALLS }, () => answer);
  /** Until every call is told that; a Service's rules reach each node in their own time. */
  const becomes = (node: NodeName, address: string, answer: string) =>
    eventually(
      () => call(node, address, 1),
      (said) => said[0] === answer,
    );

  describe("with trafficDistribution PreferSameNode and sessionAffinity ClientIP, a slot's", () => {
    let slot = "";

    before(async () => {
      slot = await serve("slot", {
        trafficDistribution: "PreferSameNode",
        sessionAffinity: "ClientIP",
      });
      for (const node of NODES) await becomes(node, slot, ON_NODE[node]);
    });

    for (const node of NODES) {
      it(`is answered on ${node} by the agent of ${node}`, async () => {
        expect(await call(node, slot)).to.deep.equal(all(ON_NODE[node]));
      });
    }

    for (const [node, other] of [
      ["node-a", "node-b"],
      ["node-b", "node-a"],
    ] as const) {
      it(`is answered on ${node} by one other agent while its own is replaced, never by both in turn`, async () => {
        await end(node);
        await becomes(node, slot, ON_NODE[other]);
        expect(await call(node, slot)).to.deep.equal(all(ON_NODE[other]));
        expect(await call(other, slot)).to.deep.equal(all(ON_NODE[other]));

        const seen: string[] = [];
        const isBack = start(node);
        // Without a pause between calls, until its own agent answers.
        while (seen.at(-1) !== ON_NODE[node]) seen.push(...(await call(node, slot, 1)));
        await isBack;
        expect(await call(node, slot)).to.deep.equal(all(ON_NODE[node]));
        expect(seen.slice(0, -1)).to.deep.equal(seen.slice(0, -1).map(() => ON_NODE[other]));
      });
    }
  });

  it("with the affinity alone is answered by one agent for each caller", async () => {
    const address = await serve("affinity", { sessionAffinity: "ClientIP" });
    for (const node of NODES) {
      await eventually(
        () => call(node, address, 1),
        ([said = ""]) => said.startsWith("agent-"),
      );
      expect(new Set(await call(node, address))).to.have.property("size", 1);
    }
  });

  it("with neither is answered by both in turn: the tests above could have seen that", async () => {
    const address = await serve("neither", {});
    for (const node of NODES) {
      await eventually(
        () => call(node, address, 1),
        ([said = ""]) => said.startsWith("agent-"),
      );
      expect(
        new Set([...(await call(node, address)), ...(await call(node, address))]),
      ).to.have.keys("agent-a", "agent-b");
    }
  });

  it("that only agents of other nodes could answer is swallowed when it insists on the own node", async () => {
    const address = await serve("local", { internalTrafficPolicy: "Local" });
    await becomes("node-a", address, "agent-a");
    await end("node-a");
    await becomes("node-a", address, "SWALLOWED");
    await start("node-a");
  });

  it("that nobody answers refuses at once", async () => {
    const address = await serve("idle", {
      selector: { app: "nobody" },
      trafficDistribution: "PreferSameNode",
      sessionAffinity: "ClientIP",
    });
    for (const node of NODES) {
      await becomes(node, address, "ECONNREFUSED");
      expect(await call(node, address)).to.deep.equal(all("ECONNREFUSED"));
    }
  });
});
