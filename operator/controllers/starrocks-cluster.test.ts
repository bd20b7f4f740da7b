// What a StarRocksCluster tells of its FEs, and what is said where it tells nothing.
import { expect } from "chai";
import { ApiError } from "../runtime/api.ts";
import { SERVICES } from "../runtime/objects.ts";
import type { Service } from "../runtime/objects.ts";
import { MemoryApi } from "../runtime/testing/memory-api.ts";
import { STARROCKS_CLUSTERS, referenceOf, resolveCluster } from "./starrocks-cluster.ts";
import type { StarRocksCluster } from "./starrocks-cluster.ts";
import { repository } from "./testing/samples.ts";

const KEY = { namespace: "starrocks", name: "prod" };
const RUNNING = { phase: "running", starRocksFeStatus: { phase: "running" } };

function cluster(status?: StarRocksCluster["status"]): StarRocksCluster {
  const { apiVersion, kind } = STARROCKS_CLUSTERS;
  return { apiVersion, kind, metadata: KEY, ...(status && { status }) };
}

function service(spec: Service["spec"] = {}, name = "prod-fe-service"): Service {
  const ports = [
    { name: "http", port: 8030 },
    { name: "query", port: 9030 },
  ];
  const metadata = { ...KEY, name };
  return { apiVersion: "v1", kind: "Service", metadata, spec: { ports, ...spec } };
}

describe("resolveCluster", () => {
  const FOUND: readonly (readonly [string, StarRocksCluster, Service, string])[] = [
    [
      "the Service by its usual name",
      cluster(RUNNING),
      service({ clusterIP: "10.96.0.7" }),
      "10.96.0.7:9030",
    ],
    [
      "the Service that the status names",
      cluster({ ...RUNNING, starRocksFeStatus: { serviceName: "sql" } }),
      service({ clusterIP: "10.96.0.8" }, "sql"),
      "10.96.0.8:9030",
    ],
    [
      "another query port",
      cluster(RUNNING),
      service({ clusterIP: "10.96.0.7", ports: [{ name: "query", port: 19_030 }] }),
      "10.96.0.7:19030",
    ],
    ["an address of IPv6", cluster(RUNNING), service({ clusterIP: "fd00::7" }), "[fd00::7]:9030"],
    [
      "a headless Service by its name",
      cluster(RUNNING),
      service({ clusterIP: "None" }),
      "prod-fe-service.starrocks.svc:9030",
    ],
    [
      "FEs of a cluster that is not running: whether they answer is theirs to say",
      cluster({ phase: "failed", starRocksFeStatus: { phase: "reconciling" } }),
      service({ clusterIP: "10.96.0.7" }),
      "10.96.0.7:9030",
    ],
  ];
  for (const [name, resource, made, frontend] of FOUND) {
    it(`finds ${name}`, async () => {
      const api = new MemoryApi();
      api.seed(STARROCKS_CLUSTERS, resource);
      api.seed(SERVICES, made);
      expect((await resolveCluster(api, KEY)).frontend).to.equal(frontend);
    });
  }

  const refusalOf = async (api: MemoryApi): Promise<unknown> =>
    await resolveCluster(api, KEY).catch((error: unknown) => error);

  const LOST: readonly (readonly [string, object, RegExp, (api: MemoryApi) => void])[] = [
    [
      "a Kubernetes without the StarRocks operator",
      { reason: "StarRocksOperatorMissing", heals: false },
      /install the StarRocks operator, or name addresses in cluster.frontends$/,
      (api) => api.failNext({ error: new ApiError(404, "UnknownResource", "404 page not found") }),
    ],
    [
      "a name that nobody has",
      { reason: "ClusterNotFound", heals: false },
      /^StarRocksCluster starrocks\/prod does not exist: make it, or correct/,
      () => {},
    ],
    [
      "a namespace that may not be read",
      { reason: "ClusterForbidden", heals: false },
      /may not read starrocksclusters in namespace starrocks: add that namespace to its --starrocks-namespaces/,
      (api) => api.failNext({ error: new ApiError(403, "Forbidden", "no") }),
    ],
    [
      "a Service that may not be read",
      { reason: "ClusterForbidden", heals: false },
      /may not read services in namespace starrocks/,
      (api) => {
        api.seed(STARROCKS_CLUSTERS, cluster(RUNNING));
        api.failNext({ kind: "Service", error: new ApiError(403, "Forbidden", "no") });
      },
    ],
    [
      "a cluster that is being made",
      { reason: "ClusterNotReady", heals: true },
      /^StarRocksCluster starrocks\/prod, which is reconciling, has no FE Service yet/,
      (api) => {
        api.seed(STARROCKS_CLUSTERS, cluster({ phase: "reconciling" }));
      },
    ],
    [
      "a cluster that its operator has not seen yet",
      { reason: "ClusterNotReady", heals: true },
      /which is not begun, has no FE Service yet/,
      (api) => {
        api.seed(STARROCKS_CLUSTERS, cluster());
      },
    ],
    [
      "a Service that was deleted",
      { reason: "FrontendServiceMissing", heals: false },
      /^the FE Service starrocks\/prod-fe-service of StarRocksCluster .* does not exist/,
      (api) => {
        api.seed(STARROCKS_CLUSTERS, cluster(RUNNING));
      },
    ],
    [
      "a Service without the port",
      { reason: "FrontendServiceMissing", heals: false },
      /has no port named query/,
      (api) => {
        api.seed(STARROCKS_CLUSTERS, cluster(RUNNING));
        api.seed(SERVICES, service({ ports: [{ name: "http", port: 8030 }] }));
      },
    ],
  ];
  for (const [name, expected, message, arrange] of LOST) {
    it(`tells of ${name}`, async () => {
      const api = new MemoryApi();
      arrange(api);
      const error = await refusalOf(api);
      expect(error).to.include(expected);
      expect((error as Error).message).to.match(message);
    });
  }

  it("leaves other troubles of the API server to who repeats them", async () => {
    const api = new MemoryApi();
    const error = new ApiError(500, "InternalError", "etcd");
    api.failNext({ error });
    expect(await refusalOf(api)).to.equal(error);
  });
});

describe("referenceOf", () => {
  const credentialsSecret = { name: "user" };
  it("means the Repository's own namespace unless another is said", () => {
    const named = (starRocksCluster: { name: string; namespace?: string }) =>
      referenceOf(repository({ cluster: { credentialsSecret, starRocksCluster } }));
    expect(named({ name: "prod" })).to.deep.equal({ name: "prod", namespace: "ops" });
    expect(named(KEY)).to.deep.equal(KEY);
  });

  it("is nothing where addresses are named", () => {
    expect(referenceOf(repository())).to.equal(undefined);
  });
});
