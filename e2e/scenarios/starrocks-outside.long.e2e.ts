// A StarRocks outside of Kubernetes (starrocks-outside.ts): of the embedded one.
import { PODS } from "../../operator/runtime/objects.ts";
import { World } from "../world.ts";
import { starRocksOutsideScenarios } from "./starrocks-outside.ts";

describe("a StarRocks outside of Kubernetes", () => {
  let world: World;

  before(async () => {
    world = await World.start({ nodes: 2 });
    const { client } = world.kubernetes;
    // Its BEs are no pods of this cluster, and their hosts no nodes of it.
    for (const { metadata } of (await client.list(PODS, { namespace: "starrocks" })).items) {
      await client.delete(PODS, { namespace: "starrocks", name: metadata.name });
    }
    world.startOperator();
  });

  after(async () => {
    await world.stop();
  });

  starRocksOutsideScenarios(
    () => world,
    () => world.nodeNames.map((name) => world.kubernetes.node(name).address),
  );
});
