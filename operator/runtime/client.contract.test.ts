// client.ts keeps the contract on the embedded API server, and an informer follows it through a restart.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { startApiServer } from "../../e2e/kubernetes/api/server.ts";
import type { ApiServer } from "../../e2e/kubernetes/api/server.ts";
import { kubeconfig } from "../../e2e/kubernetes/kubeconfig.ts";
import { systemClock, systemRandom } from "../clock.ts";
import { TransientError } from "../errors.ts";
import { silentLog } from "../log.ts";
import type { Client } from "./client.ts";
import { openApi } from "./client.ts";
import { Informer } from "./informer.ts";
import { RuntimeMetrics } from "./metrics.ts";
import { LEASES, NAMESPACES } from "./objects.ts";
import { describeApi } from "./testing/api-contract.ts";
import { lease } from "./testing/world.ts";

interface Cluster {
  readonly server: ApiServer;
  readonly api: Client;
  readonly namespace: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

async function start(): Promise<Cluster> {
  // Without its controllers: they would write to the Jobs of the tests, too.
  const server = await startApiServer({ controllers: false });
  const folder = await mkdtemp(join(tmpdir(), "contract-"));
  const path = join(folder, "kubeconfig");
  await writeFile(path, kubeconfig(server.url));
  const api = openApi({
    kubeconfig: path,
    userAgent: "test/1",
    fieldManager: "tester",
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    metrics: new RuntimeMetrics(),
    rateLimit: { perSecond: 1000, burst: 1000 },
  });
  let namespaces = 0;
  return {
    server,
    api,
    namespace: async () => {
      const name = `test-${(namespaces += 1)}`;
      await api.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
      return name;
    },
    stop: async () => {
      api.close();
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}

async function insist(call: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await call();
      return;
    } catch (error) {
      if (tries >= 20 || !(error instanceof TransientError)) throw error;
    }
  }
}

describeApi("openApi on the embedded API server", async () => {
  const { api, namespace, stop } = await start();
  return { api, namespace, close: stop };
});

describe("Informer on the embedded API server", () => {
  it("misses nothing over a restart of the server", async () => {
    const { server, api, namespace, stop } = await start();
    const n = await namespace();
    const stopInformer = new AbortController();
    const metrics = new RuntimeMetrics();
    const deps = { api, clock: systemClock, random: systemRandom, log: silentLog, metrics };
    const informer = new Informer(deps, LEASES, { namespaces: [n] });
    const running = informer.run(stopInformer.signal);
    /** Resolves when the store holds exactly these. */
    const until = (names: string) =>
      new Promise<void>((resolve) => {
        const look = () => {
          const there = informer.store.list().map(({ metadata }) => metadata.name);
          if (there.sort().join() === names) resolve();
        };
        informer.subscribe(look);
        look();
      });
    const make = (name: string) => api.create(LEASES, lease(name, { namespace: n }));
    await make("a");
    await informer.synced;
    await make("b");
    await until("a,b");
    await server.restart();
    // Writes over the dead connections fail and are ours to repeat.
    await insist(() => api.delete(LEASES, { namespace: n, name: "a" }));
    await insist(() => make("c"));
    await until("b,c");
    expect(informer.store.get({ namespace: n, name: "c" })?.kind).to.equal("Lease");
    stopInformer.abort(new Error("stop"));
    await running;
    await stop();
  });
});
