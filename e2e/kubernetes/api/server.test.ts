// The server over HTTP, through plain fetch and through @kubernetes/client-node.
import {
  BatchV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  Watch,
  makeInformer,
} from "@kubernetes/client-node";
import { expect } from "chai";
import { must } from "../../../operator/assert.ts";
import { configMaps } from "./kinds/plain.ts";
import type { Fields, KubeObject } from "./object.ts";
import { at, fieldsAt, listAt, textAt } from "./object.ts";
import type { ApiServer } from "./server.ts";
import { startApiServer } from "./server.ts";
import { job, thingDefinition } from "./testing/cluster.ts";
import { MAPS, THINGS, caller } from "./testing/http.ts";

describe("API server over HTTP", () => {
  let server: ApiServer;
  const aborts: AbortController[] = [];
  beforeEach(async () => {
    server = await startApiServer({ crds: [thingDefinition()] });
  });
  afterEach(async () => {
    aborts.splice(0).forEach((abort) => abort.abort());
    await server.stop();
    expect(server.problems).to.deep.equal([]);
  });

  const { call, patch } = caller(() => server.url);
  const config = (): KubeConfig => {
    const kube = new KubeConfig();
    kube.loadFromClusterAndUser(
      { name: "c", server: server.url, skipTLSVerify: true },
      { name: "u" },
    );
    return kube;
  };
  const make = (name: string, rest: Fields = {}): KubeObject =>
    server.registry.create(configMaps, "default", { metadata: { name, ...rest } });

  describe("reads", () => {
    it("discovers", async () => {
      expect((await call("GET", "/api")).body["versions"]).to.deep.equal(["v1"]);
      const groups = listAt((await call("GET", "/apis")).body, "groups").map((g) =>
        textAt(g, "name"),
      );
      expect(groups).to.include.members(["batch", "apiextensions.k8s.io", "example.com"]);
      const things = listAt((await call("GET", "/apis/example.com/v1")).body, "resources");
      expect(things.map((r) => textAt(r, "name"))).to.deep.equal(["things", "things/status"]);
      expect((await call("GET", "/version")).body["gitVersion"]).to.match(/^v1\.\d+/);
      expect((await fetch(`${server.url}/readyz`)).status).to.equal(200);
    });

    it("knows what it does not know", async () => {
      const { code, body } = await call("GET", "/api/v1/namespaces/default/things");
      expect([code, body["reason"]]).to.deep.equal([404, "NotFound"]);
      for (const path of ["/apis/no.such/v1/things", "/other"]) {
        const response = await fetch(server.url + path);
        expect([response.status, await response.text()]).to.deep.equal([
          404,
          "404 page not found\n",
        ]);
      }
      expect((await call("PUT", MAPS, {})).code).to.equal(405);
      expect(
        (await call("POST", MAPS, {}, { "content-type": "application/vnd.kubernetes.protobuf" }))
          .code,
      ).to.equal(415);
    });

    it("lists in pages of one moment, which expire", async () => {
      for (const name of ["a", "b", "c"]) make(name);
      const first = (await call("GET", `${MAPS}?limit=2`)).body;
      expect(listAt(first, "items").map(nameOf)).to.deep.equal(["a", "b"]);
      expect(at(first, "metadata", "remainingItemCount")).to.equal(1);
      make("bb");
      await call("DELETE", `${MAPS}/c`);
      const token = must(textAt(first, "metadata", "continue"));
      const second = (await call("GET", `${MAPS}?limit=2&continue=${token}`)).body;
      expect(listAt(second, "items").map(nameOf)).to.deep.equal(["c"]);
      server.compact();
      const late = await call("GET", `${MAPS}?limit=2&continue=${token}`);
      expect([late.code, late.body["reason"]]).to.deep.equal([410, "Expired"]);
    });

    it("lists as of a resourceVersion, while that is known", async () => {
      const { resourceVersion } = make("a").metadata;
      make("b");
      const path = `${MAPS}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`;
      expect(listAt((await call("GET", path)).body, "items").map(nameOf)).to.deep.equal(["a"]);
      server.compact();
      expect((await call("GET", path)).code).to.equal(410);
      expect(
        listAt((await call("GET", `${MAPS}?resourceVersion=0`)).body, "items").length,
      ).to.equal(2);
    });

    it("selects by labels and fields", async () => {
      make("a", { labels: { x: "1" } });
      make("b", { labels: { x: "2" } });
      const of = async (query: string) =>
        listAt((await call("GET", `${MAPS}?${query}`)).body, "items").map(nameOf);
      expect(await of("labelSelector=x%3D1")).to.deep.equal(["a"]);
      expect(await of("fieldSelector=metadata.name%3Db")).to.deep.equal(["b"]);
      expect((await call("GET", `${MAPS}?fieldSelector=spec.x%3D1`)).code).to.equal(400);
    });

    it("draws tables with the columns of a definition", async () => {
      const thing = { metadata: { name: "t" }, spec: { size: 3 } };
      await call("POST", THINGS, thing);
      const conditions = [{ type: "Ready", status: "True", reason: "Fine" }];
      await patch(`${THINGS}/t/status`, { status: { conditions } }, "application/merge-patch+json");
      const table = (
        await call("GET", THINGS, undefined, {
          accept: "application/json;as=Table;g=meta.k8s.io;v=v1",
        })
      ).body;
      expect(table["kind"]).to.equal("Table");
      expect(listAt(table, "columnDefinitions").map((c) => textAt(c, "name"))).to.deep.equal([
        "Name",
        "Size",
        "Reason",
        "Age",
      ]);
      const [name, size, reason, age] = listAt(listAt(table, "rows")[0], "cells");
      expect([name, size, reason]).to.deep.equal(["t", 3, "Fine"]);
      // Times are whole seconds: a moment after its creation a thing may be 1 s old.
      expect(age).to.match(/^\d+s$/);
      expect(at(table, "rows", 0, "object", "kind")).to.equal("PartialObjectMetadata");
    });

    it("shows an event in both its shapes", async () => {
      const event = {
        metadata: { name: "e" },
        regarding: { kind: "Pod", name: "p", namespace: "default" },
        reason: "R",
        note: "said",
        type: "Normal",
        reportingController: "c",
        action: "A",
      };
      await call("POST", "/apis/events.k8s.io/v1/namespaces/default/events", event);
      const core = await call(
        "GET",
        "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dp,reason%3DR",
      );
      expect(listAt(core.body, "items")[0]).to.deep.include({
        message: "said",
        reportingComponent: "c",
      });
      const back = await call("GET", "/apis/events.k8s.io/v1/namespaces/default/events/e");
      expect(back.body).to.deep.include({ note: "said", apiVersion: "events.k8s.io/v1" });
    });
  });

  describe("writes", () => {
    it("takes each kind of patch where it belongs", async () => {
      await call("POST", THINGS, { metadata: { name: "t" }, spec: { size: 1 } });
      const merged = await patch(
        `${THINGS}/t`,
        { spec: { size: 2 } },
        "application/merge-patch+json",
      );
      expect(at(merged.body, "spec", "size")).to.equal(2);
      const tested = [
        { op: "test", path: "/spec/size", value: 2 },
        { op: "replace", path: "/spec/size", value: 3 },
      ];
      expect(
        at(
          (await patch(`${THINGS}/t`, tested, "application/json-patch+json")).body,
          "spec",
          "size",
        ),
      ).to.equal(3);
      expect((await patch(`${THINGS}/t`, tested, "application/json-patch+json")).code).to.equal(
        422,
      );
      expect(
        (await patch(`${THINGS}/t`, {}, "application/strategic-merge-patch+json")).code,
      ).to.equal(415);
      const stale = { metadata: { resourceVersion: "1" }, spec: { size: 4 } };
      expect((await patch(`${THINGS}/t`, stale, "application/merge-patch+json")).code).to.equal(
        409,
      );
      expect((await patch(`${THINGS}/no`, {}, "application/merge-patch+json")).code).to.equal(404);
    });

    it("applies: makes, sets what is given, and takes back what the same manager no longer gives", async () => {
      const apply = (name: string, body: Fields, manager = "m") =>
        patch(
          `${THINGS}/${name}?fieldManager=${manager}&force=true`,
          body,
          "application/apply-patch+yaml",
        );
      const whole = {
        apiVersion: "example.com/v1",
        kind: "Thing",
        spec: { size: 1, name: "a", parts: [{ name: "x" }, { name: "y" }] },
      };
      expect((await apply("t", whole)).code).to.equal(201);
      await apply("t", { metadata: { labels: { mine: "1" } } }, "other");
      const second = await apply("t", {
        ...whole,
        spec: { size: 2, parts: [{ name: "y", count: 5 }] },
      });
      expect(second.code).to.equal(200);
      expect(second.body["spec"]).to.deep.equal({
        size: 2,
        color: "red",
        parts: [{ name: "y", count: 5 }],
      });
      expect(at(second.body, "metadata", "labels")).to.deep.equal({ mine: "1" });
      const again = await apply("t", {
        ...whole,
        spec: { size: 2, parts: [{ name: "y", count: 5 }] },
      });
      expect(at(again.body, "metadata", "resourceVersion")).to.equal(
        at(second.body, "metadata", "resourceVersion"),
      );
      expect((await patch(`${THINGS}/t`, whole, "application/apply-patch+yaml")).code).to.equal(
        400,
      );
    });

    it("honours dryRun in every write", async () => {
      make("a");
      expect((await call("POST", `${MAPS}?dryRun=All`, { metadata: { name: "b" } })).code).to.equal(
        201,
      );
      await patch(`${MAPS}/a?dryRun=All`, { data: { x: "1" } }, "application/merge-patch+json");
      await call("DELETE", `${MAPS}/a?dryRun=All`);
      expect(
        server.registry.store.list("configmaps").map((o) => [o.metadata.name, o["data"]]),
      ).to.deep.equal([["a", undefined]]);
    });

    it("warns of unknown fields, and of pods that a Job leaves behind", async () => {
      const odd = await call("POST", THINGS, {
        metadata: { name: "t" },
        spec: { size: 1, sise: 1 },
      });
      expect(odd.warning).to.contain('unknown field \\"spec.sise\\"');
      await call("POST", "/apis/batch/v1/namespaces/default/jobs", job("j"));
      const gone = await call("DELETE", "/apis/batch/v1/namespaces/default/jobs/j");
      expect(gone.warning).to.contain("child pods are preserved by default");
    });

    it("deletes collections by selector", async () => {
      make("a", { labels: { x: "1" } });
      make("b");
      await call("DELETE", `${MAPS}?labelSelector=x`);
      expect(server.registry.store.list("configmaps").map((o) => o.metadata.name)).to.deep.equal([
        "b",
      ]);
    });

    it("refuses bodies that are too large", async () => {
      const large = { metadata: { name: "a" }, data: { x: "x".repeat(3 * 1024 * 1024) } };
      expect((await call("POST", MAPS, large)).code).to.equal(413);
    });
  });

  describe("@kubernetes/client-node", () => {
    it("writes, reads and deletes", async () => {
      const core = config().makeApiClient(CoreV1Api);
      await core.createNamespace({ body: { metadata: { name: "x" } } });
      await core.createNamespacedConfigMap({
        namespace: "x",
        body: { metadata: { name: "a" }, data: { k: "v" } },
      });
      const read = await core.readNamespacedConfigMap({ namespace: "x", name: "a" });
      expect(read.data).to.deep.equal({ k: "v" });
      expect(read.metadata?.creationTimestamp).to.be.instanceOf(Date);
      const error = await core
        .readNamespacedPod({ namespace: "x", name: "no" })
        .catch((e: { code: number }) => e);
      expect(error).to.have.property("code", 404);
      await core.deleteNamespace({ name: "x" });
    });

    it("deletes a Job with its pods", async () => {
      const batch = config().makeApiClient(BatchV1Api);
      await batch.createNamespacedJob({ namespace: "default", body: job("j") });
      await batch.deleteNamespacedJob({
        namespace: "default",
        name: "j",
        propagationPolicy: "Background",
      });
      expect((await batch.listNamespacedJob({ namespace: "default" })).items).to.deep.equal([]);
    });

    it("handles custom objects and their status", async () => {
      const api = config().makeApiClient(CustomObjectsApi);
      const of = { group: "example.com", version: "v1", namespace: "default", plural: "things" };
      await api.createNamespacedCustomObject({
        ...of,
        body: { metadata: { name: "t" }, spec: { size: 1 } },
      });
      const made = (await api.getNamespacedCustomObject({ ...of, name: "t" })) as Fields;
      const body = { ...made, status: { phase: "Fine" } };
      const answered = (await api.replaceNamespacedCustomObjectStatus({
        ...of,
        name: "t",
        body,
      })) as Fields;
      expect(fieldsAt(answered, "status")["phase"]).to.equal("Fine");
    });

    it("watches, and its informer follows", async () => {
      const core = config().makeApiClient(CoreV1Api);
      const list = () => core.listNamespacedConfigMap({ namespace: "default" });
      const informer = makeInformer(config(), MAPS, list);
      const added = new Promise<string | undefined>((resolve) => {
        informer.on("add", (object) => resolve(object.metadata?.name));
      });
      await informer.start();
      make("late");
      expect(await added).to.equal("late");
      await informer.stop();
      const seen = new Promise<string>((resolve, reject) => {
        const { resourceVersion } = make("b").metadata;
        new Watch(config())
          .watch(
            MAPS,
            { resourceVersion },
            (type: string) => resolve(type),
            () => {},
          )
          .then((abort) => aborts.push(abort))
          .then(() => make("c"))
          .catch(reject);
      });
      expect(await seen).to.equal("ADDED");
    });
  });

  it("listens on loopback addresses alone", async () => {
    const error = await startApiServer({ host: "0.0.0.0" }).catch((e: Error) => e.message);
    expect(error).to.contain("loopback addresses alone");
  });
});

function nameOf(object: unknown): string | undefined {
  return textAt(object, "metadata", "name");
}
