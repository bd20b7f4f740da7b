import { expect } from "chai";
import { remove } from "../api/deletion.ts";
import { namespaces } from "../api/kinds/cluster.ts";
import { definitions } from "../api/kinds/definitions.ts";
import { configMaps } from "../api/kinds/plain.ts";
import type { KubeObject } from "../api/object.ts";
import { finalizersOf, withMetadata } from "../api/object.ts";
import type { TestRegistry } from "../api/testing/cluster.ts";
import {
  conditionTexts,
  customResource,
  refusal,
  testRegistry,
  thingDefinition,
} from "../api/testing/cluster.ts";

describe("deletion by controllers", () => {
  let cluster: TestRegistry;
  beforeEach(() => {
    cluster = testRegistry();
  });
  afterEach(() => {
    cluster.stop();
    expect(cluster.problems).to.deep.equal([]);
  });

  const make = (name: string, owner?: KubeObject, extra: object = {}): KubeObject =>
    cluster.registry.create(configMaps, "default", {
      metadata: { name, ...extra, ...(owner ? { ownerReferences: [referenceTo(owner)] } : {}) },
    });
  const exists = (name: string): boolean =>
    cluster.registry.find(configMaps, "default", name) !== undefined;
  const release = (name: string): void => {
    const now = cluster.registry.get(configMaps, "default", name);
    cluster.registry.update(
      configMaps,
      { namespace: "default", name },
      withMetadata(now, { finalizers: [] }),
    );
  };
  const target = (name: string) => ({ namespace: "default", name });

  describe("garbage collector", () => {
    it("takes dependents, and theirs, after their owner", async () => {
      const a = make("a");
      make("c", make("b", a));
      remove(cluster.registry, configMaps, target("a"));
      await cluster.settle();
      expect([exists("b"), exists("c")]).to.deep.equal([false, false]);
    });

    it("takes an object whose owner is not there, or is another one by now", async () => {
      const ghost = make("a");
      remove(cluster.registry, configMaps, target("a"));
      make("a");
      make("b", ghost);
      await cluster.settle();
      expect([exists("a"), exists("b")]).to.deep.equal([true, false]);
    });

    it("keeps an object that has another owner left, and cuts the dead reference", async () => {
      const a = make("a");
      const b = make("b");
      cluster.registry.create(configMaps, "default", {
        metadata: { name: "c", ownerReferences: [referenceTo(a), referenceTo(b)] },
      });
      remove(cluster.registry, configMaps, target("a"));
      await cluster.settle();
      const { ownerReferences } = cluster.registry.get(configMaps, "default", "c").metadata;
      expect(ownerReferences?.map((o) => o.name)).to.deep.equal(["b"]);
    });

    it("keeps an object whose owner is of a kind nobody knows", async () => {
      cluster.registry.create(configMaps, "default", {
        metadata: {
          name: "a",
          ownerReferences: [{ apiVersion: "no.such/v1", kind: "Ghost", name: "g", uid: "u" }],
        },
      });
      await cluster.settle();
      expect(exists("a")).to.equal(true);
    });

    it("orphans when asked to", async () => {
      make("b", make("a"));
      remove(cluster.registry, configMaps, target("a"), { propagationPolicy: "Orphan" });
      await cluster.settle();
      expect(exists("a")).to.equal(false);
      expect(cluster.registry.get(configMaps, "default", "b").metadata).not.to.have.property(
        "ownerReferences",
      );
    });

    it("keeps an owner in the foreground until its blocking dependents are gone", async () => {
      make("b", make("a"), { finalizers: ["x/hold"] });
      remove(cluster.registry, configMaps, target("a"), { propagationPolicy: "Foreground" });
      await cluster.settle();
      expect(finalizersOf(cluster.registry.get(configMaps, "default", "a"))).to.deep.equal([
        "foregroundDeletion",
      ]);
      expect(cluster.registry.get(configMaps, "default", "b").metadata.deletionTimestamp).to.be.a(
        "string",
      );
      release("b");
      await cluster.settle();
      expect([exists("a"), exists("b")]).to.deep.equal([false, false]);
    });
  });

  describe("namespaces", () => {
    it("go with their content, and say what holds them", async () => {
      cluster.registry.create(namespaces, undefined, { metadata: { name: "x" } });
      cluster.registry.create(configMaps, "x", { metadata: { name: "plain" } });
      cluster.registry.create(configMaps, "x", {
        metadata: { name: "held", finalizers: ["x/hold"] },
      });
      remove(cluster.registry, namespaces, { name: "x" });
      await cluster.settle();
      const waiting = cluster.registry.get(namespaces, undefined, "x");
      expect(waiting["status"]).to.deep.include({ phase: "Terminating" });
      expect(conditionTexts(waiting)).to.include.members([
        "NamespaceContentRemaining True SomeResourcesRemain",
        "NamespaceFinalizersRemaining True SomeFinalizersRemain",
      ]);
      expect(JSON.stringify(waiting["status"])).to.contain("x/hold in 1 resource instances");
      expect(cluster.registry.find(configMaps, "x", "plain")).to.equal(undefined);
      const held = cluster.registry.get(configMaps, "x", "held");
      cluster.registry.update(
        configMaps,
        { namespace: "x", name: "held" },
        withMetadata(held, { finalizers: [] }),
      );
      await cluster.settle();
      expect(cluster.registry.find(namespaces, undefined, "x")).to.equal(undefined);
    });
  });

  describe("custom resource definitions", () => {
    it("go with their objects, in their objects' time, and take no new ones meanwhile", async () => {
      cluster.registry.create(definitions, undefined, thingDefinition());
      const things = customResource(cluster.registry);
      const make = (name: string, finalizers: readonly string[]): KubeObject =>
        cluster.registry.create(things, "default", {
          metadata: { name, finalizers },
          spec: { size: 1 },
        });
      make("plain", []);
      make("held", ["x/hold"]);
      remove(cluster.registry, definitions, { name: "things.example.com" });
      await cluster.settle();
      expect(cluster.registry.find(things, "default", "plain")).to.equal(undefined);
      const definition = cluster.registry.get(definitions, undefined, "things.example.com");
      expect(conditionTexts(definition)).to.include("Terminating True InstanceDeletionInProgress");
      const late = customResource(cluster.registry);
      const create = (): unknown =>
        cluster.registry.create(late, "default", { metadata: { name: "late" }, spec: { size: 1 } });
      expect(refusal(create).code).to.equal(405);
      const held = cluster.registry.get(things, "default", "held");
      cluster.registry.update(
        things,
        { namespace: "default", name: "held" },
        withMetadata(held, { finalizers: [] }),
      );
      await cluster.settle();
      expect(cluster.registry.find(definitions, undefined, "things.example.com")).to.equal(
        undefined,
      );
      expect(cluster.registry.resources.find("example.com", "v1", "things")).to.equal(undefined);
    });
  });
});

function referenceTo({ apiVersion, kind, metadata }: KubeObject): object {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, blockOwnerDeletion: true };
}
