// The client and the mirror against the API server itself: what a gap hides must be found.
import { expect } from "chai";
import { isApiError } from "../../operator/runtime/api.ts";
import { must } from "../../operator/assert.ts";
import { configMaps } from "./api/kinds/plain.ts";
import { startApiServer, type ApiServer } from "./api/server.ts";
import { KubernetesClient } from "./client.ts";
import { CONFIG_MAP, NODE, POD, type DataObject } from "./core.ts";
import { Mirror } from "./mirror.ts";
import { eventually } from "./testing/clusters.ts";

describe("the harness's client", () => {
  let server: ApiServer;
  let client: KubernetesClient;

  beforeEach(async () => {
    server = await startApiServer();
    client = new KubernetesClient(server.url);
  });
  afterEach(() => server.stop());

  const settings = (name: string, text: string, labels = {}): DataObject => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "default", labels },
    data: { text },
  });
  const key = (name: string) => ({ namespace: "default", name });

  it("makes, reads, changes and deletes", async () => {
    expect(await client.get(CONFIG_MAP, key("a"))).to.equal(undefined);
    const made = await client.create(CONFIG_MAP, settings("a", "1"));
    expect(made.metadata.uid).to.be.a("string");
    await client.patch(CONFIG_MAP, key("a"), { data: { more: "2" } });
    expect((await client.get(CONFIG_MAP, key("a")))?.data).to.deep.equal({ text: "1", more: "2" });
    await client.apply(CONFIG_MAP, settings("a", "3"));
    expect((await client.get(CONFIG_MAP, key("a")))?.data?.["text"]).to.equal("3");
    await client.delete(CONFIG_MAP, key("a"));
    await client.delete(CONFIG_MAP, key("a"));
    expect(await client.get(CONFIG_MAP, key("a"))).to.equal(undefined);
  });

  it("lists by label, in pages, with kinds", async () => {
    for (const name of ["a", "b", "c"]) {
      await client.create(CONFIG_MAP, settings(name, name, { odd: String(name !== "b") }));
    }
    const odd = await client.list(CONFIG_MAP, { labelSelector: "odd=true", namespace: "default" });
    expect(odd.items.map((o) => o.metadata.name)).to.deep.equal(["a", "c"]);
    expect(odd.items[0]).to.include({ apiVersion: "v1", kind: "ConfigMap" });
    const first = await client.list(CONFIG_MAP, { limit: 2, namespace: "default" });
    const { continueFrom = "" } = first;
    const rest = await client.list(CONFIG_MAP, { continueFrom, limit: 2, namespace: "default" });
    expect([first.items.length, rest.items.length]).to.deep.equal([2, 1]);
  });

  it("says why it was refused", async () => {
    await client.create(CONFIG_MAP, settings("a", "1"));
    const again = await client.create(CONFIG_MAP, settings("a", "1")).catch((e: unknown) => e);
    expect(isApiError(again, "AlreadyExists")).to.equal(true);
    const old = { resourceVersion: "1" };
    const late = await client.patch(CONFIG_MAP, key("a"), {}, old).catch((e: unknown) => e);
    expect(isApiError(late, "Conflict")).to.equal(true);
  });

  it("finds kinds by discovery", async () => {
    expect(await client.kindOf("v1", "Pod")).to.deep.equal({ ...POD, plural: "pods" });
    expect(await client.kindOf("v1", "Node")).to.deep.equal(NODE);
    expect(await client.kindOf("batch/v1", "Job")).to.include({ plural: "jobs", namespaced: true });
    const error = await client.kindOf("v1", "Sheep").catch(String);
    expect(error).to.contain("the server knows no Sheep in v1");
  });

  it("ends a watch from a version that is too old as Expired", async () => {
    const { resourceVersion } = await client.list(CONFIG_MAP);
    await client.create(CONFIG_MAP, settings("a", "1"));
    server.compact();
    const watch = { resourceVersion, signal: AbortSignal.timeout(30_000) };
    const error = await (async () => {
      for await (const event of client.watch(CONFIG_MAP, watch)) return event;
      return "ended";
    })().catch((e: unknown) => e);
    expect(isApiError(error, "Expired")).to.equal(true);
  });

  it("mirrors objects, also what changed while the server was away", async () => {
    const life = new AbortController();
    const seen: string[] = [];
    await client.create(CONFIG_MAP, settings("old", "1"));
    await client.create(CONFIG_MAP, settings("same", "1"));
    const mirror = new Mirror({
      client,
      kind: CONFIG_MAP,
      selection: { namespace: "default" },
      changed: ({ metadata, data }, gone) =>
        seen.push(`${metadata.name} ${gone ? "gone" : (data?.["text"] ?? "")}`),
      signal: life.signal,
    });
    await mirror.synced;
    expect(seen.splice(0).sort()).to.deep.equal(["old 1", "same 1"]);
    await client.create(CONFIG_MAP, settings("new", "1"));
    await eventually(() => seen.length === 1);
    expect(seen.splice(0)).to.deep.equal(["new 1"]);

    // Nobody is told of these: there is no server, and no history when it is back.
    await server.restart(async () => {
      const { registry } = server;
      const { store } = registry;
      store.remove("configmaps", must(registry.find(configMaps, "default", "old")));
      registry.create(configMaps, "default", settings("missed", "1"));
      store.compact();
    });
    await eventually(() => seen.length === 2);
    expect(seen).to.deep.equal(["old gone", "missed 1"]);
    expect([...mirror.objects.keys()].sort()).to.deep.equal([
      "default/missed",
      "default/new",
      "default/same",
    ]);
    life.abort();
    await mirror.ended;
  });
});
