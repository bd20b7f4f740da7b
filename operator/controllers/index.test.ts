// Who wakes whom: with real informers and queues each life goes on without ever waiting for the slow safety poll.
import { expect } from "chai";
import { BACKUP, REPOSITORY } from "../api/kinds.ts";
import { must } from "../assert.ts";
import { LABELS } from "../api/group.ts";
import { withNode } from "./index.ts";
import { slotViews } from "./job/observe-slots.ts";
import { SECRETS, type Node } from "../runtime/objects.ts";
import { ObjectStore } from "../runtime/store.ts";
import {
  lentSlots,
  messageOf,
  phaseOf,
  putBackup,
  putFinishedBackup,
  putRestore,
} from "./testing/lives.ts";
import { putForeignJob } from "./testing/lives.ts";
import { runOperator, type RunningOperator } from "./testing/operator.ts";
import { repository } from "./testing/samples.ts";
import { World } from "./testing/world.ts";

const THREE_DATABASES = {
  starrocks: {
    databases: {
      shop: [{ name: "orders" }],
      crm: [{ name: "people" }],
      web: [{ name: "clicks" }],
    },
  },
};
const SECOND = "dddddddd-4444-4444-8444-444444444444";
const THIRD = "eeeeeeee-5555-4555-8555-555555555555";

describe("controllers", () => {
  let world: World;
  let operator: RunningOperator;

  async function begin(concurrency: number): Promise<void> {
    world = new World(THREE_DATABASES);
    operator = runOperator(world);
    world.put(REPOSITORY, repository({ concurrency }, { meta: { finalizers: [] } }));
    await operator.until(() => world.get(REPOSITORY, "prod")?.status?.phase === "READY", "Ready");
  }

  function putStorageSecret(text: string): void {
    const value = Buffer.from(text).toString("base64");
    world.put(SECRETS, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s3-credentials", namespace: "ops" },
      data: { accessKeyId: value, secretAccessKey: value },
    });
  }

  afterEach(() => operator.stop());

  it("carry a Backup and a Restore to their ends", async () => {
    await begin(1);
    putBackup(world);
    await operator.until(() => phaseOf(world, "Backup", "nightly") === "FINISHED", "the Backup");
    world.starrocks.world.databases.get("shop")?.delete("orders");
    putRestore(world, { tables: [{ name: "orders" }] });
    await operator.until(() => phaseOf(world, "Restore", "again") === "FINISHED", "the Restore");
  });

  it("probe the storage with a Secret that changed, within a minute and by themselves", async () => {
    world = new World(THREE_DATABASES);
    operator = runOperator(world);
    putStorageSecret("one");
    const credentialsSecret = { name: "s3-credentials" };
    world.put(REPOSITORY, repository({ credentialsSecret }, { meta: { finalizers: [] } }));
    await operator.until(() => world.get(REPOSITORY, "prod")?.status?.phase === "READY", "Ready");
    const checkedWith = (): string | undefined =>
      world.get(REPOSITORY, "prod")?.status?.checkedWith;
    // Until the catalogue is read and nothing is due for an hour.
    for (let i = 0; i < 50; i += 1) await operator.round();
    const before = checkedWith();
    putStorageSecret("two");
    await operator.until(() => checkedWith() !== before, "another probe", 30);
  });

  it("begin a job that came before its Repository", async () => {
    world = new World(THREE_DATABASES);
    operator = runOperator(world);
    putBackup(world);
    await operator.until(() => messageOf(world, "Backup", "nightly") !== "", "a reason");
    expect(messageOf(world, "Backup", "nightly")).to.match(/^waits for Repository prod to exist/);
    world.put(REPOSITORY, repository({}, { meta: { finalizers: [] } }));
    await operator.until(() => phaseOf(world, "Backup", "nightly") === "FINISHED", "the Backup");
  });

  it("begin a Restore when the Backup it names is done", async () => {
    await begin(2);
    putRestore(world, { database: "crm" });
    await operator.until(() => messageOf(world, "Restore", "again") !== "", "a reason");
    expect(messageOf(world, "Restore", "again")).to.match(/^waits for Backup nightly to exist/);
    putBackup(world);
    await operator.until(() => phaseOf(world, "Restore", "again") === "FINISHED", "the Restore");
  });

  it("look at no job again that has ended, unless it is edited or deleted", async () => {
    world = new World(THREE_DATABASES);
    world.put(REPOSITORY, repository({}, { meta: { finalizers: [] } }));
    putFinishedBackup(world);
    let looks = 0;
    const get = world.api.get.bind(world.api);
    world.api.get = async (kind, key) => {
      if (kind.kind === "Backup") looks += 1;
      return await get(kind, key);
    };
    operator = runOperator(world);
    for (let i = 0; i < 5; i += 1) await operator.round();
    expect(looks).to.equal(0);
    await world.edit(BACKUP, "nightly", { deletionPolicy: "Delete" });
    const isSeen = (): boolean => world.job("Backup", "nightly").status?.observedGeneration === 2;
    await operator.until(isSeen, "the new generation");
  });

  it("hand a slot on as soon as it is free", async () => {
    await begin(1);
    putBackup(world);
    putBackup(world, { database: "crm" }, { name: "second", uid: SECOND });
    await operator.until(() => phaseOf(world, "Backup", "nightly") === "FINISHED", "the first");
    await operator.until(() => lentSlots(world).has("dddddddd-1"), "the slot", 5);
    await operator.until(() => phaseOf(world, "Backup", "second") === "FINISHED", "the second");
  });

  it("let the next one pass as soon as the first of the queue stands aside", async () => {
    await begin(1);
    await putForeignJob(world);
    must(world.starrocks.job("shop")).stalledBy = "slow";
    putBackup(world, { database: "web" }, { name: "second", uid: SECOND });
    await operator.until(() => phaseOf(world, "Backup", "second") === "UPLOADING", "the second");
    // Both queue up behind it; the older one will find its database busy.
    putBackup(world, { database: "shop" }, { creationTimestamp: "2026-01-02T03:10:00Z" });
    putBackup(
      world,
      { database: "crm" },
      { name: "third", uid: THIRD, creationTimestamp: "2026-01-02T03:11:00Z" },
    );
    await operator.until(() => phaseOf(world, "Backup", "second") === "FINISHED", "the second");
    await operator.until(() => phaseOf(world, "Backup", "third") === "FINISHED", "the third", 60);
    expect(phaseOf(world, "Backup", "nightly")).to.equal("PENDING");
    must(world.starrocks.job("shop")).cancel("COMMON_ERROR", "user cancelled");
    await operator.until(() => phaseOf(world, "Backup", "nightly") === "FINISHED", "the first");
  });

  it("delete a Repository once the Backup that ran on it is done", async () => {
    await begin(1);
    putBackup(world);
    await operator.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "uploading");
    await world.delete(REPOSITORY, "prod");
    await operator.until(() => world.get(REPOSITORY, "prod") === undefined, "its deletion");
    expect(phaseOf(world, "Backup", "nightly")).to.equal("FINISHED");
  });

  it("delete a Backup once the Restore that reads its snapshot is done", async () => {
    await begin(2);
    putFinishedBackup(world, { deletionPolicy: "Delete" });
    putRestore(world, { database: "crm" });
    await operator.until(() => phaseOf(world, "Restore", "again") === "SNAPSHOTING", "its begin");
    must(world.starrocks.job("crm")).stalledBy = "slow";
    await world.delete(BACKUP, "nightly");
    for (let i = 0; i < 5; i += 1) await operator.round();
    expect(messageOf(world, "Backup", "nightly")).to.match(/^waits for Restore again to end/);
    must(world.starrocks.job("crm")).stalledBy = undefined;
    await operator.until(() => phaseOf(world, "Restore", "again") === "FINISHED", "the Restore");
    await operator.until(() => world.get(BACKUP, "nightly") === undefined, "the deletion");
  });
});

describe("what is kept of a pod", () => {
  it("says on which node the last pods of a slot are", () => {
    const metadata = { name: "sr", resourceVersion: "1", labels: { [LABELS.slot]: "0" } };
    const pod = { apiVersion: "v1", kind: "Pod", metadata } as const;
    const kept = withNode({ ...pod, spec: { containers: [], nodeName: "worker-1" } });
    const [slot] = slotViews(
      repository(),
      { services: [{ apiVersion: "v1", kind: "Service", metadata }], pods: [kept] },
      { nodes: new ObjectStore<Node>() },
    );
    expect(must(slot).pods.map((p) => p.where)).to.deep.equal(["sr on node worker-1"]);
  });
});
