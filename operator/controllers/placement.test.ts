// Where agents belong.
import { expect } from "chai";
import type { Node, Pod } from "../runtime/objects.ts";
import type { BackendNode } from "../starrocks/frontend.ts";
import { placeAgents, type Whereabouts } from "./placement.ts";

function be(host: string, delta: Partial<BackendNode> = {}): BackendNode {
  return { id: host, host, alive: true, decommissioned: false, ...delta };
}

function node(name: string, ...addresses: readonly string[]): Node {
  const status = { addresses: addresses.map((address) => ({ type: "InternalIP", address })) };
  return { apiVersion: "v1", kind: "Node", metadata: { name }, status };
}

function pod(podIP: string, nodeName: string): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: podIP },
    spec: { nodeName, containers: [] },
    status: { podIP },
  };
}

const WHERE: Whereabouts = {
  nodes: [node("worker-0", "10.0.0.1"), node("worker-1", "10.0.0.2", "192.168.0.2")],
  pods: [pod("10.1.0.7", "worker-7")],
  addresses: new Map([
    ["be-0.be.svc", ["10.1.0.7"]],
    ["be-host", ["9.9.9.9", "192.168.0.2"]],
  ]),
};

describe("placeAgents", () => {
  const CASES: readonly (readonly [
    string,
    readonly BackendNode[],
    { nodes: readonly string[]; unplaced: readonly string[] },
  ])[] = [
    ["finds a pod by its address", [be("10.1.0.7")], { nodes: ["worker-7"], unplaced: [] }],
    ["finds a pod by its name", [be("be-0.be.svc")], { nodes: ["worker-7"], unplaced: [] }],
    ["finds a node by any address", [be("192.168.0.2")], { nodes: ["worker-1"], unplaced: [] }],
    ["finds a node by a name", [be("be-host")], { nodes: ["worker-1"], unplaced: [] }],
    [
      "makes one of two BEs on one node",
      [be("10.0.0.2"), be("192.168.0.2")],
      { nodes: ["worker-1"], unplaced: [] },
    ],
    ["leaves dead BEs out", [be("10.0.0.1", { alive: false })], { nodes: [], unplaced: [] }],
    [
      "counts a BE that is decommissioned: it has tablets",
      [be("10.0.0.1", { decommissioned: true })],
      { nodes: ["worker-0"], unplaced: [] },
    ],
    [
      "tells hosts that are nowhere, in order",
      [be("z"), be("a"), be("10.0.0.1")],
      { nodes: ["worker-0"], unplaced: ["a", "z"] },
    ],
  ];
  for (const [name, backends, placement] of CASES) {
    it(name, () => expect(placeAgents(backends, WHERE)).to.deep.equal(placement));
  }
});
