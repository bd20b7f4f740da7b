// A Repository that names the StarRocks operator's resource: what it says while there is none, and that a Backup goes on
// while what the resource leads to changes.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import { must } from "../../operator/assert.ts";
import {
  STARROCKS_CLUSTER,
  clusterStatus,
  feService,
  starRocksCluster,
  starRocksClusterCrd,
} from "../starrocks-operator/objects.ts";
import { World, resource } from "../world.ts";
import { isOver } from "./is-over.ts";

const PROD = { namespace: "starrocks", name: "prod" };
const MIB = 1024 * 1024;

describe("a StarRocksCluster by name", () => {
  let world: World;

  before(async () => {
    world = await World.start();
    world.startOperator();
    const { credentialsSecret } = (world.repository() as Repository).spec.cluster;
    await world.apply(world.repository({ cluster: { credentialsSecret, starRocksCluster: PROD } }));
  });

  after(async () => {
    await world.stop();
  });

  /** A change of the spec, so that nobody waits for the next look. */
  const nudge = async (): Promise<void> => {
    const { spec } = must(await world.get<Repository>("Repository", "prod"));
    await world.patch("Repository", "prod", { spec: { concurrency: spec.concurrency + 1 } });
  };
  const readyCondition = ({ status }: Repository) =>
    status?.conditions?.find(({ type }) => type === "Ready");
  const untilReason = async (reason: string): Promise<string> => {
    await nudge();
    const found = await world.until<Repository>(
      "Repository",
      "prod",
      (r) => readyCondition(r)?.reason === reason,
    );
    return must(readyCondition(found)).message;
  };
  const putStatus = async (phase: "reconciling" | "running"): Promise<void> => {
    const status = clusterStatus(PROD, phase);
    const { client } = world.kubernetes;
    await client.patch(STARROCKS_CLUSTER, PROD, { status }, { subresource: "status" });
  };

  it("is asked for, step by step, by what is missing", async () => {
    expect(await untilReason("StarRocksOperatorMissing")).to.include(
      "install the StarRocks operator",
    );
    await world.apply(await starRocksClusterCrd());
    expect(await untilReason("ClusterNotFound")).to.match(/^StarRocksCluster starrocks\/prod/);
    await world.apply(starRocksCluster(PROD));
    await putStatus("reconciling");
    expect(await untilReason("ClusterNotReady")).to.include("which is reconciling");
    await putStatus("running");
    expect(await untilReason("FrontendServiceMissing")).to.include("prod-fe-service");
    await world.apply(...feService(PROD, world.starrocks.mysql));
    await nudge();
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
  });

  it("is followed to another query port while a Backup runs", async () => {
    const orders = { name: "orders", tablets: 4, replicationNum: 1, segmentBytes: [MIB] };
    await world.starrocks.createDatabase({ name: "shop", tables: [orders] });
    await world.apply(resource("Backup", "shop", { repository: "prod", database: "shop" }));
    await world.until<Backup>("Backup", "shop", (b) => b.status?.slot !== undefined);
    await world.apply(...feService(PROD, world.starrocks.mysql, 19_030));
    const { status } = await world.until<Backup>("Backup", "shop", isOver);
    expect(status?.phase, status?.message).to.equal("FINISHED");
    expect(await world.untilNothingIsLeft()).to.deep.equal([]);
  });

  it("that is gone holds nobody up who deletes the Repository", async () => {
    await world.kubernetes.client.delete(STARROCKS_CLUSTER, PROD);
    await world.delete("Repository", "prod");
    await world.untilGone("Repository", "prod");
    expect(await world.sql("SHOW REPOSITORIES")).to.deep.equal([]);
  });
});
