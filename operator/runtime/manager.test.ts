import { expect } from "chai";
import { must } from "../assert.ts";
import { watches } from "./controller.ts";
import type { HealthCheck } from "./health.ts";
import { Leader } from "./leader.ts";
import { Manager } from "./manager.ts";
import { LEASES, PODS } from "./objects.ts";
import type { Result } from "./result.ts";
import { done } from "./result.ts";
import type { World } from "./testing/world.ts";
import { lease, makeWorld } from "./testing/world.ts";

describe("Manager", () => {
  const KEY = { namespace: "system", name: "operator" };
  let world: World;
  let checks: HealthCheck[];
  let leader: Leader;
  let manager: Manager;
  let stop: AbortController;
  let reconciled: string[];

  const start = (reconcile: () => Promise<Result> = () => Promise.resolve(done("ok"))) => {
    manager.add({
      name: "test",
      sources: [watches(manager.informer(LEASES, { namespaces: ["n"] }))],
      reconcile: async ({ name }) => {
        reconciled.push(name);
        return await reconcile();
      },
    });
    const ended: { error?: unknown; isOver: boolean } = { isOver: false };
    const running = manager.run(stop.signal).then(
      () => {
        ended.isOver = true;
      },
      (error: unknown) => {
        ended.isOver = true;
        ended.error = error;
      },
    );
    return { ended, running };
  };

  beforeEach(() => {
    world = makeWorld();
    checks = [];
    reconciled = [];
    stop = new AbortController();
    leader = new Leader(world, { ...KEY, identity: "us" });
    const register = (check: HealthCheck) => checks.push(check);
    manager = new Manager({ ...world, register, leader });
    world.api.seed(LEASES, lease("a"));
  });

  it("makes one informer for a kind and scope", () => {
    const first = manager.informer(LEASES, { namespaces: ["n"] });
    expect(manager.informer(LEASES, { namespaces: ["n"] })).to.equal(first);
    expect(manager.informer(LEASES)).not.to.equal(first);
    expect(manager.informer(PODS, { namespaces: ["n"] })).not.to.equal(first);
    expect(checks.map(({ name }) => name)).to.have.length(3);
  });

  it("lists and leads before it works, and stops in order", async () => {
    world.api.failNext({ verb: "list", error: new Error("not yet") });
    const { ended, running } = start();
    await world.clock.advance(100);
    expect(reconciled).to.deep.equal([]);
    expect(leader.isLeader()).to.equal(true);
    await world.clock.advance(1000);
    expect(reconciled).to.deep.equal(["a"]);
    stop.abort(new Error("SIGTERM"));
    await running;
    expect(ended).to.deep.equal({ isOver: true });
    expect((await world.api.get(LEASES, KEY))?.spec?.holderIdentity).to.equal("");
    expect(world.clock.pending).to.equal(0);
  });

  it("does nothing while another one leads, and stops all the same", async () => {
    world.api.seed(LEASES, {
      ...lease("operator", { namespace: KEY.namespace }),
      spec: { holderIdentity: "other", leaseDurationSeconds: 3600 },
    });
    const { ended, running } = start();
    await world.clock.advance(60_000);
    expect(reconciled).to.deep.equal([]);
    stop.abort(new Error("SIGTERM"));
    await running;
    expect(ended).to.deep.equal({ isOver: true });
  });

  it("lets a running reconcile end, leading meanwhile, and takes no more work", async () => {
    const { promise, resolve } = Promise.withResolvers<Result>();
    const { ended, running } = start(() => promise);
    await world.clock.advance(100);
    stop.abort(new Error("SIGTERM"));
    await world.api.create(LEASES, lease("b"));
    await world.clock.advance(15_000);
    expect([ended.isOver, leader.isLeader()]).to.deep.equal([false, true]);
    resolve(done("after all"));
    await running;
    expect(reconciled).to.deep.equal(["a"]);
    expect(leader.isLeader()).to.equal(false);
  });

  it("goes without a reconcile that does not end, and says so", async () => {
    const { ended } = start(() => new Promise(() => {}));
    await world.clock.advance(100);
    stop.abort(new Error("SIGTERM"));
    await world.clock.advance(24_999);
    expect(ended.isOver).to.equal(false);
    await world.clock.advance(1);
    expect(ended).to.deep.equal({ isOver: true });
    const errors = world.log.lines.filter(({ level }) => level === "error");
    expect(errors.map(({ message }) => message)).to.deep.equal([
      "reconciles do not heed their signal; stops without them",
    ]);
  });

  it("aborts reconciles at once and rejects when leadership is lost", async () => {
    const seen: string[] = [];
    manager.add({
      name: "slow",
      sources: [watches(manager.informer(LEASES, { namespaces: ["n"] }))],
      reconcile: (_, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            seen.push(must(signal.reason as Error).message);
            reject(signal.reason as Error);
          });
        }),
    });
    const { ended, running } = start();
    await world.clock.advance(100);
    await world.api.patch(LEASES, KEY, { spec: { holderIdentity: "thief" } });
    await world.clock.advance(3000);
    await running;
    expect(ended.error).to.have.property("reason", "LeadershipLost");
    expect(seen).to.have.length(1);
    expect((await world.api.get(LEASES, KEY))?.spec?.holderIdentity).to.equal("thief");
  });
});
