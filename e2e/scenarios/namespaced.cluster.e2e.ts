// An operator that serves one namespace and has no right in any other, by its chart on a real cluster: whole backups and
// restores, and a rollback to the release before, which serves all, in the middle of one.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import { describeOnCluster } from "../cluster/describe.ts";
import { OPERATOR_NAMESPACE } from "../any-world.ts";
import { theSite } from "../cluster-site.ts";
import { ClusterWorld } from "../cluster-world.ts";
import { endsWell, harbour, hurry, uploading } from "./misfortunes.ts";

const RELEASE = "starrocks-backup";
/** Of a Backup that outlasts a rollback on a busy machine. */
const OCEAN = "ocean";

describeOnCluster("the operator of one namespace on a real cluster", () => {
  let world: ClusterWorld;

  before(async () => {
    world = await ClusterWorld.start(await theSite(), { name: "namespaced" });
    await world.installOperator();
    await world.installOperator({ watchNamespaces: [world.namespace] });
    await harbour(world);
    await world.apply(world.repository());
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
  });

  after(async () => {
    await world?.installOperator();
    await world?.stop();
  });

  /** Whether the operator's service account may. */
  const may = async (verb: string, what: string, namespace: string): Promise<boolean> => {
    const who = `system:serviceaccount:${OPERATOR_NAMESPACE}:${RELEASE}`;
    const ask = ["auth", "can-i", verb, what, "--namespace", namespace, "--as", who];
    // It ends with 1 for a no.
    const said = await world.site.cluster.kubectl(...ask).catch((error: unknown) => {
      return (error as { readonly stdout?: string }).stdout ?? "";
    });
    return said.trim() === "yes";
  };

  it("backs up and restores with rights in that namespace alone", async () => {
    expect(await may("get", "secrets", world.namespace)).to.equal(true);
    expect(await may("get", "secrets", "default")).to.equal(false);
    expect(await may("create", "jobs", "default")).to.equal(false);
    await uploading(world, "alone");
    await endsWell(world, "alone");
  });

  it("is rolled back in the middle of a Backup, which goes on", async () => {
    await harbour(world, 4, OCEAN);
    const backup = await uploading(world, "rollback", { database: OCEAN });
    const agents = await world.agentPods(backup);
    const rollback = ["rollback", RELEASE, "--namespace", OPERATOR_NAMESPACE, "--wait"];
    await world.site.cluster.helm(...rollback, "--timeout", "3m");
    expect(await may("create", "jobs", "default"), "it serves all again").to.equal(true);
    const now = await world.get<Backup>("Backup", "rollback");
    expect(now?.status?.phase, "the rollback was in the middle").to.equal("UPLOADING");
    expect(await world.agentPods(backup), "agents are nobody's to replace").to.deep.equal(agents);
    await hurry(world, "rollback");
    const { status } = await endsWell(world, "rollback", OCEAN);
    expect(status?.attempt, "the attempt went on").to.equal(1);
  });

  it("leaves nothing behind", async () => {
    expect(await world.untilNothingIsLeft()).to.deep.equal([]);
    expect(world.starrocks.violations).to.deep.equal([]);
  });
});
