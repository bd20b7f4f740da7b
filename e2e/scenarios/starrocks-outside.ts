// A StarRocks that is no part of the Kubernetes whose operator backs it up: it reaches slots by a port of the nodes, and
// one agent serves all of its BEs. In a World whose operator is there, and none of whose BEs is on a node.
import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { must } from "../../operator/assert.ts";
import { EVENTS, SERVICES } from "../../operator/runtime/objects.ts";
import type { AnyWorld } from "../any-world.ts";
import { eventually } from "../cluster/testing/pods.ts";
import { isOver } from "./is-over.ts";

const MIB = 1024 * 1024;
const CONNECT_MS = 20_000;
const SWALLOWED = "nobody answers, nobody refuses";

/** Tests of the `describe` that calls it. `addresses`: what whoever is outside knows each node by. */
export function starRocksOutsideScenarios(
  world: () => AnyWorld,
  addresses: () => readonly string[],
): void {
  const slot = async (): Promise<{ readonly name: string; readonly address: string }> => {
    const { status } = must(await world().get<Repository>("Repository", "prod"));
    const { name, address } = must(status?.slots?.[0]);
    return { name, address: must(address) };
  };
  const service = async (name: string) =>
    await world().client.get(SERVICES, { namespace: world().namespace, name });

  before(async () => {
    const { agent } = (world().repository() as Repository).spec;
    const outside = { concurrency: 1, agent: { ...agent, service: { type: "NodePort" as const } } };
    await world().apply(world().repository(outside));
    // Its slots are told only when its first catalogue is read, which may be after it is READY.
    const isTold = ({ status }: Repository): boolean =>
      status?.phase === "READY" && status.slots?.[0]?.address !== undefined;
    await world().until<Repository>("Repository", "prod", isTold);
    // At the least bandwidth of one agent longer by far than the pause between two looks of the operator.
    const orders = { name: "orders", tablets: 4, replicationNum: 1, segmentBytes: [3 * MIB] };
    await world().starrocks.createDatabase({ name: "shop", tables: [orders] });
  });

  it("is backed up through a port of the nodes, and told that nothing is encrypted", async () => {
    const spec = { repository: "prod", database: "shop", bandwidth: "1Mi" };
    await world().apply(world().resource("Backup", "shop", spec));
    const isServed = (b: Backup): boolean =>
      ["SNAPSHOTING", "UPLOADING"].includes(b.status?.phase ?? "") || isOver(b);
    const backup = await world().until<Backup>("Backup", "shop", isServed);
    expect(await world().agentPods(backup), "one agent serves all").to.have.length(1);
    const port = Number((await slot()).address.split(":")[1]);
    // Also the node that has no agent, as soon as its proxy has heard of one.
    for (const host of addresses()) {
      const ask = async () => `${host}: ${await answers(host, port)}`;
      await eventually(ask, (answer) => answer === `${host}: answers`);
    }
    const { status } = await world().until<Backup>("Backup", "shop", isOver);
    expect(status?.phase, status?.message).to.equal("FINISHED");
    expect(status?.sealed?.tablets).to.equal(4);
    expect(status?.warnings?.join()).to.match(
      /^no Kubernetes node is known for BEs .*: one agent on any node serves all; what they send .* not encrypted/,
    );
    const { items } = await world().client.list(EVENTS, { namespace: world().namespace });
    expect(items.map(({ reason }) => reason)).to.include("PlainText");
    expect(await world().untilNothingIsLeft()).to.deep.equal([]);
    // Nobody is let in where nothing is lent; until a node's proxy has heard of it, the call goes to nobody.
    for (const host of addresses()) {
      const refusal = await eventually(
        async () => await answers(host, port),
        (answer) => answer !== SWALLOWED,
      );
      expect(refusal, host).to.match(/REFUSED/);
    }
  });

  it("is given the address of a node and the slot's port there", async () => {
    const { name, address } = await slot();
    const port = (await service(name))?.spec?.ports?.[0]?.nodePort;
    expect(addresses().map((host) => `${host}:${port}`)).to.include(address);
  });

  it("has its table again after a Restore the same way", async () => {
    const digest = await world().starrocks.digest("shop", "orders");
    await world().sql("DROP TABLE `shop`.`orders`");
    const spec = { repository: "prod", source: { backup: "shop" } };
    await world().apply(world().resource("Restore", "shop", spec));
    const { status } = await world().until<Restore>("Restore", "shop", isOver);
    expect(status?.phase, status?.message).to.equal("FINISHED");
    expect(await world().starrocks.digest("shop", "orders")).to.equal(digest);
    expect(await world().untilNothingIsLeft()).to.deep.equal([]);
    expect(world().starrocks.violations).to.deep.equal([]);
  });

  it("gets its slots anew, once they are free, when it is reached in another way", async () => {
    await world().patch("Repository", "prod", {
      spec: { agent: { service: { type: "ClusterIP" } } },
    });
    const within = await world().until<Repository>(
      "Repository",
      "prod",
      ({ status }) => status?.slots?.[0]?.address?.includes(".svc:") === true,
    );
    const { name } = must(within.status?.slots?.[0]);
    expect((await service(name))?.spec?.type).to.equal("ClusterIP");
  });
}

/** What comes of a connection: "answers", or the code of the error. */
async function answers(host: string, port: number): Promise<string> {
  const socket = connect(port, host);
  socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error(SWALLOWED)));
  try {
    await once(socket, "connect");
    return "answers";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  } finally {
    socket.destroy();
  }
}
