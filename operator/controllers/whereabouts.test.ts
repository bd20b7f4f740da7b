// Where hosts of StarRocks are: nodes are known, pods are asked for, and not every time.
import { expect } from "chai";
import type { Api } from "../runtime/api.ts";
import { PODS } from "../runtime/objects.ts";
import type { BackendNode } from "../starrocks/frontend.ts";
import type { ControllerDeps } from "./deps.ts";
import { World } from "./testing/world.ts";
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
});
