import { expect } from "chai";
import { must } from "../assert.ts";
import type { Api } from "./api.ts";
import { ApiError } from "./api.ts";
import { Leader } from "./leader.ts";
import { LEASES } from "./objects.ts";
import type { World } from "./testing/world.ts";
import { makeWorld, metricOf } from "./testing/world.ts";

const KEY = { namespace: "n", name: "operator" };

/** One candidate, and what became of it. */
class Candidate {
  readonly leader: Leader;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  hasLost = false;

  constructor(world: World, identity: string, api: Api = world.api) {
    this.leader = new Leader({ ...world, api }, { ...KEY, identity });
    void this.leader.lost.then(() => {
      this.hasLost = true;
    });
    this.#running = this.leader.run(this.#stop.signal);
  }

  get leads(): boolean {
    return this.leader.isLeader();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error("stop"));
    await this.#running;
  }
}

describe("Leader", () => {
  let world: World;
  let candidates: Candidate[];

  const candidate = (identity: string, api?: Api) => {
    const made = new Candidate(world, identity, api);
    candidates.push(made);
    return made;
  };
  const spec = async () => must(must(await world.api.get(LEASES, KEY)).spec);

  beforeEach(() => {
    world = makeWorld();
    candidates = [];
  });
  afterEach(async () => {
    for (const one of candidates) await one.stop();
    expect(world.clock.pending, "timers left").to.equal(0);
  });

  it("makes the lease and renews it", async () => {
    const a = candidate("a");
    await world.clock.advance(0);
    await a.leader.elected;
    expect(a.leads).to.equal(true);
    expect(await metricOf(world, "leader")).to.equal(1);
    const first = await spec();
    expect(first).to.include({
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
    });
    expect(first.acquireTime).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    await world.clock.advance(60_000);
    const later = await spec();
    expect(a.leads).to.equal(true);
    expect(later.acquireTime).to.equal(first.acquireTime);
    expect(later.renewTime).not.to.equal(first.renewTime);
  });

  it("leaves others waiting for as long as it renews", async () => {
    const a = candidate("a");
    await world.clock.advance(0);
    const b = candidate("b");
    await world.clock.advance(300_000);
    expect([a.leads, b.leads]).to.deep.equal([true, false]);
  });

  it("gives the lease back when stopped: the next one leads at its next look", async () => {
    const a = candidate("a");
    await world.clock.advance(0);
    const b = candidate("b");
    await world.clock.advance(10_000);
    await a.stop();
    expect((await spec()).holderIdentity).to.equal("");
    expect(a.leads).to.equal(false);
    expect(a.hasLost).to.equal(false);
    await world.clock.advance(2500);
    expect(b.leads).to.equal(true);
    expect((await spec()).leaseTransitions).to.equal(1);
  });

  it("takes over from one that is gone, after the whole duration on its own clock", async () => {
    world.api.seed(LEASES, {
      apiVersion: LEASES.apiVersion,
      kind: LEASES.kind,
      metadata: KEY,
      // Its clock is years ahead, or behind: that must not matter.
      spec: {
        holderIdentity: "gone",
        leaseDurationSeconds: 15,
        renewTime: "2035-01-01T00:00:00.000000Z",
      },
    });
    const a = candidate("a");
    await world.clock.advance(15_000);
    expect(a.leads).to.equal(false);
    await world.clock.advance(3000);
    expect(a.leads).to.equal(true);
  });

  it("is lost at its renew deadline when the server is gone, before anybody can take over", async () => {
    let isGone = false;
    const a = candidate(
      "a",
      refusing(world.api, () => isGone),
    );
    await world.clock.advance(0);
    const b = candidate("b");
    await world.clock.advance(20_000);
    isGone = true;
    let ledTogether = 0;
    let lostAt = 0;
    let tookAt = 0;
    for (let ms = 0; ms < 30_000; ms += 100) {
      await world.clock.advance(100);
      if (a.leads && b.leads) ledTogether += 1;
      if (!a.leads && lostAt === 0) lostAt = ms;
      if (b.leads && tookAt === 0) tookAt = ms;
    }
    expect(ledTogether).to.equal(0);
    expect(lostAt).to.be.within(7000, 10_000);
    expect(tookAt).to.be.greaterThan(lostAt + 2000);
    expect(a.hasLost).to.equal(true);
  });

  it("is lost at its deadline also when its requests hang", async () => {
    let isHanging = false;
    const a = candidate(
      "a",
      refusing(world.api, () => (isHanging ? "hang" : false)),
    );
    await world.clock.advance(5000);
    isHanging = true;
    await world.clock.advance(10_000);
    expect([a.leads, a.hasLost]).to.deep.equal([false, true]);
  });

  it("survives one request that hangs", async () => {
    let hangs = 0;
    const a = candidate(
      "a",
      refusing(world.api, () => (hangs-- > 0 ? "hang" : false)),
    );
    await world.clock.advance(1000);
    hangs = 1;
    await world.clock.advance(60_000);
    expect([a.leads, a.hasLost]).to.deep.equal([true, false]);
  });

  it("is lost at once when another one's name is on the lease, and does not come back", async () => {
    const a = candidate("a");
    await world.clock.advance(0);
    await world.api.patch(LEASES, KEY, { spec: { holderIdentity: "thief" } });
    await world.clock.advance(2500);
    expect([a.leads, a.hasLost]).to.deep.equal([false, true]);
    await world.api.patch(LEASES, KEY, { spec: { holderIdentity: "" } });
    await world.clock.advance(60_000);
    expect(a.leads).to.equal(false);
  });

  it("makes one leader of many that come at once", async () => {
    for (const identity of ["a", "b", "c", "d"]) candidate(identity);
    for (let round = 0; round < 20; round += 1) {
      await world.clock.advance(1000);
      expect(candidates.filter(({ leads }) => leads).length).to.equal(1);
    }
  });

  it("asks the server before what cannot be repeated", async () => {
    const a = candidate("a");
    await world.clock.advance(0);
    await a.leader.requireLease();
    await world.api.patch(LEASES, KEY, { spec: { holderIdentity: "thief" } });
    const error: unknown = await a.leader.requireLease().catch((reason: unknown) => reason);
    expect(error).to.have.property("reason", "NotLeader");
    expect(error).to.have.property("message", "lease n/operator is held by thief, not by us");
  });
});

/** An API that fails or hangs while it is told to. */
function refusing(api: Api, how: () => boolean | "hang"): Api {
  const meet = async () => {
    const now = how();
    if (now === "hang") await new Promise(() => {});
    if (now === true) throw new ApiError(503, "ServiceUnavailable", "gone");
  };
  return new Proxy(api, {
    get: (target, name: keyof Api) => {
      const method = target[name].bind(target) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        await meet();
        return await method(...args);
      };
    },
  });
}
