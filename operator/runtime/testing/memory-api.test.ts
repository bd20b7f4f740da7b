import { expect } from "chai";
import { must } from "../../assert.ts";
import type { Lease } from "../objects.ts";
import { LEASES } from "../objects.ts";
import { describeApi } from "./api-contract.ts";
import { MemoryApi } from "./memory-api.ts";

describeApi("MemoryApi", () => {
  let namespaces = 0;
  return Promise.resolve({
    api: new MemoryApi(),
    namespace: () => Promise.resolve(`test-${(namespaces += 1)}`),
    close: () => Promise.resolve(),
  });
});

describe("MemoryApi", () => {
  const key = { namespace: "n", name: "a" };
  const lease: Lease = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "a", namespace: "n" },
  };
  const caught = async (call: Promise<unknown>) =>
    await call.then(
      () => undefined,
      (error: unknown) => error,
    );

  it("fails the next call before or after its effect, once", async () => {
    const api = new MemoryApi();
    const error = new Error("lost");
    api.failNext({ verb: "create", error });
    expect(await caught(api.create(LEASES, lease))).to.equal(error);
    expect(api.all(LEASES)).to.deep.equal([]);
    api.failNext({ verb: "create", kind: "Lease", when: "after", error });
    expect(await api.get(LEASES, key)).to.equal(undefined);
    expect(await caught(api.create(LEASES, lease))).to.equal(error);
    expect(api.all(LEASES)).to.have.length(1);
    expect(await caught(api.create(LEASES, lease))).to.have.property("reason", "AlreadyExists");
  });

  it("lists every write that took effect, and no other", async () => {
    const api = new MemoryApi();
    await api.create(LEASES, lease);
    await caught(api.create(LEASES, lease));
    await api.patch(LEASES, key, { spec: {} }, { subresource: "status" });
    await caught(api.patch(LEASES, key, {}, { resourceVersion: "1" }));
    await api.delete(LEASES, key);
    await api.delete(LEASES, key);
    expect(api.writes.map(({ verb, key, subresource }) => [verb, key, subresource])).to.deep.equal([
      ["create", "n/a", undefined],
      ["patch", "n/a", "status"],
      ["delete", "n/a", undefined],
    ]);
  });

  it("seeds objects as they are and shares nothing with the caller", async () => {
    const api = new MemoryApi();
    const spec = { holderIdentity: "x" };
    api.seed(LEASES, { ...lease, spec });
    spec.holderIdentity = "changed";
    const got = must(await api.get(LEASES, key));
    expect(got.spec?.holderIdentity).to.equal("x");
    expect(api.writes).to.deep.equal([]);
  });

  it("collects what an object owned, through finalizers and generations", async () => {
    const api = new MemoryApi();
    const owner = await api.create(LEASES, lease);
    const owned = (name: string, uid: string, finalizers: readonly string[]): Lease => ({
      ...lease,
      metadata: {
        name,
        namespace: "n",
        finalizers,
        ownerReferences: [{ apiVersion: lease.apiVersion, kind: "Lease", name: "x", uid }],
      },
    });
    const child = await api.create(LEASES, owned("child", must(owner.metadata.uid), []));
    await api.create(LEASES, owned("grandchild", must(child.metadata.uid), ["example.org/f"]));
    await api.delete(LEASES, key);
    expect(api.all(LEASES).map(({ metadata }) => metadata.name)).to.deep.equal(["grandchild"]);
    expect(api.all(LEASES)[0]?.metadata.deletionTimestamp).to.be.a("string");
  });

  it("answers 410 to a watch of a version that is forgotten", async () => {
    const api = new MemoryApi();
    const { resourceVersion } = await api.list(LEASES, {});
    await api.create(LEASES, lease);
    api.compact();
    const selection = { resourceVersion, signal: new AbortController().signal };
    const error = await caught(api.watch(LEASES, selection).next());
    expect(error).to.have.property("reason", "Expired");
  });
});
