// A StarRocksCluster of the StarRocks operator, as far as it is read: how its FEs are reached. Two reads each time, of
// the resource and of its FE Service; no informer, so that a cluster without that operator costs nothing and one that
// is installed later is seen (docs/adr/0018-starrocks-by-name-and-outside.md).
//
// What is known of it: starrocks-kubernetes-operator v1.9.7 and its main branch since, `pkg/apis/starrocks/v1` and
// `pkg/common/resource_utils/service.go`. The resource tells its FE Service's name in its status and no port, which
// may come from the FE's ConfigMap or from `service.ports`; the Service has it under the name `query` in any case.
import type { Repository } from "../api/repository.generated.ts";
import { must } from "../assert.ts";
import { isApiError } from "../runtime/api.ts";
import type { Api, Kind, KubernetesObject, ObjectKey } from "../runtime/api.ts";
import { SERVICES } from "../runtime/objects.ts";
import type { Service } from "../runtime/objects.ts";
import { FrontendError } from "../starrocks/frontend.ts";
import type { FrontendReason } from "../starrocks/frontend.ts";

/** The fields we read (`StarRocksClusterStatus`). */
export interface StarRocksCluster extends KubernetesObject {
  readonly status?: {
    /** `running`, `reconciling` or `failed`. For people: nothing is decided by it. */
    readonly phase?: string;
    readonly starRocksFeStatus?: {
      readonly phase?: string;
      /** Of the Service with the port `query`; absent until the operator made it. */
      readonly serviceName?: string;
    };
  };
}

export const STARROCKS_CLUSTERS: Kind<StarRocksCluster> = {
  apiVersion: "starrocks.com/v1",
  kind: "StarRocksCluster",
  plural: "starrocksclusters",
  namespaced: true,
};

export interface ClusterAddress {
  /** `host:port` of the FE Service. */
  readonly frontend: string;
  /** Where that comes from and how it is, for who reads that no FE answers there. */
  readonly told: string;
}

type Reference = NonNullable<Repository["spec"]["cluster"]["starRocksCluster"]>;

const QUERY_PORT_NAME = "query";

/** Rejects with a FrontendError that says what a person can do; with others what Kubernetes' API rejects with. */
export async function resolveCluster(
  api: Api,
  { name, namespace }: Required<Reference>,
): Promise<ClusterAddress> {
  const key = { namespace, name };
  const cluster = await readCluster(api, key);
  const { status } = cluster;
  const feName = status?.starRocksFeStatus?.serviceName ?? `${name}-fe-service`;
  const service = await read(api, SERVICES, { namespace, name: feName });
  const frontend = service && addressOf(service);
  const told = `StarRocksCluster ${namespace}/${name}, which is ${phaseOf(cluster)}`;
  if (frontend !== undefined) return { frontend, told: `Service ${feName} of ${told}` };
  const what = service === undefined ? "does not exist" : `has no port named ${QUERY_PORT_NAME}`;
  const isMade = status?.starRocksFeStatus?.phase === "running";
  throw isMade
    ? refusal(
        "FrontendServiceMissing",
        `the FE Service ${namespace}/${feName} of ${told}, ${what}: the StarRocks operator makes it, look at its log; or name an address in cluster.frontends`,
      )
    : refusal("ClusterNotReady", `${told}, has no FE Service yet: ${feName} ${what}`);
}

/** The name and namespace that a Repository's reference means. */
export function referenceOf({ metadata, spec }: Repository): Required<Reference> | undefined {
  const reference = spec.cluster.starRocksCluster;
  return reference && { namespace: must(metadata.namespace), ...reference };
}

function phaseOf({ status }: StarRocksCluster): string {
  const { phase, starRocksFeStatus } = status ?? {};
  const fe = starRocksFeStatus?.phase;
  return fe === undefined || fe === phase ? (phase ?? "not begun") : `${phase} (its FEs: ${fe})`;
}

/** The ClusterIP: it can be reached from where cluster names are not resolved, and stays as long as the Service does. */
function addressOf({ metadata, spec }: Service): string | undefined {
  const port = spec?.ports?.find((one) => one.name === QUERY_PORT_NAME)?.port;
  if (port === undefined) return undefined;
  const ip = spec?.clusterIP;
  if (ip === undefined || ip === "" || ip === "None") {
    return `${metadata.name}.${must(metadata.namespace)}.svc:${port}`;
  }
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

async function readCluster(api: Api, key: Required<Reference>): Promise<StarRocksCluster> {
  const which = `StarRocksCluster ${key.namespace}/${key.name}`;
  try {
    const cluster = await read(api, STARROCKS_CLUSTERS, key);
    if (cluster !== undefined) return cluster;
  } catch (error) {
    if (!isApiError(error, "UnknownResource")) throw error;
    throw refusal(
      "StarRocksOperatorMissing",
      `this Kubernetes knows no StarRocksCluster (starrocks.com/v1), so there is no ${which}: install the StarRocks operator, or name addresses in cluster.frontends`,
    );
  }
  throw refusal(
    "ClusterNotFound",
    `${which} does not exist: make it, or correct cluster.starRocksCluster (its namespace is the Repository's own unless it is said)`,
  );
}

async function read<T extends KubernetesObject>(
  api: Api,
  kind: Kind<T>,
  key: ObjectKey,
): Promise<T | undefined> {
  try {
    return await api.get(kind, key);
  } catch (error) {
    if (!isApiError(error, "Forbidden")) throw error;
    throw refusal(
      "ClusterForbidden",
      `the operator may not read ${kind.plural} in namespace ${key.namespace}: add that namespace to its --starrocks-namespaces, or name addresses in cluster.frontends`,
    );
  }
}

/** What heals without a change of the Repository, its StarRocks operator or rights is waited for. */
const HEALS: ReadonlySet<FrontendReason> = new Set<FrontendReason>(["ClusterNotReady"]);

function refusal(reason: FrontendReason, message: string): FrontendError {
  return new FrontendError(reason, HEALS.has(reason), message);
}
