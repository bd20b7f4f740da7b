// How agents end that nobody asked to: by the kernel, at the memory limit of their container, and by their own watchdog,
// when their event loop stands still. Statuses say which, and what a person can do; the Backup goes on with other pods.
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import { must } from "../../operator/assert.ts";
import { PODS, type ContainerState } from "../../operator/runtime/objects.ts";
import { describeOnCluster } from "../cluster/describe.ts";
import { theSite } from "../cluster-site.ts";
import { ClusterWorld } from "../cluster-world.ts";
import { endsWell, harbour, uploading } from "./misfortunes.ts";

const WAIT_MS = 240_000;
const POLL_MS = 200;
/** Not even Node begins with it. */
const STARVED = { requests: { memory: "20Mi" }, limits: { memory: "20Mi" } };
const WHAT_TO_DO =
  /memory.*raise agent\.resources\.limits\.memory of the Repository, or lower its agent\.memory/;
const GROW = "const all = []; for (;;) all.push(Buffer.alloc(16 << 20, 1));";
const HANG = "for (;;);";

describeOnCluster("agents that end by themselves on a real cluster", () => {
  let world: ClusterWorld;

  before(async () => {
    world = await ClusterWorld.start(await theSite(), { name: "agent-ends" });
    await world.installOperator();
    await harbour(world);
    const { agent } = (world.repository() as Repository).spec;
    const starved = { repositoryName: "starved", agent: { ...agent, resources: STARVED } };
    await world.apply(world.repository(), world.repository(starved, "starved"));
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
  });

  after(async () => {
    await world?.stop();
  });

  type Terminated = NonNullable<ContainerState["terminated"]>;

  const endOf = async (name: string): Promise<Terminated> => {
    for (const until = performance.now() + WAIT_MS; performance.now() < until;) {
      const pod = await world.client.get(PODS, { namespace: world.namespace, name });
      const end = must(pod, `pod ${name}`).status?.containerStatuses?.[0]?.state?.terminated;
      if (end !== undefined) return end;
      await sleep(POLL_MS);
    }
    throw new Error(`the container of pod ${name} never ended`);
  };

  it("are told by kernel and watchdog apart, and the Backup goes on without them", async () => {
    const backup = await uploading(world, "ends");
    const [grown = "", hung = ""] = await world.agentPods(backup);
    await Promise.all([world.evaluate(grown, GROW), world.evaluate(hung, HANG)]);
    const isTold = ({ status }: Backup): boolean => WHAT_TO_DO.test(status?.warnings?.join() ?? "");
    await world.until<Backup>("Backup", "ends", isTold);
    expect(await endOf(grown)).to.include({ exitCode: 137, reason: "OOMKilled" });
    const { exitCode, message } = await endOf(hung);
    expect(exitCode, message).to.equal(137);
    expect(message).to.match(/the event loop stands still/);
    const { status } = await endsWell(world, "ends");
    expect(status?.attempt, "the attempt went on").to.equal(1);
    expect(status?.warnings?.join(), "it is said at the end, too").to.match(WHAT_TO_DO);
  });

  it("have a Repository tell that its check was killed at the memory limit", async () => {
    // While its Job tries again for longer than a minute, that is what is told.
    const isTold = (r: Repository): boolean => storageReady(r)?.reason === "OOMKilled";
    const starved = await world.until<Repository>("Repository", "starved", isTold);
    const { status, message } = must(storageReady(starved));
    expect(status).to.equal("False");
    expect(message).to.match(WHAT_TO_DO);
  });

  it("leave nothing behind", async () => {
    expect(await world.untilNothingIsLeft()).to.deep.equal([]);
    expect(world.starrocks.violations).to.deep.equal([]);
  });
});

function storageReady({ status }: Repository) {
  return status?.conditions?.find(({ type }) => type === "StorageReady");
}
