// A namespace that takes our rights along when it is deleted.
import { expect } from "chai";
import { FINALIZER } from "../api/group.ts";
import { BACKUP } from "../api/kinds.ts";
import { must } from "../assert.ts";
import { ApiError } from "../runtime/api.ts";
import { NAMESPACES } from "../runtime/objects.ts";
import { makeWorld, type World } from "../runtime/testing/world.ts";
import { observeOrLetGo } from "./lost-rights.ts";
import { backup } from "./testing/samples.ts";

const KEY = { namespace: "ops", name: "nightly" };
const DELETED = "2026-01-01T00:00:00Z";

describe("observeOrLetGo", () => {
  let world: World;

  const put = (deleted: { readonly namespace: boolean; readonly backup: boolean }): void => {
    const of = (isDeleted: boolean) => (isDeleted ? { deletionTimestamp: DELETED } : {});
    const metadata = { name: "ops", finalizers: ["kubernetes"], ...of(deleted.namespace) };
    world.api.seed(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata });
    const one = backup();
    world.api.seed(BACKUP, {
      ...one,
      metadata: { ...one.metadata, ...KEY, finalizers: [FINALIZER], ...of(deleted.backup) },
    });
  };
  const refused = new ApiError(403, "Forbidden", "jobs is forbidden");
  const observe = async (error: Error = refused): Promise<string | undefined> =>
    await observeOrLetGo(world, BACKUP, KEY, async () => {
      throw error;
    });
  const failure = async (error?: Error): Promise<unknown> => {
    try {
      return await observe(error);
    } catch (thrown) {
      return thrown;
    }
  };

  beforeEach(() => {
    world = makeWorld();
  });

  it("says what is seen", async () => {
    expect(await observeOrLetGo(world, BACKUP, KEY, () => Promise.resolve("seen"))).to.equal(
      "seen",
    );
  });

  it("lets go where nothing can be seen any more, and says what stays", async () => {
    put({ namespace: true, backup: true });
    expect(await failure()).to.equal(refused);
    await world.clock.advance(60_000);
    expect(await observe()).to.equal(undefined);
    expect(await world.api.get(BACKUP, KEY)).to.equal(undefined);
    expect(must(world.log.lines.at(-1)).message).to.match(/data is kept.*StarRocks stays/);
  });

  it("believes no refusals of an API server that has just started", async () => {
    put({ namespace: true, backup: true });
    expect(await failure()).to.equal(refused);
    await world.clock.advance(59_000);
    expect(await failure()).to.equal(refused);
    expect(await observeOrLetGo(world, BACKUP, KEY, () => Promise.resolve("seen"))).to.equal(
      "seen",
    );
    await world.clock.advance(59_000);
    expect(await failure()).to.equal(refused);
    expect((await world.api.get(BACKUP, KEY))?.metadata.finalizers).to.deep.equal([FINALIZER]);
  });

  for (const deleted of [
    { namespace: false, backup: true },
    { namespace: true, backup: false },
  ]) {
    it(`waits for rights that may come back: ${JSON.stringify(deleted)}`, async () => {
      put(deleted);
      expect(await failure()).to.equal(refused);
      await world.clock.advance(600_000);
      expect(await failure()).to.equal(refused);
      expect((await world.api.get(BACKUP, KEY))?.metadata.finalizers).to.deep.equal([FINALIZER]);
    });
  }

  it("lets nothing go for any other error", async () => {
    put({ namespace: true, backup: true });
    const error = new ApiError(503, "ServiceUnavailable", "later");
    expect(await failure(error)).to.equal(error);
    expect((await world.api.get(BACKUP, KEY))?.metadata.finalizers).to.deep.equal([FINALIZER]);
  });
});
