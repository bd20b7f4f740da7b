// Services end to end: objects in the API, connections over ClusterIPs, pods as processes.
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { must } from "../../../operator/assert.ts";
import { ENDPOINT_SLICE, POD, SERVICE, type Service, type ServiceSpec } from "../core.ts";
import {
  createPod,
  eventually,
  podReady,
  podWhen,
  script,
  startTestCluster,
  type TestCluster,
} from "../testing/clusters.ts";

/** Says which pod answers and who called. */
const ANSWER = `require("net").createServer((s) => s.on("error", () => {})
  .end(process.env.HOSTNAME + " " + s.remoteAddress)).listen(8000, process.env.POD_IP)`;
const PORT = 8000;

describe("Services", () => {
  let cluster: TestCluster;
  let kubernetes: TestCluster["kubernetes"];

  before(async () => {
    cluster = await startTestCluster({ nodes: 2 });
    kubernetes = cluster.kubernetes;
  });
  after(() => cluster.stop());

  const service = async (name: string, spec: Partial<ServiceSpec>): Promise<Service> =>
    kubernetes.client.create(SERVICE, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace: "default" },
      spec: { selector: { app: name }, ports: [{ port: PORT }], ...spec },
    });

  const startPod = async (name: string, node: string, app: string): Promise<void> => {
    const env = [{ name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }];
    const readinessProbe = { tcpSocket: { port: PORT }, periodSeconds: 1 };
    const containers = [script(ANSWER, { env, readinessProbe })];
    await createPod(kubernetes, name, { nodeName: node, containers }, { labels: { app } });
    await podWhen(kubernetes, name, podReady);
  };

  const endpointsOf = async (app: string): Promise<number> => {
    const { items } = await kubernetes.client.list(ENDPOINT_SLICE, {
      labelSelector: `kubernetes.io/service-name=${app}`,
    });
    return items.flatMap((slice) => slice.endpoints ?? []).filter((e) => e.conditions?.ready)
      .length;
  };

  /** What the Service answers, or the code of the error. */
  const ask = async (host: string, from: string, port = PORT): Promise<string> => {
    const socket = connect({ host, port, localAddress: from });
    try {
      await once(socket, "connect");
      return await text(socket);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? "";
    }
  };

  it("have an address and a name", async () => {
    const made = await service("named", {});
    const address = must(made.spec.clusterIP);
    expect(address).to.match(new RegExp(`^${kubernetes.network}\\.200\\.\\d+$`));
    await eventually(() => kubernetes.resolve("named.default.svc") === address);
    expect(kubernetes.resolve("named.default.svc.cluster.local", "127.0.0.1")).to.equal(address);
    expect(kubernetes.resolve("other.default.svc")).to.equal(undefined);
    expect(kubernetes.resolve("example.org")).to.equal(undefined);
  });

  it("refuse at once without pods, answer with them, and refuse after the last one's end", async () => {
    const made = await service("slot", {
      trafficDistribution: "PreferSameNode",
      sessionAffinity: "ClientIP",
    });
    const host = must(made.spec.clusterIP);
    const onA = kubernetes.addressOn("node-a");
    const onB = kubernetes.addressOn("node-b");
    expect(await ask(host, onA)).to.equal("ECONNREFUSED");

    await startPod("slot-b", "node-b", "slot");
    await eventually(async () => (await ask(host, onA)).startsWith("slot-b"));
    expect(await ask(host, onA)).to.equal(`slot-b ${onA}`);

    // The own node's, as soon as there is one.
    await startPod("slot-a", "node-a", "slot");
    await eventually(async () => (await ask(host, onA)).startsWith("slot-a"));
    expect(await ask(host, onB)).to.equal(`slot-b ${onB}`);

    // Another one after its end.
    kubernetes.killPod("default", "slot-a");
    await eventually(async () => (await ask(host, onA)).startsWith("slot-b"));

    await kubernetes.client.delete(POD, { namespace: "default", name: "slot-b" });
    await eventually(async () => (await endpointsOf("slot")) === 0);
    await eventually(async () => (await ask(host, onA)) === "ECONNREFUSED");
    expect(kubernetes.problems).to.deep.equal([]);
  });

  it("of type NodePort answer at every node, too, and within the cluster", async () => {
    const made = await service("open", { type: "NodePort" });
    const port = must(made.spec.ports?.[0]?.nodePort);
    expect(port).to.be.within(30_000, 32_767);
    await startPod("open-1", "node-a", "open");
    const onA = kubernetes.addressOn("node-a");
    const places = kubernetes.nodeNames.map(
      (name) => [kubernetes.node(name).address, port] as const,
    );
    for (const [host, at] of [...places, [must(made.spec.clusterIP), PORT] as const]) {
      await eventually(async () => (await ask(host, onA, at)).startsWith("open-1"));
    }
    const other = await service("other", { type: "NodePort" });
    expect(other.spec.ports?.[0]?.nodePort).to.not.equal(port);
    expect(kubernetes.problems).to.deep.equal([]);
  });

  it("are gone with their object", async () => {
    const made = await service("short", {});
    const host = must(made.spec.clusterIP);
    const onA = kubernetes.addressOn("node-a");
    await startPod("short-1", "node-a", "short");
    await eventually(async () => (await ask(host, onA)).startsWith("short-1"));
    await kubernetes.client.delete(SERVICE, { namespace: "default", name: "short" });
    await eventually(async () => (await ask(host, onA)) === "ECONNREFUSED");
    expect(kubernetes.resolve("short.default.svc")).to.equal(undefined);
  });
});
