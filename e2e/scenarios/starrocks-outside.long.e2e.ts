// A StarRocks that is no part of the Kubernetes whose operator backs it up: it reaches slots by a port of the nodes, and
// one agent serves all of its BEs.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import { must } from "../../operator/assert.ts";
import { EVENTS, PODS, SERVICES } from "../../operator/runtime/objects.ts";
import { NAMESPACE, World, resource } from "../world.ts";
import { isOver } from "./is-over.ts";

const MIB = 1024 * 1024;

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
    const { agent } = (world.repository() as Repository).spec;
    await world.apply(
      world.repository({ concurrency: 1, agent: { ...agent, service: { type: "NodePort" } } }),
    );
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
  });

  after(async () => {
    await world.stop();
  });

  it("is backed up through a port of the nodes, and told that nothing is encrypted", async () => {
    const orders = { name: "orders", tablets: 4, replicationNum: 1, segmentBytes: [MIB] };
    await world.starrocks.createDatabase({ name: "shop", tables: [orders] });
    await world.apply(resource("Backup", "shop", { repository: "prod", database: "shop" }));
    const { status } = await world.until<Backup>("Backup", "shop", isOver);
    expect(status?.phase, status?.message).to.equal("FINISHED");
    expect(status?.sealed?.tablets).to.equal(4);
    expect(status?.warnings?.join()).to.match(
      /^no Kubernetes node is known for BEs .*: one agent on any node serves all; what they send .* not encrypted/,
    );
    const { items } = await world.kubernetes.client.list(EVENTS, { namespace: NAMESPACE });
    expect(items.map(({ reason }) => reason)).to.include("PlainText");
    expect(await world.untilNothingIsLeft()).to.deep.equal([]);
    expect(world.starrocks.violations).to.deep.equal([]);
  });

  it("is given the address of a node and the slot's port there", async () => {
    const { status } = must(await world.get<Repository>("Repository", "prod"));
    const { name, address } = must(status?.slots?.[0]);
    const service = await world.kubernetes.client.get(SERVICES, { namespace: NAMESPACE, name });
    const node = world.kubernetes.node(must(world.kubernetes.nodeNames[0]));
    expect(address).to.equal(`${node.address}:${service?.spec?.ports?.[0]?.nodePort}`);
  });

  it("gets its slots anew, once they are free, when it is reached in another way", async () => {
    await world.patch("Repository", "prod", {
      spec: { agent: { service: { type: "ClusterIP" } } },
    });
    const within = await world.until<Repository>(
      "Repository",
      "prod",
      ({ status }) => status?.slots?.[0]?.address?.includes(".svc:") === true,
    );
    const { name } = must(within.status?.slots?.[0]);
    const service = await world.kubernetes.client.get(SERVICES, { namespace: NAMESPACE, name });
    expect(service?.spec?.type).to.equal("ClusterIP");
  });
});
