// A Repository without its finalizer goes at once: what it had must go after it, also when nobody looked on.
import { expect } from "chai";
import { REPOSITORY } from "../../api/kinds.ts";
import type { Kind, KubernetesObject } from "../../runtime/api.ts";
import { JOBS, NAMESPACES, SERVICES } from "../../runtime/objects.ts";
import { guardedApi } from "../testing/guarded-api.ts";
import { phaseOf, putBackup } from "../testing/lives.ts";
import { runOperator, type RunningOperator } from "../testing/operator.ts";
import { repository } from "../testing/samples.ts";
import { World } from "../testing/world.ts";

const PROD = { namespace: "ops", name: "prod" };

describe("a Repository that is removed by force", () => {
  let world: World;
  let operator: RunningOperator;

  beforeEach(async () => {
    world = new World();
    operator = runOperator(world);
    world.put(REPOSITORY, repository({}, { meta: { finalizers: [] } }));
    await operator.until(() => world.get(REPOSITORY, "prod")?.status?.phase === "READY", "Ready");
  });

  afterEach(() => operator.stop());

  const mounts = (): number =>
    world.starrocks.world.repositories.size + world.starrocks.world.brokers.size;
  const isClean = (): boolean =>
    world.api.all(SERVICES).length === 0 && world.api.all(JOBS).length === 0;

  async function backUp(): Promise<void> {
    putBackup(world);
    await operator.until(() => phaseOf(world, "Backup", "nightly") === "FINISHED", "the Backup");
    expect(mounts(), "its mount stays, by design").to.equal(1);
    expect(isClean()).to.equal(false);
  }

  it("leaves no Service, no Job and no mount", async () => {
    await backUp();
    world.api.vanish(REPOSITORY, PROD);
    await operator.until(() => isClean() && mounts() === 0, "a clean cluster");
  });

  it("is cleaned up after by an operator that starts later, as far as it can", async () => {
    await backUp();
    await operator.stop();
    world.api.vanish(REPOSITORY, PROD);
    world.restart();
    operator = runOperator(world);
    await operator.until(isClean, "no Services and Jobs");
    expect(mounts(), "nobody has the password any more").to.equal(1);
  });

  it("leaves no mount when its namespace went with all rights there", async () => {
    await operator.stop();
    world.put(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name: "ops" } });
    const rights = { own: "system", watched: ["ops"], starRocks: ["ops"] };
    const refused: string[] = [];
    operator = runOperator(world, {
      api: guardedApi(world.api, rights, refused),
      namespaces: ["ops"],
    });
    await backUp();
    rights.watched.pop();
    for (const kind of [SERVICES, JOBS] as readonly Kind<KubernetesObject>[]) {
      for (const { metadata } of world.api.all(kind)) {
        world.api.vanish(kind, { namespace: "ops", name: metadata.name });
      }
    }
    world.api.vanish(REPOSITORY, PROD);
    await operator.until(() => refused.length > 0, "a refusal");
    expect(mounts(), "kept as long as the namespace is there").to.equal(1);
    world.api.vanish(NAMESPACES, { name: "ops" });
    await operator.until(() => mounts() === 0, "no mounts");
  });

  it("does not take along what another one of the same name has", async () => {
    await backUp();
    world.api.vanish(REPOSITORY, PROD);
    const uid = "99999999-4444-4444-8444-444444444444";
    world.put(REPOSITORY, repository({}, { meta: { finalizers: [], uid } }));
    await operator.until(() => world.get(REPOSITORY, "prod")?.status?.phase === "READY", "Ready");
    const others = (): readonly string[] =>
      world.api.all(SERVICES).map(({ metadata }) => metadata.name);
    await operator.until(() => others().length > 0, "its slots");
    for (let i = 0; i < 5; i += 1) await operator.round();
    expect(others().every((name) => name.startsWith("sr-99999999-"))).to.equal(true);
  });
});
