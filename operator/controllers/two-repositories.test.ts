// Two Repositories of one StarRocks, which remembers one job per database: who comes next must not hide how the last
// one ended from whoever still has to read it.
import { expect } from "chai";
import { REPOSITORY } from "../api/kinds.ts";
import { must } from "../assert.ts";
import { SERVICES } from "../runtime/objects.ts";
import { slotService } from "./jobs.ts";
import {
  ended,
  expectNothingLeft,
  putBackup,
  putFinishedBackup,
  putForeignJob,
  putRestore,
  readyWorld,
} from "./testing/lives.ts";
import { repository } from "./testing/samples.ts";
import type { World } from "./testing/world.ts";

const TWIN_UID = "dddddddd-4444-4444-8444-444444444444";
const ROUNDS = 8;
/** More than any job needs. */
const TICKS_MAX = 100;
const SECOND_UID = "eeeeeeee-5555-4555-8555-555555555555";

/** A second Repository, as ready as the first. */
function putTwin(world: World): void {
  const { status } = must(world.get(REPOSITORY, "prod"));
  const twin = repository({}, { meta: { name: "twin", uid: TWIN_UID }, status });
  world.put(REPOSITORY, twin);
  world.put(SERVICES, slotService(twin, 0));
}

/** A Restore of `orders` that StarRocks carries out between two looks at it. */
function putQuickRestore(world: World): void {
  putFinishedBackup(world);
  world.starrocks.world.databases.get("shop")?.delete("orders");
  putRestore(world, { tables: [{ name: "orders" }] });
  world.reactions.push(() => {
    const job = world.starrocks.job("shop");
    if (job !== undefined) finish(job);
  });
}

type FakeJob = NonNullable<ReturnType<World["starrocks"]["job"]>>;

function finish(job: FakeJob): void {
  for (let ticks = 0; ticks < TICKS_MAX && !job.isDone; ticks += 1) job.tick();
}

describe("two Repositories of one StarRocks", () => {
  // One of these is sent just when the Restore's end is there to be read.
  for (let rounds = 2; rounds < ROUNDS; rounds += 1) {
    it(`a Backup of one, made ${rounds} rounds later, lets a Restore of the other read its end`, async () => {
      const world = readyWorld();
      putTwin(world);
      putQuickRestore(world);
      for (let i = 0; i < rounds; i += 1) await world.round();
      putBackup(world, { repository: "twin" }, { name: "second", uid: SECOND_UID });
      const { phase, message } = await ended(world, "Restore", "again");
      expect([phase, message]).to.deep.equal(["FINISHED", "the data is there"]);
      expect((await ended(world, "Backup", "second")).phase).to.equal("FINISHED");
      expectNothingLeft(world);
    });
  }

  it("what nobody saw end promises nothing of its tables", async () => {
    const world = readyWorld();
    putQuickRestore(world);
    world.starrocks.fail("restore", { when: "after" });
    await world.until(() => world.starrocks.accepted.length > 0, "the statement", 60);
    finish(must(world.starrocks.job("shop")));
    await putForeignJob(world);
    const status = await ended(world, "Restore", "again");
    expect(status).to.include({
      reason: "OutcomeUnknown",
      targetState:
        "StarRocks does not show how the restore ended, so new tables may be there in part or whole: look at them, and drop them before you restore again",
    });
    expect(world.starrocks.world.table("shop", "orders"), "it is there").to.not.equal(undefined);
    expectNothingLeft(world);
  });
});
