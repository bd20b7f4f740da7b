import { expect } from "chai";
import { remove } from "../api/deletion.ts";
import { endpointSlices } from "../api/kinds/plain.ts";
import { pods } from "../api/kinds/pods.ts";
import { services } from "../api/kinds/services.ts";
import type { Fields, KubeObject } from "../api/object.ts";
import { at, listAt, textAt } from "../api/object.ts";
import type { TestRegistry } from "../api/testing/cluster.ts";
import { addNode, setPodStatus, testRegistry } from "../api/testing/cluster.ts";

describe("EndpointSlices", () => {
  let cluster: TestRegistry;
  beforeEach(() => {
    cluster = testRegistry();
    addNode(cluster.registry, "n1");
  });
  afterEach(() => {
    cluster.stop();
    expect(cluster.problems).to.deep.equal([]);
  });

  const addService = (spec: Fields = {}): unknown =>
    cluster.registry.create(services, "default", {
      metadata: { name: "s" },
      spec: { selector: { app: "a" }, ports: [{ port: 80, targetPort: "web" }], ...spec },
    });
  const addPod = async (name: string, ready: boolean): Promise<void> => {
    const container = { name: "c", image: "x", ports: [{ name: "web", containerPort: 8080 }] };
    const pod = cluster.registry.create(pods, "default", {
      metadata: { name, labels: { app: "a" } },
      spec: { nodeName: "n1", containers: [container] },
    });
    const conditions = [{ type: "Ready", status: ready ? "True" : "False" }];
    setPodStatus(cluster.registry, pod, { phase: "Running", podIP: `127.0.1.${name}`, conditions });
    await cluster.settle();
  };
  const slices = (): readonly KubeObject[] =>
    cluster.registry.store.list(endpointSlices.collection);
  const endpoints = (): readonly unknown[] => listAt(slices()[0], "endpoints");

  it("list the pods of a Service with their state, node and port", async () => {
    addService();
    await addPod("5", true);
    await addPod("6", false);
    expect(slices().length).to.equal(1);
    expect(slices()[0]?.metadata.labels).to.deep.include({ "kubernetes.io/service-name": "s" });
    expect(slices()[0]?.["ports"]).to.deep.equal([{ name: "", port: 8080, protocol: "TCP" }]);
    expect(
      endpoints().map((e) => [listAt(e, "addresses")[0], at(e, "conditions", "ready")]),
    ).to.deep.equal([
      ["127.0.1.5", true],
      ["127.0.1.6", false],
    ]);
    expect(endpoints()[0]).to.deep.include({ nodeName: "n1" });
    expect(endpoints()[0]).not.to.have.property("hints");
  });

  it("hint at the node for PreferSameNode", async () => {
    addService({ trafficDistribution: "PreferSameNode" });
    await addPod("5", true);
    expect(at(endpoints()[0], "hints")).to.deep.equal({ forNodes: [{ name: "n1" }] });
  });

  it("say terminating, and forget pods that are gone or have ended", async () => {
    addService();
    await addPod("5", true);
    await addPod("6", true);
    remove(cluster.registry, pods, { namespace: "default", name: "5" });
    setPodStatus(cluster.registry, cluster.registry.get(pods, "default", "6"), {
      phase: "Succeeded",
    });
    await cluster.settle();
    expect(endpoints().map((e) => at(e, "conditions"))).to.deep.equal([
      { ready: false, serving: true, terminating: true },
    ]);
    remove(cluster.registry, pods, { namespace: "default", name: "5" }, { gracePeriodSeconds: 0 });
    await cluster.settle();
    expect(endpoints()).to.deep.equal([]);
  });

  it("belong to one Service alone and go with it", async () => {
    addService();
    await addPod("5", true);
    cluster.registry.create(services, "default", {
      metadata: { name: "other" },
      spec: { selector: { app: "b" }, ports: [{ port: 1 }] },
    });
    await cluster.settle();
    expect(
      slices().map((s) => textAt(s.metadata.labels, "kubernetes.io/service-name")),
    ).to.have.members(["other", "s"]);
    for (const name of ["s", "other"])
      remove(cluster.registry, services, { namespace: "default", name });
    await cluster.settle();
    expect(slices()).to.deep.equal([]);
  });

  it("are not made for Services without a selector", async () => {
    addService({ selector: null });
    await cluster.settle();
    expect(slices()).to.deep.equal([]);
  });
});
