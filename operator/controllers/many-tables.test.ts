// A database of more tables than any list of a resource may have: all of them are backed up and restored, each is looked
// for before it may be overwritten, and no status grows with them.
import { expect } from "chai";
import { aBackup } from "../api/testing/cases.ts";
import { validate } from "../api/validate.ts";
import { must } from "../assert.ts";
import {
  ended,
  expectNothingLeft,
  messageOf,
  putBackup,
  putRestore,
  readyWorld,
} from "./testing/lives.ts";
import type { World } from "./testing/world.ts";

const TABLES = 10_000;
const NAMES = Array.from({ length: TABLES }, (_, i) => ({ name: `table_${i}` }));
/** A thousand of the names, and no more. */
const STATUS_BYTES_MAX = 100 * 1024;

async function worldOfAFinishedBackup(): Promise<World> {
  const world = readyWorld({ starrocks: { databases: { shop: NAMES } } });
  putBackup(world);
  expect((await ended(world, "Backup", "nightly")).phase).to.equal("FINISHED");
  return world;
}

function tablesOf(world: World, database: string): number {
  return must(world.starrocks.world.databases.get(database)).size;
}

function statusBytes(world: World, kind: "Backup" | "Restore", name: string): number {
  return JSON.stringify(world.job(kind, name).status).length;
}

describe(`a database of ${TABLES} tables`, () => {
  it("is backed up whole and restored whole", async () => {
    const world = await worldOfAFinishedBackup();
    world.starrocks.world.databases.get("shop")?.clear();
    putRestore(world);
    expect((await ended(world, "Restore", "again")).phase).to.equal("FINISHED");
    expect(tablesOf(world, "shop")).to.equal(TABLES);
    expect(statusBytes(world, "Backup", "nightly")).to.be.below(STATUS_BYTES_MAX);
    expect(statusBytes(world, "Restore", "again")).to.be.below(STATUS_BYTES_MAX);
    expectNothingLeft(world);
  });

  it("is restored onto none of its tables that nobody named", async () => {
    const world = await worldOfAFinishedBackup();
    putRestore(world);
    expect(await ended(world, "Restore", "again")).to.include({ reason: "TargetExists" });
    expect(messageOf(world, "Restore", "again").length).to.be.below(1024);
    expectNothingLeft(world);
  });

  it("cannot be named table by table: it is said how many may be", () => {
    const named = validate(aBackup({ tables: NAMES }));
    expect(named.map(({ path, message }) => `${path}: ${message}`)).to.deep.equal([
      "spec.tables: must NOT have more than 1000 items",
    ]);
  });
});
