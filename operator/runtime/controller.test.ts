import { AssertionError } from "node:assert";
import { expect } from "chai";
import { must } from "../assert.ts";
import { TerminalError, TransientError } from "../errors.ts";
import type { ObjectKey } from "./api.ts";
import { ApiError } from "./api.ts";
import type { ControllerOptions, ReconcileContext } from "./controller.ts";
import { Controller, isMoreThanStatus, watches } from "./controller.ts";
import { Informer } from "./informer.ts";
import { keyText } from "./keys.ts";
import type { Lease } from "./objects.ts";
import { JOBS, LEASES } from "./objects.ts";
import type { Result } from "./result.ts";
import { awaitChange, done, poll } from "./result.ts";
import type { World } from "./testing/world.ts";
import { lease, makeWorld, metricOf } from "./testing/world.ts";

type Outcome = Result | Error;

describe("Controller", () => {
  let world: World;
  let controller: Controller;
  let runs: { readonly key: string; readonly atMs: number; readonly context: ReconcileContext }[];
  /** What the reconciler answers next; then done. */
  let outcomes: Outcome[];
  let startMs: number;

  const key: ObjectKey = { namespace: "n", name: "a" };
  const start = (options: Partial<ControllerOptions> = {}) => {
    controller = new Controller(world, {
      name: "test",
      sources: [],
      reconcile: async (key, context) => {
        runs.push({ key: keyText(key), atMs: world.clock.now() - startMs, context });
        const outcome = outcomes.shift() ?? done("nothing to do");
        if (outcome instanceof Error) throw outcome;
        return await Promise.resolve(outcome);
      },
      ...options,
    });
    controller.start();
  };
  const times = () => runs.map(({ atMs }) => atMs);
  const results = (result: string) =>
    metricOf(world, "controller_reconciles_total", { controller: "test", result });
  const lines = () => world.log.lines.map(({ level, message }) => `${level} ${message}`);

  beforeEach(() => {
    world = makeWorld();
    startMs = world.clock.now();
    runs = [];
    outcomes = [];
  });
  afterEach(async () => {
    await controller.stop();
    expect(world.clock.pending, "timers left").to.equal(0);
  });

  describe("what a reconcile ends with", () => {
    it("done: not again by itself", async () => {
      start();
      controller.enqueue(key);
      await world.clock.advance(3_600_000);
      expect(times()).to.deep.equal([0]);
      expect(await results("done")).to.equal(1);
      expect(lines()).to.deep.equal(["debug done: nothing to do"]);
      const fields = { controller: "test", namespace: "n", name: "a" };
      expect(must(world.log.lines[0]).fields).to.include(fields);
    });

    it("poll: again after its time, and never at once", async () => {
      outcomes = [poll(3000, "SHOW BACKUP"), poll(0, "SHOW BACKUP")];
      start();
      controller.enqueue(key);
      await world.clock.advance(60_000);
      expect(times()).to.deep.equal([0, 3000, 3100]);
      expect(lines()[0]).to.equal("debug looks again in 3000 ms for SHOW BACKUP");
    });

    it("awaitChange: again after the safety time, or when it changes", async () => {
      outcomes = [awaitChange("Job x"), awaitChange("Job x")];
      start();
      controller.enqueue(key);
      await world.clock.advance(600_000);
      expect(times()).to.deep.equal([0, 600_000]);
      controller.enqueue(key);
      await world.clock.advance(1_000_000);
      expect(times()).to.deep.equal([0, 600_000, 600_000]);
    });

    it("a conflict: almost at once, and quietly", async () => {
      outcomes = [new ApiError(409, "Conflict", "modified")];
      start();
      controller.enqueue(key);
      await world.clock.advance(1000);
      expect(times()).to.deep.equal([0, 50]);
      expect(await results("conflict")).to.equal(1);
      expect(lines()[0]).to.equal("debug failed, again in 50 ms: modified");
    });

    it("conflicts without end: ever more slowly, and aloud in the end", async () => {
      outcomes = Array.from({ length: 1000 }, () => new ApiError(409, "Conflict", "modified"));
      start();
      controller.enqueue(key);
      await world.clock.advance(60_000);
      expect(runs.length).to.be.below(15);
      expect(lines().at(-1)).to.match(/^warn failed, again in 10000 ms/);
      outcomes = [];
      await world.clock.advance(10_000);
    });

    it("a terminal error: not again before something changes, and aloud", async () => {
      outcomes = [new TerminalError("BucketMissing", "make the bucket")];
      start();
      controller.enqueue(key);
      await world.clock.advance(3_600_000);
      expect(times()).to.deep.equal([0]);
      const line = must(world.log.lines[0]);
      expect(line.level).to.equal("warn");
      expect(line.message).to.equal("cannot go on until something changes: make the bucket");
      expect(line.fields["reason"]).to.equal("BucketMissing");
      controller.enqueue(key);
      await world.clock.advance(1);
      expect(times()).to.deep.equal([0, 3_600_000]);
    });

    it("any other error: again with growing pauses, ever louder, until a success", async () => {
      const failures = Array.from({ length: 10 }, () => new Error("broken"));
      outcomes = [...failures, done("healed"), new TransientError("FrontendUnreachable", "no FE")];
      start();
      controller.enqueue(key);
      await world.clock.advance(900_000);
      expect(times().slice(0, 5)).to.deep.equal([0, 500, 1500, 3500, 7500]);
      const levels = world.log.lines.map(({ level }) => level);
      expect(levels.join(" ")).to.equal(
        "info info warn warn warn warn warn warn error error debug",
      );
      controller.enqueue(key);
      await world.clock.advance(500);
      expect(runs.length).to.equal(13);
      const line = must(world.log.lines.at(-2));
      expect(line.message).to.equal("failed, again in 500 ms: no FE");
      expect(line.fields["reason"]).to.equal("FrontendUnreachable");
      expect(await metricOf(world, "controller_retries_total")).to.equal(11);
    });

    it("a failed assertion: at once an error with its stack", async () => {
      outcomes = [new AssertionError({ message: "slot must be there" })];
      start();
      controller.enqueue(key);
      await world.clock.advance(500);
      const line = must(world.log.lines[0]);
      expect(line.level).to.equal("error");
      expect(line.fields["reason"]).to.equal("InternalError");
      expect(line.fields["stack"]).to.contain("controller.test.ts");
      expect(await results("internal_error")).to.equal(1);
      expect(runs.length).to.equal(2);
    });

    it("what is no error at all: a failure like any other", async () => {
      let tries = 0;
      const reconcile = async (): Promise<Result> => {
        tries += 1;
        // oxlint-disable-next-line only-throw-error -- libraries do
        if (tries === 1) throw undefined;
        return await Promise.resolve(done("healed"));
      };
      start({ reconcile });
      controller.enqueue(key);
      await world.clock.advance(500);
      expect(tries).to.equal(2);
    });

    it("shows no credentials of a URL", async () => {
      outcomes = [new Error("GET https://user:pw@host/x?sig=secret failed")];
      start();
      controller.enqueue(key);
      await world.clock.advance(500);
      expect(lines()[0]).to.contain("https://***@host/x?***").and.not.contain("secret");
    });
  });

  describe("a reconcile that takes long", () => {
    it("is said to be slow, aborted at its deadline, repeated, and fails liveness if it hangs", async () => {
      const { promise: hang, resolve: end } = Promise.withResolvers<Result>();
      let context: ReconcileContext | undefined;
      start({
        deadlineMs: 120_000,
        reconcile: (_, given) => {
          context = given;
          return hang;
        },
      });
      controller.enqueue(key);
      await world.clock.advance(119_999);
      expect(lines()).to.deep.equal(["warn has been running for 60 s"]);
      const { signal } = must(context);
      expect(signal.aborted).to.equal(false);
      await world.clock.advance(1);
      expect(signal.reason).to.have.property("reason", "ReconcileTimeout");
      expect(lines().at(-1)).to.equal("error has been running for 120 s, its deadline");
      const overdue = () => metricOf(world, "controller_reconciles_overdue");
      expect(await overdue()).to.equal(1);
      const isLive = must(controller.health.live);
      expect(isLive()).to.equal(undefined);
      await world.clock.advance(300_001);
      expect(isLive()).to.equal("the reconcile of n/a has been running for 420 s");
      end(done("after all"));
      await world.clock.advance(0);
      expect(isLive()).to.equal(undefined);
      expect(await overdue()).to.equal(0);
    });

    it("counts its timeout as a failure that is tried again", async () => {
      let tries = 0;
      start({
        deadlineMs: 1000,
        reconcile: (_, { signal }) => {
          tries += 1;
          if (tries > 1) return Promise.resolve(done("second time"));
          return new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason as Error));
          });
        },
      });
      controller.enqueue(key);
      await world.clock.advance(1500);
      expect(tries).to.equal(2);
      expect(await results("transient")).to.equal(1);
    });

    it("does not hold up other keys, and never runs beside itself", async () => {
      const ends: (() => void)[] = [];
      const working = new Set<string>();
      start({
        workers: 2,
        reconcile: async (key) => {
          expect(working.has(keyText(key))).to.equal(false);
          working.add(keyText(key));
          await new Promise<void>((resolve) => {
            ends.push(resolve);
          });
          working.delete(keyText(key));
          return done("ended");
        },
      });
      for (const name of ["a", "b", "c"]) controller.enqueue({ name });
      await world.clock.advance(0);
      controller.enqueue({ name: "a" });
      expect([...working]).to.deep.equal(["a", "b"]);
      expect(await metricOf(world, "controller_queue_depth")).to.equal(2);
      must(ends[1])();
      await world.clock.advance(0);
      expect([...working]).to.deep.equal(["a", "c"]);
      while (ends.length > 0) {
        must(ends.shift())();
        await world.clock.advance(0);
      }
      expect(await results("done")).to.equal(4);
    });
  });

  describe("stopping", () => {
    it("waits for what runs and takes nothing more", async () => {
      const { promise, resolve } = Promise.withResolvers<Result>();
      start({ workers: 1, reconcile: () => promise });
      controller.enqueue(key);
      controller.enqueue({ name: "b" });
      await world.clock.advance(0);
      let hasStopped = false;
      const stopping = controller.stop().then(() => {
        hasStopped = true;
      });
      await world.clock.advance(0);
      expect(hasStopped).to.equal(false);
      resolve(awaitChange("x"));
      await stopping;
      expect(await results("await_change")).to.equal(1);
    });

    it("aborts what does not end, and makes no failure of it", async () => {
      start({
        reconcile: (_, { signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(new Error("interrupted")));
          }),
      });
      controller.enqueue(key);
      await world.clock.advance(0);
      const stopping = controller.stop();
      controller.abort(new TransientError("Stopping", "the operator stops"));
      await stopping;
      expect(await results("stopped")).to.equal(1);
      expect(lines()).to.deep.equal(["debug stopped: interrupted"]);
    });
  });

  describe("watches", () => {
    it("enqueues what an object leads to, before and after the change, once each", async () => {
      const informer = new Informer(world, LEASES, {});
      const stop = new AbortController();
      const running = informer.run(stop.signal);
      const owner = ({ metadata }: Lease) => [{ name: must(metadata.labels?.["of"]) }];
      start({ sources: [watches(informer, owner)] });
      await world.api.create(LEASES, lease("x", { labels: { of: "one" } }));
      await world.clock.advance(0);
      expect(runs.splice(0).map((run) => run.key)).to.deep.equal(["one"]);
      const patch = { metadata: { labels: { of: "two" } } };
      await world.api.patch(LEASES, { namespace: "n", name: "x" }, patch);
      await world.clock.advance(0);
      expect(runs.splice(0).map((run) => run.key)).to.deep.equal(["one", "two"]);
      await world.api.delete(LEASES, { namespace: "n", name: "x" });
      await world.clock.advance(0);
      expect(runs.map((run) => run.key)).to.deep.equal(["two"]);
      await controller.stop();
      stop.abort(new Error("stop"));
      await running;
    });

    it("is not woken by a change of status alone when asked so", async () => {
      const informer = new Informer(world, JOBS, {});
      const stop = new AbortController();
      const running = informer.run(stop.signal);
      world.api.seed(JOBS, {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { namespace: "n", name: "j" },
      });
      start({ sources: [watches(informer, undefined, isMoreThanStatus)] });
      await world.clock.advance(0);
      runs.length = 0;
      const jobKey = { namespace: "n", name: "j" };
      const status = { subresource: "status" } as const;
      await world.api.patch(JOBS, jobKey, { status: { active: 1 } }, status);
      await world.clock.advance(0);
      expect(runs).to.deep.equal([]);
      await world.api.patch(JOBS, jobKey, { metadata: { annotations: { a: "b" } } });
      await world.clock.advance(0);
      expect(runs.map((run) => run.key)).to.deep.equal(["n/j"]);
      await controller.stop();
      stop.abort(new Error("stop"));
      await running;
    });
  });
});
