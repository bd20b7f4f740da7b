// What the StarRocks operator leaves in Kubernetes for a cluster, as far as ours looks at it: the resource with its
// status, and the FE Service (starrocks-kubernetes-operator v1.9.7, `BuildExternalService`, `UpdateClusterStatus`). That
// operator itself does not run here: its objects are made, and changed, by whoever tests.
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import type { Kind, KubernetesObject } from "../../operator/runtime/api.ts";

/** Names of everything that belongs to a cluster. */
export interface ClusterName {
  readonly namespace: string;
  readonly name: string;
}

export const STARROCKS_CLUSTER: Kind<KubernetesObject> = {
  apiVersion: "starrocks.com/v1",
  kind: "StarRocksCluster",
  plural: "starrocksclusters",
  namespaced: true,
};

const CRD = new URL("starrockscluster.crd.yaml", import.meta.url);

/** Its CRD, without the anchors of the file. */
export async function starRocksClusterCrd(): Promise<KubernetesObject> {
  return JSON.parse(JSON.stringify(parse(await readFile(CRD, "utf8")))) as KubernetesObject;
}

/** As a person writes it. */
export function starRocksCluster({ namespace, name }: ClusterName): KubernetesObject {
  const part = (what: string, replicas: number) => ({
    image: `starrocks/${what}-ubuntu:3.5-latest`,
    replicas,
  });
  return {
    apiVersion: STARROCKS_CLUSTER.apiVersion,
    kind: STARROCKS_CLUSTER.kind,
    metadata: { namespace, name },
    spec: { starRocksFeSpec: part("fe", 1), starRocksBeSpec: part("be", 3) },
  } as KubernetesObject;
}

/** `reconciling`: what it says first, before any Service is there. */
export function clusterStatus({ name }: ClusterName, phase: "reconciling" | "running"): object {
  const part = (what: "fe" | "be") => ({
    phase,
    serviceName: `${name}-${what}-service`,
    resourceNames: [`${name}-${what}`],
  });
  return { phase, starRocksFeStatus: part("fe"), starRocksBeStatus: part("be") };
}

/**
 * The FE Service and where it leads. The real one selects the FEs' pods; here FEs need be none, so its addresses are
 * written down.
 */
export function feService(
  { namespace, name }: ClusterName,
  frontend: { readonly host: string; readonly port: number },
  port = 9030,
): readonly KubernetesObject[] {
  const service = `${name}-fe-service`;
  const labels = {
    "app.kubernetes.io/component": "fe",
    "app.starrocks.ownerreference/name": name,
  };
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { namespace, name: service, labels },
      spec: { ports: [{ name: "query", port, targetPort: frontend.port, protocol: "TCP" }] },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        namespace,
        name: `${service}-fe`,
        labels: { ...labels, "kubernetes.io/service-name": service },
      },
      addressType: "IPv4",
      ports: [{ name: "query", port: frontend.port, protocol: "TCP" }],
      endpoints: [{ addresses: [frontend.host], conditions: { ready: true } }],
    },
  ] as object[] as KubernetesObject[];
}
