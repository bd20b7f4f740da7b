// Whose turn it is.
import { expect } from "chai";
import { placesOf, turnOf, type QueuedJob, type Turn } from "./turn.ts";

let age = 0;

/** Younger than those made before it. */
function job(name: string, delta: Partial<QueuedJob> = {}): QueuedJob {
  age += 1;
  const createdAt = new Date(age * 1_000).toISOString();
  const usual = { kind: "Backup", database: `db_${name}`, running: false, standsAside: false };
  return { name, uid: `uid-${name}`, createdAt, ...usual, ...delta } as QueuedJob;
}

function wait(position: number, message: string): Turn {
  return { kind: "wait", position, message };
}

describe("turnOf", () => {
  beforeEach(() => {
    age = 0;
  });

  it("goes when nobody is before it", () => {
    const [a, b] = [job("a"), job("b")];
    expect(turnOf(a, [a, b], 1)).to.deep.equal({ kind: "go" });
  });

  it("goes by name among those of one second, whatever their UIDs", () => {
    const createdAt = "2026-01-02T03:04:05Z";
    const first = job("nightly-1", { createdAt, uid: "z", database: "db" });
    const second = job("nightly-2", { createdAt, uid: "a", database: "db" });
    expect(turnOf(first, [second, first], 2)).to.deep.equal({ kind: "go" });
    expect(turnOf(second, [second, first], 2).kind).to.equal("wait");
  });

  it("goes on, once it runs, whoever waits", () => {
    const [a, b] = [job("a"), job("b", { running: true })];
    expect(turnOf(b, [a, b], 1)).to.deep.equal({ kind: "go" });
  });

  it("goes with others as long as there are slots", () => {
    const [a, b, c] = [job("a", { running: true }), job("b"), job("c")];
    expect(turnOf(b, [a, b, c], 2)).to.deep.equal({ kind: "go" });
    const message = "one of the Repository's 2 slots (concurrency), held by Backup a";
    expect(turnOf(c, [a, b, c], 2)).to.deep.equal(wait(2, message));
  });

  it("waits behind an older job of its database, though slots are free", () => {
    const [a, b] = [job("a", { database: "x" }), job("b", { database: "x" })];
    const message = "Backup a, which is before it on database x";
    expect(turnOf(b, [a, b], 5)).to.deep.equal(wait(2, message));
  });

  it("waits behind a younger job of its database that runs", () => {
    const b = job("b", { database: "x" });
    const a = job("a", { database: "x", running: true, kind: "Restore" });
    expect(turnOf(b, [a, b], 5)).to.deep.equal(
      wait(1, "Restore a, which is before it on database x"),
    );
  });

  it("does not wait for those that could not go anyway", () => {
    const a = job("a", { database: "x", running: true });
    const b = job("b", { database: "x" });
    const c = job("c", { database: "y" });
    expect(turnOf(c, [a, b, c], 2)).to.deep.equal({ kind: "go" });
  });

  it("passes those that stand aside", () => {
    const [a, b] = [job("a", { standsAside: true }), job("b")];
    expect(turnOf(b, [a, b], 1)).to.deep.equal({ kind: "go" });
    expect(turnOf(a, [a, b], 1), "its own turn").to.deep.equal({ kind: "go" });
  });

  it("waits for nobody because of a database that is not known yet", () => {
    const a = job("a", { database: undefined, running: true });
    const b = job("b", { database: undefined });
    expect(turnOf(b, [a, b], 2)).to.deep.equal({ kind: "go" });
  });

  it("is decided by the UID between two of one second, the same for all", () => {
    const createdAt = "2026-01-01T00:00:00Z";
    const [a, b] = [job("a", { createdAt }), job("b", { createdAt })];
    for (const all of [
      [a, b],
      [b, a],
    ]) {
      expect(turnOf(a, all, 1).kind).to.equal("go");
      expect(turnOf(b, all, 1).kind).to.equal("wait");
    }
  });

  it("names three of those that hold the slots", () => {
    const running = ["a", "b", "c", "d"].map((name) => job(name, { running: true }));
    const me = job("me");
    const message =
      "one of the Repository's 4 slots (concurrency), held by Backup a, Backup b, Backup c and 1 more";
    expect(turnOf(me, [...running, me], 4)).to.deep.equal(wait(1, message));
  });

  it("waits for the one slot that an older one has not taken yet", () => {
    const [a, b] = [job("a"), job("b")];
    const message = "the Repository's slot (concurrency), next for Backup a";
    expect(turnOf(b, [a, b], 1)).to.deep.equal(wait(2, message));
  });

  it("waits for the one slot", () => {
    const [a, b] = [job("a", { running: true }), job("b")];
    const message = "the Repository's slot (concurrency), held by Backup a";
    expect(turnOf(b, [a, b], 1)).to.deep.equal(wait(1, message));
  });
});

describe("placesOf", () => {
  it("says of each that waits what turnOf says of it", () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const pick = picker(seed);
      const all = Array.from({ length: pick(12) }, (_, i) => {
        const running = pick(4) === 0;
        const database = pick(6) === 0 ? undefined : `db_${pick(5)}`;
        const standsAside = !running && pick(5) === 0;
        return job(`j${i}`, { running, standsAside, database });
      });
      const slots = 1 + pick(4);
      const expected = all
        .filter((j) => !j.running && !j.standsAside)
        .map((j) => [j.uid, turnOf(j, all, slots)] as const);
      const places = placesOf(all, slots);
      const told = `seed ${seed}: ${JSON.stringify(all)}`;
      expect([...places.keys()].sort(), told).to.deep.equal(expected.map(([uid]) => uid).sort());
      for (const [uid, turn] of expected) {
        expect(places.get(uid)?.goes, `${uid}; ${told}`).to.equal(turn.kind === "go");
        if (turn.kind === "wait") expect(places.get(uid)?.position).to.equal(turn.position);
      }
    }
  });
});

/** Whole numbers below n, the same for the same seed. */
function picker(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % n;
  };
}
