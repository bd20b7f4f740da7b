// Dying at every single write, before and after it took effect: a new operator must come to the same end, with
// nothing done twice and nothing left.
import { expect } from "chai";
import { BACKUP, REPOSITORY } from "../api/kinds.ts";
import { must } from "../assert.ts";
import { SERVICES } from "../runtime/objects.ts";
import {
  ended,
  expectNothingLeft,
  expectNothingTwice,
  phaseOf,
  putBackup,
  putFinishedBackup,
  putRestore,
  readyWorld,
} from "./testing/lives.ts";
import type { Death } from "./testing/mortality.ts";
import { repository } from "./testing/samples.ts";
import { FOLDER, World } from "./testing/world.ts";

interface Life {
  readonly name: string;
  /** From nothing to its end. Resolves with what must be the same however often the operator died. */
  readonly live: (
    death: Partial<Death>,
  ) => Promise<{ readonly world: World; readonly end: unknown }>;
}

/** What counts of a job's end; its times do not. */
function essence(world: World, kind: "Backup" | "Restore", name: string): object {
  const status = must(world.job(kind, name).status);
  const { phase, reason, attempts = [], conditions = [] } = status;
  return {
    phase,
    reason,
    fields: Object.keys(status).sort(),
    attempts: attempts.map((a) => [a.number, a.reason]),
    conditions: conditions.map((c) => `${c.type}=${c.status}`),
    accepted: world.starrocks.accepted,
    ...storage(world),
  };
}

function storage(world: World): object {
  const snapshots = [...world.starrocks.world.snapshotsOf(FOLDER)];
  return {
    snapshots: snapshots.map(([label, s]) => [label, s.timestamp !== undefined]),
    tables: [...(world.starrocks.world.databases.get("shop")?.values() ?? [])].map((t) => ({
      ...t,
      partitions: [...t.partitions],
    })),
  };
}

/** StarRocks cancels the first attempt while it uploads, for a reason that heals. */
function breakFirstAttempt(world: World): void {
  world.reactions.push(() => {
    const job = world.starrocks.job("shop");
    if (job?.state !== "UPLOADING" || job.spec.label !== "nightly_bbbbbbbb") return;
    job.cancel("COMMON_ERROR", "version already merged");
  });
}

/** A person acts once, when the Backup uploads. */
function onceUploading(world: World, act: () => Promise<void>): void {
  let isDone = false;
  world.reactions.push(async () => {
    if (isDone || world.get(BACKUP, "nightly")?.status?.phase !== "UPLOADING") return;
    isDone = true;
    await act();
  });
}

const LIVES: readonly Life[] = [
  {
    name: "a Backup",
    live: async (death) => {
      const world = readyWorld(death);
      putBackup(world);
      await ended(world, "Backup", "nightly");
      return { world, end: essence(world, "Backup", "nightly") };
    },
  },
  {
    name: "a Backup, with informers that lag behind",
    live: async (death) => {
      const world = readyWorld({ ...death, lags: true });
      putBackup(world);
      await ended(world, "Backup", "nightly");
      return { world, end: essence(world, "Backup", "nightly") };
    },
  },
  {
    name: "a Restore of a table that was dropped",
    live: async (death) => {
      const world = readyWorld(death);
      putFinishedBackup(world);
      world.starrocks.world.databases.get("shop")?.delete("orders");
      putRestore(world, { tables: [{ name: "orders" }] });
      await ended(world, "Restore", "again");
      return { world, end: essence(world, "Restore", "again") };
    },
  },
  {
    name: "two Backups at once, with informers that lag behind",
    live: async (death) => {
      const databases = { shop: [{ name: "orders" }], crm: [{ name: "people" }] };
      const world = readyWorld(
        { ...death, lags: true, starrocks: { databases } },
        { concurrency: 2 },
      );
      putBackup(world);
      const uid = "dddddddd-4444-4444-8444-444444444444";
      putBackup(world, { database: "crm" }, { name: "second", uid });
      await ended(world, "Backup", "nightly");
      await ended(world, "Backup", "second");
      // Which one is sent first depends on who died.
      world.starrocks.accepted.sort();
      const both = ["nightly", "second"].map((name) => essence(world, "Backup", name));
      return { world, end: both.map((one) => ({ ...one, snapshots: undefined })) };
    },
  },
  {
    name: "a Backup that goes well at its second attempt",
    live: async (death) => {
      const world = readyWorld(death);
      breakFirstAttempt(world);
      putBackup(world, { retry: { maxAttempts: 3, backoff: "1s" } });
      await ended(world, "Backup", "nightly");
      return { world, end: essence(world, "Backup", "nightly") };
    },
  },
  {
    name: "a Backup that is cancelled while it uploads",
    live: async (death) => {
      const world = readyWorld(death);
      onceUploading(world, () => world.edit(BACKUP, "nightly", { cancel: true }));
      putBackup(world);
      await ended(world, "Backup", "nightly");
      return { world, end: essence(world, "Backup", "nightly") };
    },
  },
  ...(["Retain", "Delete"] as const).map((deletionPolicy) => ({
    name: `the deletion of a Backup with ${deletionPolicy}`,
    live: async (death: Partial<Death>) => {
      const world = readyWorld(death);
      putFinishedBackup(world, { deletionPolicy });
      await world.delete(BACKUP, "nightly");
      await world.until(() => world.get(BACKUP, "nightly") === undefined, "its deletion");
      return { world, end: storage(world) };
    },
  })),
  {
    name: "a Backup that is deleted while it uploads",
    live: async (death) => {
      const world = readyWorld(death);
      onceUploading(world, () => world.delete(BACKUP, "nightly"));
      putBackup(world);
      await world.until(() => world.get(BACKUP, "nightly") === undefined, "its deletion");
      return { world, end: storage(world) };
    },
  },
  {
    name: "a Repository, from nothing to its deletion",
    live: async (death) => {
      const world = new World(death);
      world.put(REPOSITORY, repository({}, { meta: { finalizers: [] } }));
      const status = () => world.get(REPOSITORY, "prod")?.status;
      await world.until(() => status()?.snapshots !== undefined, "its catalogue");
      const { phase, conditions = [] } = must(status());
      await world.delete(REPOSITORY, "prod");
      await world.until(() => world.get(REPOSITORY, "prod") === undefined, "its deletion");
      expect(world.api.all(SERVICES)).to.deep.equal([]);
      return { world, end: { phase, conditions: conditions.map((c) => `${c.type}=${c.status}`) } };
    },
  },
];

describe("an operator that dies", () => {
  for (const { name, live } of LIVES) {
    for (const when of ["before", "after"] as const) {
      it(`brings ${name} to the same end, dying ${when} any write`, async () => {
        const { world, end } = await live({});
        expectNothingLeft(world);
        expectNothingTwice(world);
        const { writes } = world.mortality;
        expect(writes).to.not.deep.equal([]);
        for (const [i, what] of writes.entries()) {
          const where = `dying ${when} write ${i + 1} (${what})`;
          const other = await live({ write: i + 1, when }).catch((error: unknown) => {
            throw new Error(`${where}: ${String(error)}`, { cause: error });
          });
          expect(other.world.mortality.hasDied, where).to.be.true;
          expect(other.end, where).to.deep.equal(end);
          expectNothingLeft(other.world);
          expectNothingTwice(other.world);
        }
      });
    }
  }

  it("ends well, in each of these lives", async () => {
    expect(phaseOf((await must(LIVES[0]).live({})).world, "Backup", "nightly")).to.equal(
      "FINISHED",
    );
    expect(phaseOf((await must(LIVES[2]).live({})).world, "Restore", "again")).to.equal("FINISHED");
  });
});
