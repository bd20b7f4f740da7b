import { expect } from "chai";
import { remove } from "./deletion.ts";
import { definitions } from "./kinds/definitions.ts";
import { namespaces } from "./kinds/cluster.ts";
import { configMaps } from "./kinds/plain.ts";
import { pods } from "./kinds/pods.ts";
import { at, fieldsAt, withMetadata } from "./object.ts";
import type { Fields, KubeObject } from "./object.ts";
import { list } from "./reads.ts";
import type { TestRegistry } from "./testing/cluster.ts";
import { customResource, refusal, testRegistry, thingDefinition } from "./testing/cluster.ts";

describe("registry", () => {
  let cluster: TestRegistry;
  const registry = () => cluster.registry;
  beforeEach(() => {
    cluster = testRegistry();
  });
  afterEach(() => {
    cluster.stop();
    expect(cluster.problems).to.deep.equal([]);
  });

  const configMap = (name: string, rest: Fields = {}) =>
    registry().create(configMaps, "default", { metadata: { name, ...rest } });
  const thing = (spec: Fields, metadata: Fields = { name: "t" }): KubeObject =>
    registry().create(customResource(registry()), "default", { metadata, spec });

  describe("create", () => {
    it("gives what only the server gives, and ignores what a client says of it", () => {
      const made = configMap("a", {
        uid: "mine",
        creationTimestamp: "2000-01-01T00:00:00Z",
        managedFields: [],
      });
      expect(made.metadata.uid).to.match(/^[0-9a-f-]{36}$/);
      expect(made.metadata.creationTimestamp).to.equal("2023-11-14T22:13:20Z");
      expect(Number(made.metadata.resourceVersion)).to.be.greaterThan(0);
      expect(made.metadata).not.to.have.property("managedFields");
    });

    it("makes up a name after generateName", () => {
      const made = configMap("", { generateName: "a-" });
      expect(made.metadata.name).to.match(/^a-[a-z0-9]{5}$/);
    });

    const refused: readonly (readonly [string, () => unknown, number, string])[] = [
      [
        "a name that is taken",
        () => [configMap("a"), configMap("a")],
        409,
        'configmaps "a" already exists',
      ],
      ["a name that is none", () => configMap("A_b"), 422, "a lowercase RFC 1123 subdomain"],
      ["no name", () => configMap(""), 422, "metadata.name: Required value"],
      [
        "a label that is none",
        () => configMap("a", { labels: { "a b": "c" } }),
        422,
        "name part must consist",
      ],
      [
        "a label's value that is none",
        () => configMap("a", { labels: { a: "-" } }),
        422,
        "a valid label must be",
      ],
      [
        "too much in annotations",
        () => configMap("a", { annotations: { a: "x".repeat(256 * 1024) } }),
        422,
        "metadata.annotations: Too long",
      ],
      [
        "a namespace that is not there",
        () => registry().create(configMaps, "no", { metadata: { name: "a" } }),
        404,
        'namespaces "no" not found',
      ],
      [
        "another namespace in the object than in the path",
        () => configMap("a", { namespace: "other" }),
        400,
        "does not match the namespace sent on the request",
      ],
      [
        "another kind",
        () => registry().create(configMaps, "default", { kind: "Pod", metadata: { name: "a" } }),
        400,
        "does not match the expected kind",
      ],
    ];
    for (const [name, run, code, message] of refused) {
      it(`refuses ${name}`, () => {
        const error = refusal(run);
        expect(error.code).to.equal(code);
        expect(error.message).to.contain(message);
      });
    }

    it("refuses new content in a terminating namespace, and says so in a cause", () => {
      registry().create(namespaces, undefined, { metadata: { name: "gone" } });
      registry().create(configMaps, "gone", { metadata: { name: "a", finalizers: ["x/y"] } });
      remove(registry(), namespaces, { name: "gone" });
      const error = refusal(() =>
        registry().create(configMaps, "gone", { metadata: { name: "b" } }),
      );
      expect(error.code).to.equal(403);
      expect(error.message).to.equal(
        'configmaps "b" is forbidden: unable to create new content in namespace gone because it is being terminated',
      );
      expect(at(error.details, "causes", 0, "reason")).to.equal("NamespaceTerminating");
    });

    it("does nothing in a dry run", () => {
      registry().create(configMaps, "default", { metadata: { name: "a" } }, { dryRun: true });
      expect(registry().find(configMaps, "default", "a")).to.equal(undefined);
    });
  });

  describe("update", () => {
    it("refuses an old resourceVersion, takes the present one, and writes nothing for nothing", () => {
      const first = configMap("a");
      const update = (object: KubeObject): KubeObject =>
        registry().update(configMaps, { namespace: "default", name: "a" }, object);
      const second = update({ ...first, data: { a: "1" } });
      expect(second.metadata.resourceVersion).not.to.equal(first.metadata.resourceVersion);
      const error = refusal(() => update({ ...first, data: { a: "2" } }));
      expect(error.code).to.equal(409);
      expect(error.message).to.equal(
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
      );
      expect(update(second).metadata.resourceVersion).to.equal(second.metadata.resourceVersion);
    });

    it("keeps uid, creationTimestamp and namespace, and refuses another uid", () => {
      const made = configMap("a");
      const target = { namespace: "default", name: "a" };
      const changed = {
        metadata: { name: "a", creationTimestamp: "2001-01-01T00:00:00Z" },
        data: { b: "1" },
      };
      const updated = registry().update(configMaps, target, changed);
      expect(updated.metadata.creationTimestamp).to.equal(made.metadata.creationTimestamp);
      expect(updated.metadata.uid).to.equal(made.metadata.uid);
      const foreign = { metadata: { name: "a", uid: "other" } };
      expect(refusal(() => registry().update(configMaps, target, foreign)).message).to.contain(
        "UID in precondition",
      );
    });

    it("keeps status and the rest apart, and counts generations of the rest", () => {
      registry().create(definitions, undefined, thingDefinition());
      const resource = customResource(registry());
      const made = thing({ size: 1 });
      expect(made["status"]).to.deep.equal({ observedGeneration: -1 });
      expect(made.metadata.generation).to.equal(1);
      const target = { namespace: "default", name: "t" };
      const both = { ...made, spec: { size: 2 }, status: { phase: "Big" } };
      const main = registry().update(resource, target, both);
      expect(main["status"]).to.deep.equal({ observedGeneration: -1 });
      expect(main.metadata.generation).to.equal(2);
      const status = registry().update(
        resource,
        { ...target, subresource: "status" },
        {
          ...main,
          metadata: { ...main.metadata, labels: { a: "b" } },
          spec: { size: 7 },
          status: { phase: "Big" },
        },
      );
      expect(fieldsAt(status, "status")["phase"]).to.equal("Big");
      expect(at(status, "spec", "size")).to.equal(2);
      expect(status.metadata.labels).to.equal(undefined);
      expect(status.metadata.generation).to.equal(2);
      const labelled = registry().update(
        resource,
        target,
        withMetadata(status, { labels: { a: "b" } }),
      );
      expect(labelled.metadata.generation).to.equal(2);
    });

    it("wants a resourceVersion for custom resources", () => {
      registry().create(definitions, undefined, thingDefinition());
      thing({ size: 1 });
      const blind = { metadata: { name: "t" }, spec: { size: 2 } };
      const target = { namespace: "default", name: "t" };
      const error = refusal(() => registry().update(customResource(registry()), target, blind));
      expect(error.message).to.contain(
        "metadata.resourceVersion: Invalid value: 0: must be specified for an update",
      );
    });
  });

  describe("custom resources", () => {
    beforeEach(() => {
      registry().create(definitions, undefined, thingDefinition());
    });

    it("are refused with every error, and its cause", () => {
      const error = refusal(() => thing({ color: "green" }));
      expect(error.code).to.equal(422);
      expect(error.message).to.equal(
        'Thing.example.com "t" is invalid: [spec.size: Required value, spec.color: Unsupported value: "green": supported values: "red", "blue"]',
      );
      expect(at(error.details, "causes", 0)).to.deep.equal({
        reason: "FieldValueRequired",
        message: "Required value",
        field: "spec.size",
      });
    });

    it("have unknown fields refused, warned of, or cut in silence", () => {
      const create = (name: string, fieldValidation?: "Strict" | "Ignore") => {
        const warnings: string[] = [];
        const made = registry().create(
          customResource(registry()),
          "default",
          { metadata: { name }, spec: { size: 1, sise: 2 } },
          { warn: (text) => warnings.push(text), ...(fieldValidation ? { fieldValidation } : {}) },
        );
        return { made, warnings };
      };
      expect(refusal(() => create("a", "Strict")).message).to.equal(
        'Thing in version "v1" cannot be handled as a Thing: strict decoding error: unknown field "spec.sise"',
      );
      const { made, warnings } = create("b");
      expect(warnings).to.deep.equal(['unknown field "spec.sise"']);
      expect(made["spec"]).to.deep.equal({ size: 1, color: "red" });
      expect(create("c", "Ignore").warnings).to.deep.equal([]);
    });

    it("have their status checked when it is written", () => {
      const made = thing({ size: 1 });
      const target = { namespace: "default", name: "t", subresource: "status" } as const;
      const error = refusal(() =>
        registry().update(customResource(registry()), target, { ...made, status: { phase: 1 } }),
      );
      expect(error.message).to.contain("status.phase in body must be of type string");
    });

    it("can be judged by a plug-in, with the old object", () => {
      cluster.stop();
      cluster = testRegistry({
        validate: (_, object, old) =>
          old !== undefined && at(object, "spec", "size") !== at(old, "spec", "size")
            ? [{ path: "spec.size", message: "size is immutable" }]
            : [],
      });
      registry().create(definitions, undefined, thingDefinition());
      const made = thing({ size: 1 });
      const target = { namespace: "default", name: "t" };
      const error = refusal(() =>
        registry().update(customResource(registry()), target, { ...made, spec: { size: 2 } }),
      );
      expect(error.message).to.contain('spec.size: Invalid value: "object": size is immutable');
    });

    it("are judged by the plug-in unless it could stumble over them", () => {
      cluster.stop();
      cluster = testRegistry({ validate: () => [{ path: "spec", message: "is not liked" }] });
      registry().create(definitions, undefined, thingDefinition());
      const unliked = 'spec: Invalid value: "object": is not liked';
      const unasked = "<nil>: Invalid value: null: some validation rules were not checked";
      const cases: readonly (readonly [spec: Fields, said: string, not: string])[] = [
        [{ size: 1 }, unliked, unasked],
        [{ size: 10 }, unliked, unasked],
        [{ size: 1, name: "A" }, unliked, unasked],
        [{ size: "1" }, unasked, unliked],
        [{}, unasked, unliked],
        [{ size: 1, color: "green" }, unasked, unliked],
        [{ size: 1, name: "abcdef" }, unasked, unliked],
        [{ size: 1, parts: "abcd".split("").map((name) => ({ name })) }, unasked, unliked],
      ];
      for (const [spec, said, not] of cases) {
        const { message } = refusal(() => thing(spec));
        expect(message).to.contain(said).and.not.to.contain(not);
      }
    });

    it("are selected by the fields their definition names", () => {
      thing({ size: 1 }, { name: "a" });
      thing({ size: 1, color: "blue" }, { name: "b" });
      const page = list(registry(), customResource(registry()), {
        fieldSelector: "spec.color=blue",
      });
      expect(page.items.map((o) => o.metadata.name)).to.deep.equal(["b"]);
    });
  });

  describe("definitions", () => {
    const withVersion = (change: Fields): Fields => {
      const crd = thingDefinition();
      const spec = fieldsAt(crd, "spec");
      const [version] = spec["versions"] as readonly Fields[];
      return { ...crd, spec: { ...spec, versions: [{ ...version, ...change }] } };
    };
    const cases: readonly (readonly [string, Fields, string])[] = [
      [
        "another name than plural.group",
        { ...thingDefinition(), metadata: { name: "x" } },
        'must be spec.names.plural+"."+spec.group',
      ],
      [
        "no storage version",
        withVersion({ storage: false }),
        "exactly one version marked as storage version",
      ],
      [
        "fields without a type",
        withVersion({ schema: { openAPIV3Schema: { type: "object", properties: { a: {} } } } }),
        "properties[a].type: Required value",
      ],
      [
        "columns it cannot read",
        withVersion({ additionalPrinterColumns: [{ name: "a", type: "string", jsonPath: ".a[" }] }),
        "cannot read JSONPath",
      ],
      ["no schema", withVersion({ schema: {} }), "schemas are required"],
    ];
    for (const [name, crd, message] of cases) {
      it(`are refused with ${name}`, () => {
        expect(refusal(() => registry().create(definitions, undefined, crd)).message).to.contain(
          message,
        );
      });
    }
  });

  describe("delete", () => {
    const target = { namespace: "default", name: "a" };

    it("removes at once what nothing holds", () => {
      configMap("a");
      expect(remove(registry(), configMaps, target).gone).to.equal(true);
      expect(refusal(() => remove(registry(), configMaps, target)).message).to.equal(
        'configmaps "a" not found',
      );
    });

    it("waits for finalizers, takes no new ones, and goes with the last", () => {
      configMap("a", { finalizers: ["x/one", "x/two"] });
      expect(remove(registry(), configMaps, target).gone).to.equal(false);
      const marked = registry().get(configMaps, "default", "a");
      expect(marked.metadata.deletionTimestamp).to.equal("2023-11-14T22:13:20Z");
      const more = withMetadata(marked, { finalizers: ["x/one", "x/three"] });
      expect(refusal(() => registry().update(configMaps, target, more)).message).to.contain(
        'no new finalizers can be added if the object is being deleted, found new finalizers []string{"x/three"}',
      );
      registry().update(configMaps, target, withMetadata(marked, { finalizers: ["x/one"] }));
      const left = registry().get(configMaps, "default", "a");
      registry().update(configMaps, target, withMetadata(left, { finalizers: [] }));
      expect(registry().find(configMaps, "default", "a")).to.equal(undefined);
    });

    it("honours preconditions", () => {
      const made = configMap("a");
      const wrong = { preconditions: { uid: "other" } };
      expect(refusal(() => remove(registry(), configMaps, target, wrong)).code).to.equal(409);
      const old = { preconditions: { resourceVersion: "1" } };
      expect(refusal(() => remove(registry(), configMaps, target, old)).code).to.equal(409);
      const right = { preconditions: { uid: made.metadata.uid } };
      expect(remove(registry(), configMaps, target, right).gone).to.equal(true);
    });

    it("gives a pod on a node its grace, which can only become shorter", async () => {
      const spec = {
        nodeName: "n",
        containers: [{ name: "c", image: "x" }],
        terminationGracePeriodSeconds: 20,
      };
      registry().create(pods, "default", { metadata: { name: "a" }, spec });
      expect(remove(registry(), pods, target).gone).to.equal(false);
      const marked = registry().get(pods, "default", "a");
      expect(marked.metadata.deletionGracePeriodSeconds).to.equal(20);
      expect(marked.metadata.deletionTimestamp).to.equal("2023-11-14T22:13:40Z");
      remove(registry(), pods, target, { gracePeriodSeconds: 60 });
      expect(registry().get(pods, "default", "a").metadata.deletionGracePeriodSeconds).to.equal(20);
      expect(remove(registry(), pods, target, { gracePeriodSeconds: 0 }).gone).to.equal(true);
      await cluster.settle();
    });

    it("removes a pod that is on no node at once", () => {
      const spec = { containers: [{ name: "c", image: "x" }] };
      registry().create(pods, "default", { metadata: { name: "a" }, spec });
      expect(remove(registry(), pods, target).gone).to.equal(true);
    });
  });
});
