// Where a StarRocks can be, seen from a real cluster: named by the StarRocks operator's resource and found by the cluster's
// DNS (starrocks-cluster.ts), and outside, with a port of the nodes as its only way in (starrocks-outside.ts).
import { describeOnCluster } from "../cluster/describe.ts";
import { theSite } from "../cluster-site.ts";
import { ClusterWorld } from "../cluster-world.ts";
import { NAMESPACE } from "../kubernetes/core.ts";
import { starRocksClusterCrd } from "../starrocks-operator/objects.ts";
import { starRocksClusterScenarios } from "./starrocks-cluster.ts";
import { starRocksOutsideScenarios } from "./starrocks-outside.ts";

describeOnCluster("a StarRocksCluster by name on a real cluster", () => {
  const namespace = "starrocks-by-name";
  let world: ClusterWorld;

  before(async () => {
    world = await ClusterWorld.start(await theSite(), { name: "by-name" });
    await world.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await world.installOperator();
  });

  after(async () => {
    await world?.stop();
    const { name } = (await starRocksClusterCrd()).metadata;
    await world?.site.cluster.kubectl("delete", "crd", name, "--ignore-not-found");
    await world?.client.delete(NAMESPACE, { name: namespace });
  });

  starRocksClusterScenarios(() => world, namespace);
});

describeOnCluster("a StarRocks outside of a real cluster", () => {
  let world: ClusterWorld;

  before(async () => {
    const site = await theSite();
    const backendHosts = [site.cluster.address];
    // In our own process, which is no node's.
    const starrocks = { backends: 1, backendHosts, backendProcesses: false };
    world = await ClusterWorld.start(site, { name: "outside", starrocks });
    await world.installOperator();
  });

  after(async () => {
    await world?.stop();
  });

  starRocksOutsideScenarios(
    () => world,
    () => world.site.cluster.nodes.map(({ address }) => address),
  );
});
