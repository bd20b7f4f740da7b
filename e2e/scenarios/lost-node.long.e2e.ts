// A node that never comes back, with its BE and its agent: the status says what is lost, why nothing goes on and
// what a person can do; once that is done the job ends, and nothing of it is left.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import { NODE } from "../kubernetes/core.ts";
import { World, resource } from "../world.ts";

const MIB = 1024 * 1024;
const LOST = "node-b";
const BACKEND = 1;

describe("a job whose node is lost", () => {
  let world: World;

  before(async () => {
    world = await World.start({ controllers: { nodeGraceMs: 3_000, evictAfterMs: 500 } });
    world.startOperator();
    await world.starrocks.createDatabase({
      name: "shop",
      tables: [{ name: "orders", tablets: 6, segmentBytes: [8 * MIB], replicationNum: 1 }],
    });
    await world.apply(world.repository({ concurrency: 1 }));
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
  });

  after(async () => {
    await world.stop();
  });

  it("says what is lost and what to do, and ends when that is done", async () => {
    const retry = { maxAttempts: 2, backoff: "1s" };
    const spec = { repository: "prod", database: "shop", bandwidth: "1Mi", retry };
    await world.apply(resource("Backup", "lost", { ...spec, noProgressTimeout: "1m" }));
    await told("the upload", (b) => b.status?.progress?.state === "UPLOADING");

    world.starrocks.killBackend(BACKEND);
    await world.kubernetes.node(LOST).powerOff();
    await told("the dead BE", messageHas(/BE \S+ is not alive/));
    await told("the agent's pod", messageHas(/agent of node node-b: DeletionByTaintManager/));
    await told("its pods, and the way out", messageHas(/on node node-b.*delete the Node/));

    await world.kubernetes.client.delete(NODE, { name: LOST });
    const { status } = await told("the end", (b) => b.status?.phase === "FAILED");
    expect(status?.reason, status?.message).to.equal("ReplicaUnhealthy");
    expect(status?.attempts?.map((a) => a.reason)).to.deep.equal([
      "NoProgress",
      "ReplicaUnhealthy",
    ]);
    expect(await world.untilNothingIsLeft(), "left behind").to.deep.equal([]);
    expect(world.starrocks.violations).to.deep.equal([]);
  });

  const told = async (what: string, holds: (backup: Backup) => boolean): Promise<Backup> => {
    try {
      return await world.until<Backup>("Backup", "lost", holds, 150_000);
    } catch (error) {
      throw new Error(`nobody was told of ${what}`, { cause: error });
    }
  };
});

function messageHas(text: RegExp): (backup: Backup) => boolean {
  return ({ status }) => text.test(status?.message ?? "");
}
