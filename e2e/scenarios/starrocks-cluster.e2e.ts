// A StarRocksCluster by name (starrocks-cluster.ts) on the embedded Kubernetes.
import { World } from "../world.ts";
import { starRocksClusterScenarios } from "./starrocks-cluster.ts";

describe("a StarRocksCluster by name", () => {
  let world: World;

  before(async () => {
    world = await World.start();
    world.startOperator();
  });

  after(async () => {
    await world.stop();
  });

  starRocksClusterScenarios(() => world, "starrocks");
});
