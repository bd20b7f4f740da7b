import { expect } from "chai";
import type { Log } from "../log.ts";
import { silentLog } from "../log.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import type { Identity } from "./s3-identity.ts";
import { RenewedIdentity } from "./s3-identity.ts";
import { rejection } from "./testing/collect.ts";

const HOUR_MS = 3_600_000;

/** A place that gives out sessions of an hour, one after the other, and can be away. */
class Sessions {
  readonly clock = new ManualClock();
  readonly warnings: string[] = [];
  given = 0;
  asked = 0;
  away = false;
  lifeMs: number | undefined = HOUR_MS;
  /** While it is there, nobody gets an answer. */
  held: Promise<void> | undefined;
  readonly identity: RenewedIdentity;

  constructor(everyMs?: number) {
    const log: Log = { ...silentLog, warn: (message) => this.warnings.push(message) };
    this.identity = new RenewedIdentity(() => this.#give(), { clock: this.clock, log }, everyMs);
  }

  async get(): Promise<string> {
    return (await this.identity.get()).accessKeyId;
  }

  async #give(): Promise<Identity> {
    this.asked += 1;
    await this.held;
    if (this.away) throw new Error("nobody answers");
    this.given += 1;
    const keys = { accessKeyId: `k${this.given}`, secretAccessKey: "s" };
    if (this.lifeMs === undefined) return keys;
    return { ...keys, expiration: new Date(this.clock.now() + this.lifeMs) };
  }
}

describe("RenewedIdentity", () => {
  it("renews a session before its end, for days, and never gives one that is over", async () => {
    const sessions = new Sessions();
    for (let minute = 0; minute < 3 * 24 * 60; minute += 1) {
      const id = await sessions.get();
      const bornAt = Number(id.slice(1)) - 1;
      expect(minute - bornAt * 45, `${id} at minute ${minute}`).to.be.within(0, 50);
      await sessions.clock.advance(60_000);
    }
    expect(sessions.asked).to.be.within(94, 98);
  });

  it("lets requests go on with the old session while a new one is fetched", async () => {
    const sessions = new Sessions();
    await sessions.get();
    await sessions.clock.advance(50 * 60_000);
    const gate = Promise.withResolvers<void>();
    sessions.held = gate.promise;
    expect(await sessions.get()).to.equal("k1");
    expect(await sessions.get()).to.equal("k1");
    expect(sessions.asked).to.equal(2);
    gate.resolve();
    await sessions.clock.advance(0);
    expect(await sessions.get()).to.equal("k2");
  });

  it("disturbs nobody when a renewal fails before the end, tries again in between, and says so", async () => {
    const sessions = new Sessions();
    await sessions.get();
    sessions.away = true;
    for (let minute = 0; minute < 59; minute += 1) {
      await sessions.clock.advance(60_000);
      expect(await sessions.get()).to.equal("k1");
    }
    expect(sessions.asked).to.be.within(10, 20);
    expect(sessions.warnings[0]).to.include("could not be renewed");
    await sessions.clock.advance(60_000);
    expect(await rejection(sessions.get())).to.have.property("message", "nobody answers");
    sessions.away = false;
    expect(await sessions.get()).to.equal("k2");
  });

  it("asks once for many requests", async () => {
    const sessions = new Sessions();
    const ids = await Promise.all(Array.from({ length: 100 }, () => sessions.get()));
    expect([...new Set(ids)]).to.deep.equal(["k1"]);
    await sessions.clock.advance(2 * HOUR_MS);
    await Promise.all(Array.from({ length: 100 }, () => sessions.get()));
    expect(sessions.asked).to.equal(2);
  });

  it("renews what was refused, once for all that were, and not again at once", async () => {
    const sessions = new Sessions();
    const first = await sessions.identity.get();
    await sessions.clock.advance(60_000);
    const refused = () => sessions.identity.renewRefused(first);
    expect(await Promise.all([refused(), refused(), refused()])).to.deep.equal([true, true, true]);
    expect(sessions.asked).to.equal(2);
    const second = await sessions.identity.get();
    expect(await sessions.identity.renewRefused(second)).to.equal(false);
    expect(sessions.asked).to.equal(2);
  });

  it("says that there is no other identity when the same keys come back", async () => {
    const keys = { accessKeyId: "k", secretAccessKey: "s" };
    const { clock } = new Sessions();
    const identity = new RenewedIdentity(async () => ({ ...keys }), { clock, log: silentLog });
    const first = await identity.get();
    await clock.advance(60_000);
    expect(await identity.renewRefused(first)).to.equal(false);
  });

  it("rejects with the reason why what was refused cannot be renewed", async () => {
    const sessions = new Sessions();
    const first = await sessions.identity.get();
    await sessions.clock.advance(60_000);
    sessions.away = true;
    const failed = await rejection(sessions.identity.renewRefused(first));
    expect(failed).to.have.property("message", "nobody answers");
  });

  it("looks for new keys without an end as often as told, and keeps the old when there are none", async () => {
    const sessions = new Sessions(5_000);
    sessions.lifeMs = undefined;
    expect(await sessions.get()).to.equal("k1");
    await sessions.clock.advance(4_999);
    expect(await sessions.get()).to.equal("k1");
    await sessions.clock.advance(1);
    expect(await sessions.get()).to.equal("k2");
    sessions.away = true;
    await sessions.clock.advance(60_000);
    expect(await sessions.get()).to.equal("k2");
  });

  it("does not ask at every request when the clock makes each session look over", async () => {
    const sessions = new Sessions();
    sessions.lifeMs = -HOUR_MS;
    for (let i = 0; i < 50; i += 1) {
      await sessions.get();
      await sessions.clock.advance(100);
    }
    expect(sessions.asked).to.be.at.most(2);
  });
});
