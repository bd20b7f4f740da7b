import { expect } from "chai";
import { ManualClock } from "../../../operator/testing/manual-clock.ts";
import { Chooser, type Endpoint, type Rules } from "./choice.ts";

const SLOT: Rules = { preferSameNode: true, local: false, affinityMs: 10_800_000 };
const ON_A = { address: "127.9.1.2", node: "node-a" };
const OUTSIDE = { address: "127.0.0.1" };

function endpoint(node: string, change: Partial<Endpoint> = {}): Endpoint {
  return { address: `pod-${node}`, port: 8000, node, ready: true, serving: false, ...change };
}

const A = endpoint("node-a");
const B = endpoint("node-b");
const C = endpoint("node-c");

/** Where 20 connections go. */
function places(
  chooser: Chooser,
  endpoints: readonly Endpoint[],
  rules: Rules,
  caller = ON_A as { readonly address: string; readonly node?: string },
): readonly string[] {
  const seen = Array.from({ length: 20 }, () => {
    const choice = chooser.choose(endpoints, rules, caller);
    return choice.kind === "connect" ? choice.endpoint.address : choice.kind;
  });
  return [...new Set(seen)].sort();
}

describe("the choice of an endpoint", () => {
  let clock: ManualClock;
  let turn: number;
  let chooser: Chooser;

  beforeEach(() => {
    clock = new ManualClock();
    turn = 0;
    chooser = new Chooser(clock, () => {
      turn += 1;
      return (turn % 10) / 10;
    });
  });

  it("refuses without endpoints, also when all are unready", () => {
    expect(places(chooser, [], SLOT)).to.deep.equal(["refuse"]);
    expect(places(chooser, [endpoint("node-a", { ready: false })], SLOT)).to.deep.equal(["refuse"]);
  });

  it("prefers the caller's node", () => {
    const rules = { preferSameNode: true, local: false };
    expect(places(chooser, [A, B, C], rules)).to.deep.equal(["pod-node-a"]);
    expect(places(chooser, [B, C], rules)).to.deep.equal(["pod-node-b", "pod-node-c"]);
  });

  it("spreads over all for a caller on no node", () => {
    const rules = { preferSameNode: true, local: false };
    expect(places(chooser, [A, B, C], rules, OUTSIDE)).to.have.length(3);
  });

  it("keeps a caller at one endpoint", () => {
    const first = places(chooser, [B, C], SLOT);
    expect(first).to.have.length(1);
    expect(places(chooser, [B, C], SLOT)).to.deep.equal(first);
  });

  it("gives it another one after that one's end, and the own node's when it appears", () => {
    const [first] = places(chooser, [B, C], SLOT);
    const left = [B, C].filter((e) => e.address !== first);
    expect(places(chooser, left, SLOT)).to.deep.equal(left.map((e) => e.address));
    expect(places(chooser, [...left, A], SLOT)).to.deep.equal(["pod-node-a"]);
  });

  it("renews the timeout with each connection", async () => {
    const rules = { preferSameNode: false, local: false, affinityMs: 1000 };
    const seen = new Set<string>();
    for (let i = 0; i < 20; i += 1) {
      const choice = chooser.choose([A, B, C], rules, ON_A);
      if (choice.kind === "connect") seen.add(choice.endpoint.address);
      await clock.advance(900);
    }
    expect(seen.size).to.equal(1);
  });

  it("picks anew once the timeout has passed", async () => {
    const rules = { preferSameNode: false, local: false, affinityMs: 1000 };
    const seen = new Set<string>();
    for (let i = 0; i < 20; i += 1) {
      const choice = chooser.choose([A, B, C], rules, ON_A);
      if (choice.kind === "connect") seen.add(choice.endpoint.address);
      await clock.advance(1001);
    }
    expect(seen.size).to.equal(3);
  });

  it("swallows for Local when all endpoints are elsewhere", () => {
    const rules = { preferSameNode: false, local: true };
    expect(places(chooser, [B, C], rules)).to.deep.equal(["swallow"]);
    expect(places(chooser, [A, B], rules)).to.deep.equal(["pod-node-a"]);
    expect(places(chooser, [], rules)).to.deep.equal(["refuse"]);
  });

  it("falls back to endpoints that are ending and still serve", () => {
    const ending = endpoint("node-b", { ready: false, serving: true });
    expect(places(chooser, [ending], SLOT)).to.deep.equal(["pod-node-b"]);
    expect(places(chooser, [ending, C], SLOT)).to.deep.equal(["pod-node-c"]);
  });
});
