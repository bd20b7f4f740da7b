// A Repository that names the StarRocks operator's resource: what it says while there is none, and that a Backup goes on
// while what the resource leads to changes. In a World whose operator is there, and nothing else.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { must } from "../../operator/assert.ts";
import type { AnyWorld } from "../any-world.ts";
import {
  STARROCKS_CLUSTER,
  clusterStatus,
  feService,
  starRocksCluster,
  starRocksClusterCrd,
} from "../starrocks-operator/objects.ts";
import { isOver } from "./is-over.ts";

const MIB = 1024 * 1024;

/** Tests of the `describe` that calls it. The namespace, where the StarRocksCluster will be, is there. */
export function starRocksClusterScenarios(world: () => AnyWorld, namespace: string): void {
  const prod = { namespace, name: "prod" };

  /** A change of the spec, so that nobody waits for the next look. */
  const nudge = async (): Promise<void> => {
    const { spec } = must(await world().get<Repository>("Repository", "prod"));
    await world().patch("Repository", "prod", { spec: { concurrency: spec.concurrency + 1 } });
  };
  const readyCondition = ({ status }: Repository) =>
    status?.conditions?.find(({ type }) => type === "Ready");
  const untilReason = async (reason: string): Promise<string> => {
    await nudge();
    const found = await world().until<Repository>(
      "Repository",
      "prod",
      (r) => readyCondition(r)?.reason === reason,
    );
    return must(readyCondition(found)).message;
  };
  const putStatus = async (phase: "reconciling" | "running"): Promise<void> => {
    const status = clusterStatus(prod, phase);
    const { client } = world();
    await client.patch(STARROCKS_CLUSTER, prod, { status }, { subresource: "status" });
  };

  before(async () => {
    const { credentialsSecret } = (world().repository() as Repository).spec.cluster;
    const cluster = { credentialsSecret, starRocksCluster: prod };
    await world().apply(world().repository({ cluster }));
  });

  it("is asked for, step by step, by what is missing", async () => {
    expect(await untilReason("StarRocksOperatorMissing")).to.include(
      "install the StarRocks operator",
    );
    await world().apply(await starRocksClusterCrd());
    expect(await untilReason("ClusterNotFound")).to.include(`StarRocksCluster ${namespace}/prod`);
    await world().apply(starRocksCluster(prod));
    await putStatus("reconciling");
    expect(await untilReason("ClusterNotReady")).to.include("which is reconciling");
    await putStatus("running");
    expect(await untilReason("FrontendServiceMissing")).to.include("prod-fe-service");
    await world().apply(...feService(prod, world().starrocks.mysql));
    await nudge();
    await world().until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
  });

  it("is followed to another query port while a Backup runs, and restored by", async () => {
    const orders = { name: "orders", tablets: 4, replicationNum: 1, segmentBytes: [MIB] };
    await world().starrocks.createDatabase({ name: "shop", tables: [orders] });
    const spec = { repository: "prod", database: "shop" };
    await world().apply(world().resource("Backup", "shop", spec));
    await world().until<Backup>("Backup", "shop", (b) => b.status?.slot !== undefined);
    await world().apply(...feService(prod, world().starrocks.mysql, 19_030));
    const { status } = await world().until<Backup>("Backup", "shop", isOver);
    expect(status?.phase, status?.message).to.equal("FINISHED");
    const digest = await world().starrocks.digest("shop", "orders");
    await world().sql("DROP TABLE `shop`.`orders`");
    const source = { backup: "shop" };
    await world().apply(world().resource("Restore", "shop", { repository: "prod", source }));
    const restored = (await world().until<Restore>("Restore", "shop", isOver)).status;
    expect(restored?.phase, restored?.message).to.equal("FINISHED");
    expect(await world().starrocks.digest("shop", "orders")).to.equal(digest);
    expect(await world().untilNothingIsLeft()).to.deep.equal([]);
  });

  it("that is gone holds nobody up who deletes the Repository", async () => {
    await world().client.delete(STARROCKS_CLUSTER, prod);
    await world().delete("Repository", "prod");
    await world().untilGone("Repository", "prod");
    expect(await world().sql("SHOW REPOSITORIES")).to.deep.equal([]);
  });
}
