// Lives in which the informers' watches are cut off at a bad moment: what they do not know of is there all the same.
import { expect } from "chai";
import { ANNOTATIONS, LABELS, MANAGED_BY } from "../api/group.ts";
import { BACKUP, REPOSITORY } from "../api/kinds.ts";
import { silentLog } from "../log.ts";
import { JOBS, SERVICES } from "../runtime/objects.ts";
import { reconcileRepository } from "./repository/controller.ts";
import {
  ended,
  expectNothingLeft,
  lentSlots,
  putBackup,
  putFinishedBackup,
  readyWorld,
} from "./testing/lives.ts";
import { BACKUP_UID, REPOSITORY_UID } from "./testing/samples.ts";
import type { World } from "./testing/world.ts";

/** The first round in which it is so is the last one that the informers know nothing of, or anything after. */
async function deafFrom(world: World, isNow: () => boolean): Promise<void> {
  world.reactions.push(() => {
    world.isDeaf ||= isNow();
  });
  await world.until(() => world.isDeaf, "the moment");
}

describe("a Backup that is cancelled while no watch brings news", () => {
  for (const [what, isNow] of [
    ["slot", (world: World) => lentSlots(world).size > 0],
    ["agents", (world: World) => world.api.all(JOBS).length > 0],
  ] as const) {
    it(`leaves no ${what} behind that were made just before`, async () => {
      const world = readyWorld({ lags: true });
      putBackup(world);
      await deafFrom(world, () => isNow(world));
      await world.edit(BACKUP, "nightly", { cancel: true });
      expect((await ended(world, "Backup", "nightly")).phase).to.equal("CANCELLED");
      expectNothingLeft(world);
    });
  }
});

describe("a Repository", () => {
  const slot = { namespace: "ops", name: "sr-aaaaaaaa-0" };
  const lend = async (world: World): Promise<void> => {
    const metadata = { annotations: { [ANNOTATIONS.lentTo]: "bbbbbbbb-1" } };
    const spec = { selector: { [LABELS.attempt]: "bbbbbbbb-1" } };
    await world.api.patch(SERVICES, slot, { metadata, spec });
    const address = `${slot.name}.ops.svc:8000`;
    await world.starrocks.addBroker("k8s_aaaaaaaa_0", address);
  };
  const reconcile = async (world: World): Promise<void> => {
    const key = { namespace: "ops", name: "prod" };
    for (let i = 0; i < 5; i += 1) {
      await reconcileRepository(world.deps, key, { log: silentLog });
    }
  };

  it("leaves the broker of a slot that was lent unheard", async () => {
    const world = readyWorld({ standsStill: false });
    for (let i = 0; i < 20; i += 1) await world.round();
    expect(world.results.get("Repository prod"))
      .to.have.property("on")
      .that.matches(/next check/);
    world.isDeaf = true;
    putBackup(world);
    await lend(world);
    await reconcile(world);
    expect([...world.starrocks.world.brokers.keys()]).to.deep.equal(["k8s_aaaaaaaa_0"]);
  });

  it("waits for a Backup that began unheard before it goes", async () => {
    const world = readyWorld();
    world.isDeaf = true;
    const { metadata } = putBackup(world);
    const status = { slot: { name: slot.name, index: 0, attempt: 1 } };
    await world.api.patch(BACKUP, { namespace: "ops", name: metadata.name }, { status }, STATUS);
    await lend(world);
    await world.delete(REPOSITORY, "prod");
    await reconcile(world);
    expect(lentSlots(world).size).to.equal(1);
    expect(world.get(REPOSITORY, "prod")?.metadata.deletionTimestamp).to.be.a("string");
  });

  it("takes back what a job still has that is over", async () => {
    const world = readyWorld({ standsStill: false });
    putFinishedBackup(world);
    await lend(world);
    const { name, labels, spec } = LEFT_AGENT;
    const metadata = { name, namespace: "ops", labels };
    world.put(JOBS, { apiVersion: "batch/v1", kind: "Job", metadata, spec });
    for (let i = 0; i < 20; i += 1) await world.round();
    expectNothingLeft(world);
  });
});

const STATUS = { subresource: "status" } as const;

const LEFT_AGENT = {
  name: "nightly-bbbbbbbb-1-x",
  labels: {
    [LABELS.managedBy]: MANAGED_BY,
    [LABELS.component]: "agent",
    [LABELS.jobUid]: BACKUP_UID,
    [LABELS.repositoryUid]: REPOSITORY_UID,
    [LABELS.attempt]: "bbbbbbbb-1",
    [LABELS.slot]: "0",
  },
  spec: {
    template: { spec: { containers: [{ name: "agent", image: "agent:1", args: ["serve"] }] } },
  },
};
