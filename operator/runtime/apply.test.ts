import { expect } from "chai";
import { must } from "../assert.ts";
import { createIfAbsent, isDeleting, patchStatus } from "./apply.ts";
import { addFinalizer, hasFinalizer, removeFinalizer } from "./finalizer.ts";
import type { Job } from "./objects.ts";
import { JOBS, LEASES } from "./objects.ts";
import { isApiError } from "./api.ts";
import type { World } from "./testing/world.ts";
import { lease, makeWorld } from "./testing/world.ts";

const caught = async (call: Promise<unknown>) =>
  await call.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("patchStatus", () => {
  let world: World;
  let job: Job;

  beforeEach(() => {
    world = makeWorld();
    const status = { active: 1, startTime: "2026-01-01T00:00:00Z" };
    job = world.api.seed(JOBS, {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "a", namespace: "n" },
      status,
    });
  });

  it("writes what changed, and removes what is no longer there", async () => {
    const after = await patchStatus(world.api, JOBS, job, { active: 2 });
    expect(after.status).to.deep.equal({ active: 2 });
    expect(world.api.writes.map(({ body, subresource }) => [subresource, body])).to.deep.equal([
      ["status", { status: { active: 2, startTime: null } }],
    ]);
  });

  it("writes nothing when nothing changed", async () => {
    const same = { startTime: "2026-01-01T00:00:00Z", active: 1 };
    expect(await patchStatus(world.api, JOBS, job, same)).to.equal(job);
    expect(world.api.writes).to.deep.equal([]);
  });

  it("refuses when the object has changed since it was read", async () => {
    await world.api.patch(
      JOBS,
      { namespace: "n", name: "a" },
      { metadata: { labels: { a: "b" } } },
    );
    const error = await caught(patchStatus(world.api, JOBS, job, { active: 2 }));
    expect(isApiError(error, "Conflict")).to.equal(true);
  });
});

describe("createIfAbsent", () => {
  it("makes it once, and then gives what is there", async () => {
    const { api } = makeWorld();
    const first = await createIfAbsent(api, LEASES, lease("a"));
    const second = await createIfAbsent(api, LEASES, lease("a", { labels: { other: "1" } }));
    expect([first.created, second.created]).to.deep.equal([true, false]);
    expect(second.object).to.deep.equal(first.object);
  });

  it("finds what it made when the answer was lost", async () => {
    const { api } = makeWorld();
    api.failNext({ verb: "create", when: "after", error: new Error("connection reset") });
    expect(await caught(createIfAbsent(api, LEASES, lease("a")))).to.be.instanceOf(Error);
    const { created } = await createIfAbsent(api, LEASES, lease("a"));
    expect(created).to.equal(false);
  });
});

describe("finalizers", () => {
  const FINALIZER = "example.org/cleanup";
  const key = { namespace: "n", name: "a" };

  it("are added beside others and removed alone; both write nothing the second time", async () => {
    const { api } = makeWorld();
    const made = await api.create(LEASES, lease("a", { finalizers: ["example.org/other"] }));
    const added = await addFinalizer(api, LEASES, made, FINALIZER);
    expect(added.metadata.finalizers).to.deep.equal(["example.org/other", FINALIZER]);
    expect(hasFinalizer(added, FINALIZER)).to.equal(true);
    expect(await addFinalizer(api, LEASES, added, FINALIZER)).to.equal(added);
    await removeFinalizer(api, LEASES, added, FINALIZER);
    const left = must(await api.get(LEASES, key));
    expect(left.metadata.finalizers).to.deep.equal(["example.org/other"]);
    const writes = api.writes.length;
    await removeFinalizer(api, LEASES, left, FINALIZER);
    expect(api.writes.length).to.equal(writes);
  });

  it("hold a deleted object until removed, and do not mind when it is gone already", async () => {
    const { api } = makeWorld();
    const made = await addFinalizer(api, LEASES, await api.create(LEASES, lease("a")), FINALIZER);
    await api.delete(LEASES, key);
    const dying = must(await api.get(LEASES, key));
    expect([isDeleting(made), isDeleting(dying)]).to.deep.equal([false, true]);
    await removeFinalizer(api, LEASES, dying, FINALIZER);
    expect(await api.get(LEASES, key)).to.equal(undefined);
    await removeFinalizer(api, LEASES, dying, FINALIZER);
  });

  it("are not lost between two writers", async () => {
    const { api } = makeWorld();
    const made = await api.create(LEASES, lease("a"));
    await addFinalizer(api, LEASES, made, "example.org/first");
    const error = await caught(addFinalizer(api, LEASES, made, FINALIZER));
    expect(isApiError(error, "Conflict")).to.equal(true);
    const now = must(await api.get(LEASES, key));
    expect(now.metadata.finalizers).to.deep.equal(["example.org/first"]);
  });
});
