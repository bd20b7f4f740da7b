// The declared rights are enough for whole lives where some namespaces alone are watched, and no call leaves them.
import { expect } from "chai";
import { BACKUP, REPOSITORY, RESTORE } from "../api/kinds.ts";
import { phaseOf, putBackup, putRestore } from "./testing/lives.ts";
import { guardedApi } from "./testing/guarded-api.ts";
import { runOperator, type RunningOperator } from "./testing/operator.ts";
import { repository } from "./testing/samples.ts";
import { World } from "./testing/world.ts";

describe("rights in watched namespaces alone", () => {
  const TERRITORY = {
    own: "system",
    watched: ["ops", "more"],
    starRocks: ["ops", "more", "starrocks"],
  };
  let world: World;
  let refused: string[];
  let operator: RunningOperator;

  beforeEach(() => {
    refused = [];
    world = new World({ starrocks: { databases: { shop: [{ name: "orders" }] } } });
    const api = guardedApi(world.api, TERRITORY, refused);
    operator = runOperator(world, {
      api,
      namespaces: TERRITORY.watched,
      starRocksNamespaces: TERRITORY.starRocks,
    });
    world.put(REPOSITORY, repository({}, { meta: { finalizers: [] } }));
  });

  afterEach(() => operator.stop());

  it("suffice for a Repository, a Backup and a Restore, to their ends and deletions", async () => {
    await operator.until(() => world.get(REPOSITORY, "prod")?.status?.phase === "READY", "Ready");
    putBackup(world);
    await operator.until(() => phaseOf(world, "Backup", "nightly") === "FINISHED", "the Backup");
    world.starrocks.world.databases.get("shop")?.delete("orders");
    putRestore(world, { tables: [{ name: "orders" }] });
    await operator.until(() => phaseOf(world, "Restore", "again") === "FINISHED", "the Restore");
    await world.delete(RESTORE, "again");
    await operator.until(() => world.get(RESTORE, "again") === undefined, "the Restore's end");
    await world.delete(BACKUP, "nightly");
    await operator.until(() => world.get(BACKUP, "nightly") === undefined, "the Backup's end");
    await world.delete(REPOSITORY, "prod");
    await operator.until(() => world.get(REPOSITORY, "prod") === undefined, "the Repository's end");
    expect(refused).to.deep.equal([]);
  });
});
