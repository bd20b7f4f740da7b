// Misfortunes (misfortunes.ts) on a real cluster, and those that only a real one has.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import { LABELS } from "../../operator/api/group.ts";
import { must } from "../../operator/assert.ts";
import { PODS } from "../../operator/runtime/objects.ts";
import { describeOnCluster } from "../cluster/describe.ts";
import { NODE_PLACES } from "../cluster/network.ts";
import { eventually } from "../cluster/testing/pods.ts";
import { theSite } from "../cluster-site.ts";
import { ClusterWorld } from "../cluster-world.ts";
import { endsWell, harbour, hurry, misfortunes, uploading } from "./misfortunes.ts";

/** Of a Backup that outlasts an upgrade on a busy machine. */
const OCEAN = "ocean";

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
    await world?.stop();
  });

  it("answers a BE's calls by the agent on its own node", async () => {
    await uploading(world, "own-node");
    const backup = await world.until<Backup>("Backup", "own-node", bytesFlow);
    const { items } = await world.client.list(PODS, {
      namespace: world.namespace,
      labelSelector: `${LABELS.jobUid}=${backup.metadata.uid},${LABELS.component}=agent`,
    });
    expect(items.map((pod) => pod.spec?.nodeName)).to.have.members(world.nodeNames);
    // BEs begin one after the other, and between two tablets there may be no connection.
    const seen = new Map(items.map((pod) => [pod, new Set<string>()]));
    const unseen = async (): Promise<readonly string[]> => {
      for (const [pod, nodes] of seen) {
        const callers = await world.callersOf(pod);
        const backends = callers.filter((address) => address !== world.site.cluster.address);
        for (const address of backends) nodes.add(nodeOf(address));
      }
      return items.filter((pod) => seen.get(pod)?.size === 0).map(({ metadata }) => metadata.name);
    };
    await eventually(unseen, (pods) => pods.length === 0);
    for (const [{ metadata, spec }, nodes] of seen) {
      expect([...nodes], `callers of ${metadata.name}`).to.deep.equal([spec?.nodeName]);
    }
    await endsWell(world, "own-node");
  });

  it("is upgraded in the middle of a Backup", async () => {
    const image = await world.site.importAs("next");
    await harbour(world, 4, OCEAN);
    const backup = await uploading(world, "upgrade", { database: OCEAN });
    const agents = await world.agentPods(backup);
    await world.installOperator({ "image.tag": "next" });
    const images = (await world.operatorPods()).map((pod) => pod.spec?.containers[0]?.image);
    expect(images).to.include(image);
    const now = must(await world.get<Backup>("Backup", "upgrade"));
    expect(now.status?.phase, "the upgrade was in the middle").to.equal("UPLOADING");
    expect(await world.agentPods(now), "agents are nobody's to replace").to.deep.equal(agents);
    await hurry(world, "upgrade");
    const { status } = await endsWell(world, "upgrade", OCEAN);
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
