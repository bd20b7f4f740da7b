// Lives in which the informers' watches are cut off at a bad moment: what they do not know of is there all the same.
import { expect } from "chai";
import { BACKUP } from "../api/kinds.ts";
import { JOBS } from "../runtime/objects.ts";
import { ended, expectNothingLeft, lentSlots, putBackup, readyWorld } from "./testing/lives.ts";
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
