// Misfortunes (misfortunes.ts) on the embedded Kubernetes.
import type { Repository } from "../../operator/api/repository.generated.ts";
import { World } from "../world.ts";
import { harbour, misfortunes } from "./misfortunes.ts";

describe("the operator amid misfortunes", () => {
  let world: World;

  before(async () => {
    const controllers = { nodeGraceMs: 3_000, evictAfterMs: 500 };
    world = await World.start({ leaseSeconds: 6, controllers });
    await world.installOperator();
    await harbour(world);
    await world.apply(world.repository());
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
  });

  after(async () => {
    await world.stop();
  });

  misfortunes(() => world);
});
