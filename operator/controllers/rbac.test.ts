// The declared rights are enough for whole lives where some namespaces alone are watched, no call leaves them, and there
// is none that nothing needs.
import { expect } from "chai";
import { BACKUP, REPOSITORY, RESTORE } from "../api/kinds.ts";
import { must } from "../assert.ts";
import { silentLog } from "../log.ts";
import { isApiError, type Api, type KubernetesObject } from "../runtime/api.ts";
import { createIfAbsent } from "../runtime/apply.ts";
import { EventRecorder } from "../runtime/events.ts";
import { Leader } from "../runtime/leader.ts";
import { RuntimeMetrics } from "../runtime/metrics.ts";
import { JOBS, NAMESPACES, SERVICES } from "../runtime/objects.ts";
import { observeOrLetGo } from "./lost-rights.ts";
import { readMountKey } from "./mount-key.ts";
import { LEASE_NAME } from "./names.ts";
import { observeReferences } from "./repository/observe-references.ts";
import { STARROCKS_CLUSTERS, resolveCluster } from "./starrocks-cluster.ts";
import { guardedApi, rightsNotNeeded, type Call, type Territory } from "./testing/guarded-api.ts";
import { phaseOf, putBackup, putRestore } from "./testing/lives.ts";
import { runOperator, type RunningOperator } from "./testing/operator.ts";
import { backup, repository, restore } from "./testing/samples.ts";
import { World } from "./testing/world.ts";
import { whereabouts } from "./whereabouts.ts";

describe("rights in watched namespaces alone", () => {
  const TERRITORY: Territory = {
    own: "system",
    watched: ["ops", "more"],
    starRocks: ["ops", "more", "starrocks"],
  };
  const calls: [Call, Territory][] = [];
  let world: World;
  let refused: string[];
  let api: Api;

  const guarded = (territory: Territory): Api => guardedApi(world.api, territory, refused, calls);

  beforeEach(() => {
    refused = [];
    world = new World({ starrocks: { databases: { shop: [{ name: "orders" }] } } });
    api = guarded(TERRITORY);
  });

  describe("in a life", () => {
    let operator: RunningOperator;

    beforeEach(() => {
      operator = runOperator(world, {
        api,
        namespaces: TERRITORY.watched,
        starRocksNamespaces: TERRITORY.starRocks,
      });
      world.put(REPOSITORY, repository({}, { meta: { finalizers: [] } }));
    });

    afterEach(() => operator.stop());

    it("suffice for a Repository, a Backup and a Restore, to their ends and deletions", async () => {
      await operator.until(() => world.get(REPOSITORY, "prod")?.status?.phase === "READY", "Ready");
      putBackup(world);
      await operator.until(() => phaseOf(world, "Backup", "nightly") === "FINISHED", "the Backup");
      world.starrocks.world.databases.get("shop")?.delete("orders");
      putRestore(world, { tables: [{ name: "orders" }] });
      await operator.until(() => phaseOf(world, "Restore", "again") === "FINISHED", "the Restore");
      await world.delete(RESTORE, "again");
      await operator.until(() => world.get(RESTORE, "again") === undefined, "the Restore's end");
      await world.delete(BACKUP, "nightly");
      await operator.until(() => world.get(BACKUP, "nightly") === undefined, "the Backup's end");
      await world.delete(REPOSITORY, "prod");
      await operator.until(() => world.get(REPOSITORY, "prod") === undefined, "the end of it");
      expect(refused).to.deep.equal([]);
    });
  });

  describe("of what a life does not meet", () => {
    afterEach(() => {
      expect(refused).to.deep.equal([]);
    });

    it("suffice to lead, and to keep a key", async () => {
      const deps = { clock: world.clock, log: silentLog, random: () => 1 };
      const leader = new Leader(
        { ...deps, api, metrics: new RuntimeMetrics() },
        { namespace: "system", name: LEASE_NAME, identity: "a" },
      );
      const end = new AbortController();
      const running = leader.run(end.signal);
      await world.clock.advance(20_000);
      end.abort(new Error("the test is over"));
      await running;
      await readMountKey(api, "system");
    });

    it("suffice to tell what happens", async () => {
      const recorder = new EventRecorder({
        api,
        clock: world.clock,
        log: silentLog,
        random: () => 1,
        metrics: new RuntimeMetrics(),
        component: "operator",
        instance: "pod-1",
      });
      const event = { type: "Normal", reason: "Ready", message: "it is" } as const;
      for (const _ of [1, 2]) {
        recorder.record(repository(), event);
        await recorder.flush(60_000);
      }
    });

    it("suffice to see what a Repository names", async () => {
      const certificates = { name: "authority", key: "ca.crt" };
      const named = repository({
        credentialsSecret: { name: "storage" },
        connection: { caBundle: { configMap: certificates } },
      });
      await observeReferences(api, named);
      const { apiVersion, kind } = STARROCKS_CLUSTERS;
      for (const namespace of ["ops", "starrocks"]) {
        const metadata = { namespace, name: "prod" };
        const service = { metadata: { namespace, name: "prod-fe-service" } };
        world.put(STARROCKS_CLUSTERS, { apiVersion, kind, metadata });
        const ports = [{ name: "query", port: 9030 }];
        world.put(SERVICES, { apiVersion: "v1", kind: "Service", ...service, spec: { ports } });
        await resolveCluster(api, metadata);
      }
    });

    it("suffice to find the nodes of BEs, by name and by address", async () => {
      const hosts = ["be-0.be.ops.svc", "be-0.be.starrocks.svc", "10.1.0.7"];
      const backends = hosts.map((host) => ({
        id: host,
        host,
        alive: true,
        decommissioned: false,
      }));
      const { starRocks } = TERRITORY;
      await whereabouts({ ...world.deps, api, starRocksNamespaces: starRocks }, backends);
    });

    it("suffice to see whose an object is whose name is taken", async () => {
      for (const kind of [JOBS, SERVICES]) {
        const { apiVersion } = kind;
        const taken = {
          apiVersion,
          kind: kind.kind,
          metadata: { namespace: "ops", name: "taken" },
        };
        await createIfAbsent<KubernetesObject>(api, kind, taken);
        await createIfAbsent<KubernetesObject>(api, kind, taken);
      }
    });
  });

  describe("once a namespace took its Roles along", () => {
    const LOST: Territory = { ...TERRITORY, watched: [] };
    const deletionTimestamp = "2026-01-01T00:00:00Z";

    it("suffice to let go of what is in it", async () => {
      api = guarded(LOST);
      const metadata = { name: "ops", deletionTimestamp, finalizers: ["kubernetes"] };
      world.put(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata });
      const objects = [repository(), backup(), restore()];
      for (const [i, kind] of [REPOSITORY, BACKUP, RESTORE].entries()) {
        const object = must(objects[i]);
        const key = { namespace: "ops", name: object.metadata.name };
        const deleted = { ...object, metadata: { ...object.metadata, ...key, deletionTimestamp } };
        world.put<KubernetesObject>(kind, deleted);
        const look = async (): Promise<void> => {
          const observe = async (): Promise<never> => {
            await api.list(JOBS, { namespace: "ops" });
            throw new Error("it was allowed");
          };
          await observeOrLetGo<never, KubernetesObject>(
            { api, clock: world.clock, log: silentLog },
            kind,
            key,
            observe,
          );
        };
        expect(await look().catch((error: unknown) => isApiError(error, "Forbidden"))).to.equal(
          true,
        );
        await world.clock.advance(60_000);
        await look();
        expect(world.get<KubernetesObject>(kind, key.name)).to.equal(undefined);
      }
    });
  });

  describe("of all of these", () => {
    it("are none that nothing needs", () => {
      expect(rightsNotNeeded(calls)).to.deep.equal([]);
    });
  });
});
