// Misfortunes (misfortunes.ts) on a real cluster, and those that only a real one has.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import { LABELS } from "../../operator/api/group.ts";
import { must } from "../../operator/assert.ts";
import { PODS } from "../../operator/runtime/objects.ts";
import { describeOnCluster } from "../cluster/describe.ts";
import { NODE_PLACES } from "../cluster/network.ts";
import { theSite } from "../cluster-site.ts";
import { ClusterWorld } from "../cluster-world.ts";
import { endsWell, harbour, misfortunes, uploading } from "./misfortunes.ts";

describeOnCluster("the operator amid misfortunes on a real cluster", () => {
  let world: ClusterWorld;

  before(async () => {
    world = await ClusterWorld.start(await theSite(), { name: "misfortunes" });
    await world.installOperator();
    await harbour(world);
    await world.apply(world.repository());
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
  });

  after(async () => {
    await world.stop();
  });

  it("answers a BE's calls by the agent on its own node", async () => {
    await uploading(world, "own-node");
    const backup = await world.until<Backup>("Backup", "own-node", bytesFlow);
    const { items } = await world.client.list(PODS, {
      namespace: world.namespace,
      labelSelector: `${LABELS.jobUid}=${backup.metadata.uid},${LABELS.component}=agent`,
    });
    expect(items.map((pod) => pod.spec?.nodeName)).to.have.members(world.nodeNames);
    for (const pod of items) {
      const callers = await world.callersOf(pod);
      const backends = callers.filter((address) => address !== world.site.cluster.address);
      const nodes = backends.map(nodeOf);
      expect([...new Set(nodes)], `callers of ${pod.metadata.name}`).to.deep.equal([
        pod.spec?.nodeName,
      ]);
    }
    await endsWell(world, "own-node");
  });

  it("is upgraded in the middle of a Backup", async () => {
    const image = await world.site.importAs("next");
    const backup = await uploading(world, "upgrade");
    const agents = await world.agentPods(backup);
    await world.installOperator({ "image.tag": "next" });
    const images = (await world.operatorPods()).map((pod) => pod.spec?.containers[0]?.image);
    expect(images).to.include(image);
    const now = must(await world.get<Backup>("Backup", "upgrade"));
    expect(now.status?.phase, "the upgrade was in the middle").to.equal("UPLOADING");
    expect(await world.agentPods(now), "agents are nobody's to replace").to.deep.equal(agents);
    const { status } = await endsWell(world, "upgrade");
    expect(status?.attempt, "the attempt went on").to.equal(1);
  });

  misfortunes(() => world);
});

function bytesFlow({ status }: Backup): boolean {
  return (status?.progress?.bytes ?? 0) > 0;
}

/** kube-proxy puts a node's address in place of callers that are no pods: the one on the way to the pod that answers. */
function nodeOf(address: string): string {
  const network = (of: string): string => of.slice(0, of.lastIndexOf("."));
  const node = NODE_PLACES.find(
    (place) => place.address === address || network(place.podRange) === network(address),
  );
  return node?.name ?? address;
}
