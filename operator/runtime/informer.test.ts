import { expect } from "chai";
import { must } from "../assert.ts";
import type { Api } from "./api.ts";
import { ApiError } from "./api.ts";
import type { Change } from "./informer.ts";
import { Informer } from "./informer.ts";
import type { Lease } from "./objects.ts";
import type { Namespace } from "./objects.ts";
import { LEASES, NAMESPACES } from "./objects.ts";
import { byLabel } from "./store.ts";
import type { World } from "./testing/world.ts";
import { lease, makeWorld, metricOf } from "./testing/world.ts";

function namespaceOf(name: string): Namespace {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

describe("Informer", () => {
  let world: World;
  let informer: Informer<Lease>;
  let seen: string[];
  let stop: AbortController;
  let running: Promise<void>;

  const named = (name: string) => ({ namespace: "n", name });
  const describeChange = ({ before, after }: Change<Lease>): string => {
    const name = must(after ?? before).metadata.name;
    if (before === after) return `resync ${name}`;
    if (before === undefined) return `added ${name}`;
    return after === undefined ? `deleted ${name}` : `updated ${name}`;
  };
  const start = (api: Api = world.api, options = {}, namespaces = ["n"]) => {
    informer = new Informer({ ...world, api }, LEASES, { namespaces }, options);
    informer.subscribe((change) => seen.push(describeChange(change)));
    running = informer.run(stop.signal);
  };
  const settle = () => world.clock.advance(0);
  const renew = (name: string, holderIdentity: string) =>
    world.api.patch(LEASES, named(name), { spec: { holderIdentity } });

  beforeEach(() => {
    world = makeWorld();
    seen = [];
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort(new Error("the test is over"));
    await running;
  });

  it("lists page by page, then tells every change in order", async () => {
    for (const name of ["a", "b", "c"]) world.api.seed(LEASES, lease(name));
    start(world.api, { pageSize: 2 });
    expect(informer.isSynced).to.equal(false);
    await settle();
    await informer.synced;
    expect(seen).to.deep.equal(["added a", "added b", "added c"]);
    await world.api.create(LEASES, lease("d"));
    await renew("a", "x");
    await world.api.delete(LEASES, named("b"));
    await settle();
    expect(seen.slice(3)).to.deep.equal(["added d", "updated a", "deleted b"]);
    expect(informer.store.get(named("a"))?.spec?.holderIdentity).to.equal("x");
    expect(informer.store.get(named("b"))).to.equal(undefined);
    expect(informer.store.size).to.equal(3);
  });

  it("keeps of an object what it is told to, listed or watched", async () => {
    const keep = (object: Lease): Lease => {
      const { spec: _, ...kept } = object;
      return kept;
    };
    world.api.seed(LEASES, lease("a"));
    start(world.api, { keep });
    await settle();
    await world.api.create(LEASES, lease("b"));
    await renew("a", "x");
    await settle();
    expect(seen).to.deep.equal(["added a", "added b", "updated a"]);
    expect(informer.store.list().map((one) => one.spec)).to.deep.equal([undefined, undefined]);
  });

  it("announces what is there to a late subscriber, and nothing after it left", async () => {
    world.api.seed(LEASES, lease("a"));
    start();
    await settle();
    const late: string[] = [];
    const leave = informer.subscribe((change) => late.push(describeChange(change)));
    expect(late).to.deep.equal(["added a"]);
    leave();
    await world.api.create(LEASES, lease("b"));
    await settle();
    expect(late).to.deep.equal(["added a"]);
    expect(seen).to.deep.equal(["added a", "added b"]);
  });

  it("goes on where it was when the server ends the watch", async () => {
    world.api.seed(LEASES, lease("a"));
    start();
    await settle();
    await world.clock.advance(5000);
    world.api.endWatches();
    await renew("a", "x");
    await settle();
    expect(seen).to.deep.equal(["added a", "updated a"]);
    expect(await metricOf(world, "informer_lists_total", { kind: "leases" })).to.equal(1);
  });

  it("lists again after 410, and finds what was deleted, changed and made again meanwhile", async () => {
    for (const name of ["gone", "changed", "same", "reborn"]) world.api.seed(LEASES, lease(name));
    const watches = cutOff(world.api);
    start(watches.api);
    await settle();
    seen.length = 0;
    watches.cut();
    await world.api.delete(LEASES, named("gone"));
    await renew("changed", "x");
    await world.api.delete(LEASES, named("reborn"));
    await world.api.create(LEASES, lease("reborn"));
    world.api.compact();
    watches.mend();
    await world.clock.advance(60_000);
    expect(seen.sort()).to.deep.equal([
      "added reborn",
      "deleted gone",
      "deleted reborn",
      "updated changed",
    ]);
    expect(await metricOf(world, "informer_lists_total", { kind: "leases" })).to.equal(2);
    await renew("same", "x");
    await settle();
    expect(seen).to.include("updated same");
  });

  it("survives 410 after a quiet time, because bookmarks move it on", async () => {
    start();
    await settle();
    const elsewhere = { ...lease("other"), metadata: { name: "other", namespace: "elsewhere" } };
    await world.api.create(LEASES, elsewhere);
    world.api.bookmark();
    await settle();
    await world.clock.advance(5000);
    world.api.endWatches();
    world.api.compact();
    await world.clock.advance(60_000);
    await world.api.create(LEASES, lease("a"));
    await settle();
    expect(seen).to.deep.equal(["added a"]);
    expect(await metricOf(world, "informer_lists_total", { kind: "leases" })).to.equal(1);
  });

  it("tries a failing list again with growing pauses, for as long as it takes", async () => {
    world.api.seed(LEASES, lease("a"));
    const pauses = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
    for (const _ of pauses) world.api.failNext({ verb: "list", error: new Error("refused") });
    start();
    await settle();
    for (const pause of pauses) {
      await world.clock.advance(pause - 1);
      expect(informer.isSynced).to.equal(false);
      expect(must(informer.health.ready)()).to.contain("has not listed leases in n yet: refused");
      await world.clock.advance(1);
    }
    expect(informer.isSynced).to.equal(true);
    expect(must(informer.health.ready)()).to.equal(undefined);
    expect(seen).to.deep.equal(["added a"]);
    const levels = world.log.lines.map(({ level }) => level);
    expect(levels.slice(0, 3)).to.deep.equal(["debug", "debug", "warn"]);
  });

  it("gives a place up for a list when the watch keeps failing there", async () => {
    start();
    await settle();
    for (let failure = 0; failure < 3; failure += 1) {
      world.api.failNext({ verb: "watch", error: new Error("a line is too long") });
    }
    await world.clock.advance(5000);
    world.api.endWatches();
    await world.clock.advance(60_000);
    expect(await metricOf(world, "informer_lists_total", { kind: "leases" })).to.equal(2);
    await world.api.create(LEASES, lease("a"));
    await settle();
    expect(seen).to.deep.equal(["added a"]);
  });

  it("does not spin when every watch ends at once", async () => {
    let watches = 0;
    const api: Api = override(world.api, {
      watch: async function* (kind, selection) {
        watches += 1;
        yield* watches > 1000 ? world.api.watch(kind, selection) : [];
      },
    });
    start(api);
    await world.clock.advance(10_000);
    expect(watches).to.be.within(2, 12);
  });

  it("keeps several namespaces, each by itself", async () => {
    const inNamespace = (name: string, namespace: string) => {
      world.api.seed(LEASES, { ...lease(name), metadata: { name, namespace } });
    };
    inNamespace("a", "n");
    inNamespace("b", "m");
    inNamespace("c", "elsewhere");
    world.api.seed(NAMESPACES, namespaceOf("m"));
    const refused = new ApiError(403, "Forbidden", "no right");
    let isAllowed = false;
    const api = override(world.api, {
      list: async (kind, selection) => {
        if (selection.namespace === "m" && !isAllowed) throw refused;
        return await world.api.list(kind, selection);
      },
    });
    start(api, {}, ["n", "m"]);
    await settle();
    expect(seen).to.deep.equal(["added a"]);
    expect(informer.isSynced).to.equal(false);
    expect(must(informer.health.ready)()).to.equal("has not listed leases in m yet: no right");
    isAllowed = true;
    await world.clock.advance(60_000);
    expect(informer.isSynced).to.equal(true);
    expect(must(informer.health.ready)()).to.equal(undefined);
    expect(seen).to.deep.equal(["added a", "added b"]);
    await world.api.create(LEASES, { ...lease("d"), metadata: { name: "d", namespace: "m" } });
    await settle();
    expect(seen.slice(2)).to.deep.equal(["added d"]);
  });

  it("forgets what was in a namespace that is gone and took the right to list along", async () => {
    world.api.seed(LEASES, lease("a"));
    world.api.seed(LEASES, { ...lease("b"), metadata: { name: "b", namespace: "m" } });
    world.api.seed(NAMESPACES, namespaceOf("m"));
    const refused = new ApiError(403, "Forbidden", "no right");
    let isRefused = false;
    const api = override(world.api, {
      list: async (kind, selection) => {
        if (selection.namespace === "m" && isRefused) throw refused;
        return await world.api.list(kind, selection);
      },
      watch: async function* (kind, selection) {
        if (selection.namespace === "m" && isRefused) throw refused;
        yield* world.api.watch(kind, selection);
      },
    });
    start(api, {}, ["n", "m"]);
    await settle();
    isRefused = true;
    world.api.endWatches();
    await world.clock.advance(60_000);
    expect(seen, "as long as the namespace is there").to.deep.equal(["added a", "added b"]);
    world.api.vanish(NAMESPACES, { name: "m" });
    await world.clock.advance(60_000);
    expect(seen).to.deep.equal(["added a", "added b", "deleted b"]);
    await world.clock.advance(3_600_000);
    world.api.endWatches();
    await settle();
    expect(must(informer.health.ready)()).to.equal(undefined);
  });

  it("does not wait for a namespace that is gone when it starts", async () => {
    world.api.seed(LEASES, lease("a"));
    const api = override(world.api, {
      list: async (kind, selection) => {
        if (selection.namespace !== "m") return await world.api.list(kind, selection);
        throw new ApiError(403, "Forbidden", "no right");
      },
    });
    start(api, {}, ["n", "m"]);
    await settle();
    expect(informer.isSynced).to.equal(true);
    expect(seen).to.deep.equal(["added a"]);
  });

  it("a list of one namespace takes nothing of another away", async () => {
    world.api.seed(LEASES, lease("a"));
    world.api.seed(LEASES, { ...lease("b"), metadata: { name: "b", namespace: "m" } });
    start(world.api, {}, ["n", "m"]);
    await settle();
    await world.clock.advance(5000);
    world.api.compact();
    world.api.endWatches();
    await world.api.delete(LEASES, named("a"));
    world.api.compact();
    await world.clock.advance(60_000);
    expect(await metricOf(world, "informer_lists_total", { kind: "leases" })).to.be.greaterThan(2);
    expect(seen).to.deep.equal(["added a", "added b", "deleted a"]);
  });

  it("says that it hears nothing when the server is gone for long", async () => {
    const watches = cutOff(world.api);
    start(watches.api);
    await settle();
    watches.cut();
    await world.clock.advance(590_000);
    expect(must(informer.health.ready)()).to.equal(undefined);
    await world.clock.advance(60_000);
    expect(must(informer.health.ready)()).to.match(
      /has heard nothing of leases in n for \d+ s: cut off/,
    );
  });

  it("announces everything again at the resync", async () => {
    world.api.seed(LEASES, lease("a"));
    start(world.api, { resyncMs: 1000 });
    await world.clock.advance(2500);
    expect(seen).to.deep.equal(["added a", "resync a", "resync a"]);
  });

  it("goes on when a listener throws, and says so with its stack", async () => {
    start();
    informer.subscribe(() => {
      throw new Error("bad listener");
    });
    await settle();
    await world.api.create(LEASES, lease("a"));
    await world.api.create(LEASES, lease("b"));
    await settle();
    expect(seen).to.deep.equal(["added a", "added b"]);
    const line = must(world.log.lines.find(({ level }) => level === "error"));
    expect(line.fields["stack"]).to.contain("bad listener");
  });

  it("finds objects by label and namespace, also after they changed", async () => {
    world.api.seed(LEASES, lease("a", { labels: { app: "x" } }));
    start();
    await settle();
    const byApp = informer.store.index(byLabel("app"));
    await world.api.create(LEASES, lease("b", { labels: { app: "x" } }));
    await settle();
    const names = (app: string) => byApp(app).map(({ metadata }) => metadata.name);
    expect(names("x")).to.deep.equal(["a", "b"]);
    await world.api.patch(LEASES, named("a"), { metadata: { labels: { app: "y" } } });
    await world.api.delete(LEASES, named("b"));
    await settle();
    expect([names("x"), names("y")]).to.deep.equal([[], ["a"]]);
    expect(informer.store.list("n")).to.have.length(1);
    expect(informer.store.list("other")).to.have.length(0);
    expect(informer.store.list()).to.have.length(1);
  });

  it("leaves no timer behind when it is stopped", async () => {
    start();
    await settle();
    stop.abort(new Error("stop"));
    await running;
    expect(world.clock.pending).to.equal(0);
  });
});

/** The same API with some of its methods replaced. */
function override(api: Api, methods: Partial<Api>): Api {
  return new Proxy(api, {
    get: (target, name) => {
      const own = methods[name as keyof Api];
      if (own !== undefined) return own;
      const method = target[name as keyof Api];
      return typeof method === "function" ? method.bind(target) : method;
    },
  });
}

/** An API whose watches and lists fail while it is cut off. */
function cutOff(api: Api) {
  let cut = new AbortController();
  const isCut = () => cut.signal.aborted;
  const refuse = () => new ApiError(503, "ServiceUnavailable", "cut off");
  return {
    api: override(api, {
      list: async (kind, selection) => {
        if (isCut()) throw refuse();
        return await api.list(kind, selection);
      },
      watch: async function* (kind, selection) {
        if (isCut()) throw refuse();
        const signal = AbortSignal.any([selection.signal, cut.signal]);
        yield* api.watch(kind, { ...selection, signal });
      },
    }),
    cut: () => cut.abort(new Error("cut off")),
    mend: () => {
      cut = new AbortController();
    },
  };
}
