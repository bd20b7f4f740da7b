// The operator's life (life.ts) on a real cluster: installed by its chart, with its chart's rights alone, its agents under
// `restricted` Pod Security.
import type { Repository } from "../../operator/api/repository.generated.ts";
import { describeOnCluster } from "../cluster/describe.ts";
import { theSite } from "../cluster-site.ts";
import { ClusterWorld } from "../cluster-world.ts";
import { lifeScenarios } from "./life.ts";

/** They wait for pods most of the time. */
const AT_ONCE = 3;

describeOnCluster("the operator on a real cluster", () => {
  let world: ClusterWorld;

  before(async () => {
    world = await ClusterWorld.start(await theSite(), { name: "life" });
    await world.installOperator();
    await world.apply(world.repository({ concurrency: 2 * AT_ONCE }));
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
  });

  after(async () => {
    await world?.stop();
  });

  lifeScenarios(() => world, AT_ONCE);
});
