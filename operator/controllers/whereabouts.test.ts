// Where hosts of StarRocks are: nodes are known, pods are asked for, and not every time.
import { expect } from "chai";
import { ApiError, type Api } from "../runtime/api.ts";
import { PODS } from "../runtime/objects.ts";
import type { BackendNode } from "../starrocks/frontend.ts";
import type { ControllerDeps } from "./deps.ts";
import { World } from "./testing/world.ts";
import { placeAgents } from "./placement.ts";
import { whereabouts } from "./whereabouts.ts";

function be(host: string): BackendNode {
  return { id: host, host, alive: true, decommissioned: false };
}

function putPod(world: World, name: string, phase: "Running" | "Succeeded"): void {
  world.put(PODS, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "starrocks" },
    spec: { containers: [], nodeName: "worker-1" },
    status: { phase, podIP: "10.1.0.7" },
  });
}

describe("whereabouts", () => {
  let world: World;
  let lists: (string | undefined)[];
  let deps: ControllerDeps;

  beforeEach(() => {
    world = new World();
    lists = [];
    const counting: Pick<Api, "list"> = {
      list: (kind, selection) => {
        lists.push(selection.namespace);
        return world.deps.api.list(kind, selection);
      },
    };
    const api = new Proxy(world.deps.api, {
      get: (target, verb) => Reflect.get(verb === "list" ? counting : target, verb) as unknown,
    });
    const lookup = (host: string) => Promise.resolve(host === "be-0.be.svc" ? ["10.1.0.7"] : []);
    deps = { ...world.deps, api, lookup };
  });

  it("asks for pods at addresses that are no node's", async () => {
    putPod(world, "be-0", "Running");
    const found = await whereabouts(deps, [be("be-0.be.svc"), be("10.0.0.2"), be("nowhere")]);
    expect(found.pods.map((p) => p.metadata.name)).to.deep.equal(["be-0"]);
    expect([...found.addresses]).to.deep.equal([
      ["be-0.be.svc", ["10.1.0.7"]],
      ["nowhere", []],
    ]);
    expect(found.nodes.length).to.equal(3);
    expect(lists).to.deep.equal([undefined]);
  });

  it("asks in the namespaces alone where it may look", async () => {
    putPod(world, "be-0", "Running");
    const podsIn = async (...starRocksNamespaces: readonly string[]) =>
      (
        await whereabouts({ ...deps, caches: { ...deps.caches }, starRocksNamespaces }, [
          be("10.1.0.7"),
        ])
      ).pods;
    expect(await podsIn("ops", "other")).to.deep.equal([]);
    expect(await podsIn("ops", "starrocks")).to.have.length(1);
    expect(lists).to.deep.equal(["ops", "other", "ops", "starrocks"]);
  });

  it("goes on without a namespace where it may not look any more", async () => {
    putPod(world, "be-0", "Running");
    const refusing: Pick<Api, "list"> = {
      list: async (kind, selection) => {
        if (selection.namespace !== "deleted") return await world.deps.api.list(kind, selection);
        throw new ApiError(403, "Forbidden", "pods is forbidden");
      },
    };
    const api = new Proxy(deps.api, {
      get: (target, verb) => Reflect.get(verb === "list" ? refusing : target, verb) as unknown,
    });
    const starRocksNamespaces = ["deleted", "starrocks"];
    const found = await whereabouts({ ...deps, api, starRocksNamespaces }, [be("10.1.0.7")]);
    expect(found.pods.map((p) => p.metadata.name)).to.deep.equal(["be-0"]);
  });

  it("leaves pods out that are over: their addresses are given away again", async () => {
    putPod(world, "old", "Succeeded");
    expect((await whereabouts(deps, [be("10.1.0.7")])).pods).to.deep.equal([]);
  });

  it("asks again after half a minute", async () => {
    await whereabouts(deps, [be("10.1.0.7")]);
    await whereabouts(deps, [be("10.1.0.7")]);
    expect(lists).to.deep.equal([undefined]);
    await world.clock.advance(30_000);
    putPod(world, "be-0", "Running");
    expect((await whereabouts(deps, [be("10.1.0.7")])).pods.length).to.equal(1);
    expect(lists).to.have.length(2);
  });

  describe("of hosts that are names of pods", () => {
    const HOST = "be-0.prod-be-search.starrocks.svc.cluster.local";
    const putNamed = (subdomain: string): void => {
      world.put(PODS, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "be-0", namespace: "starrocks" },
        spec: { containers: [], nodeName: "worker-1", subdomain },
        status: { phase: "Running", podIP: "10.1.0.7" },
      });
    };

    for (const host of [HOST, "be-0.prod-be-search.starrocks.svc"]) {
      it(`asks for the pod itself, and no DNS: ${host}`, async () => {
        putNamed("prod-be-search");
        const found = await whereabouts(deps, [be(host)]);
        expect(placeAgents([be(host)], found)).to.deep.equal({ nodes: ["worker-1"], unplaced: [] });
        expect(lists).to.deep.equal([]);
      });
    }

    it("takes no pod of that name that another Service gives its name to", async () => {
      putNamed("other");
      const found = await whereabouts(deps, [be(HOST)]);
      expect(placeAgents([be(HOST)], found)).to.deep.equal({ nodes: [], unplaced: [HOST] });
    });

    it("asks DNS where it may not ask for the pod", async () => {
      putPod(world, "be-0", "Running");
      const error = new ApiError(403, "Forbidden", "pods is forbidden");
      const refusing = { get: () => Promise.reject(error) };
      const api = new Proxy(deps.api, {
        get: (target, verb) => Reflect.get(verb === "get" ? refusing : target, verb) as unknown,
      });
      const lookup = () => Promise.resolve(["10.1.0.7"]);
      const found = await whereabouts({ ...deps, api, lookup }, [be(HOST)]);
      expect(placeAgents([be(HOST)], found).nodes).to.deep.equal(["worker-1"]);
    });
  });
});
