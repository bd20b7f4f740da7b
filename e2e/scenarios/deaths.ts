// Deaths and orders in the middle: agents and the operator die, jobs are cancelled and deleted in every phase, storage
// refuses for a while. Each job ends as it should, its data is equal, nothing is left behind.
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { must } from "../../operator/assert.ts";
import type { AnyWorld, OperatorEnd } from "../any-world.ts";
import { atOnce } from "./at-once.ts";
import { isOver } from "./is-over.ts";

const KIB = 1024;
/** Slow enough that a transfer of three nodes takes a few seconds. */
const SLOW = { bandwidth: "1Mi" };
const DATABASE = "shop";
/** Not the whole database: restores of earlier tests are in it. */
const ORDERS = { database: DATABASE, tables: [{ name: "orders" }] };

const TABLE = {
  name: "orders",
  partitions: ["p1", "p2"],
  tablets: 12,
  segmentBytes: [500 * KIB],
  replicationNum: 1,
};

/** Resolves when the moment has come; asked for before the job is made. */
export type Point<W extends AnyWorld = AnyWorld> = (world: W, job: string) => Promise<unknown>;

export interface DeathOptions<W extends AnyWorld> {
  /** How the operator ends, at each of `points`. */
  readonly end: OperatorEnd;
  readonly points: readonly (readonly [name: string, kind: "Backup" | "Restore", at: Point<W>])[];
  /** Every one of `points`, also in everyday runs. */
  readonly all?: boolean;
  /** How many of the jobs that are hit run at a time; each operator that ends is then that of others as well. Default 1. */
  readonly width?: number;
}

/** Tests of the `describe` that calls it. `world`, with an operator, is asked for as they run. */
export function deathScenarios<W extends AnyWorld>(
  world: () => W,
  { end, points, all = false, width = 1 }: DeathOptions<W>,
): void {
  let digest: string;

  before(async () => {
    await world().starrocks.createDatabase({ name: DATABASE, tables: [TABLE] });
    digest = await world().starrocks.digest(DATABASE, "orders");
    await world().apply(world().repository({ concurrency: 2 * width }));
    await world().until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
    await make("Backup", "source", ORDERS);
    await finished<Backup>("Backup", "source");
  });

  const leavesNothing = async () => {
    world().s3.heal();
    expect(await world().untilNothingIsLeft(), "left behind").to.deep.equal([]);
    expect(world().starrocks.violations, "what a real StarRocks would not survive").to.deep.equal(
      [],
    );
  };

  async function make(kind: "Backup" | "Restore", name: string, spec: object): Promise<void> {
    await world().apply(world().resource(kind, name, { repository: "prod", ...spec }));
  }
  const finished = async <T extends Backup | Restore>(kind: T["kind"], name: string) => {
    const job = await world().until<T>(kind, name, isOver);
    expect(job.status?.phase, `${kind} ${name}: ${job.status?.message}`).to.equal("FINISHED");
    return job;
  };
  const reaches = async <T extends Backup | Restore>(
    kind: T["kind"],
    name: string,
    phase: string,
  ) => await world().until<T>(kind, name, (j) => j.status?.phase === phase || isOver(j));
  /** A job's own database, so that it waits for no other job. */
  const prepare = async (kind: "Backup" | "Restore", job: string): Promise<void> => {
    const tables = kind === "Backup" ? [TABLE] : [];
    await world().starrocks.createDatabase({ name: databaseOf(job), tables });
  };
  const begin = async (kind: "Backup" | "Restore", job: string): Promise<void> => {
    const source = kind === "Backup" ? {} : { source: { backup: "source" } };
    const what = { database: databaseOf(job), tables: [{ name: "orders" }] };
    await make(kind, job, { ...source, ...what, ...SLOW });
  };

  atOnce(1, leavesNothing, (it) => {
    it("goes on when an agent is killed in UPLOADING and in DOWNLOADING", async () => {
      await make("Backup", "agent-killed", { ...ORDERS, ...SLOW });
      await killOneAgent(world(), { kind: "Backup", name: "agent-killed", in: "UPLOADING" });
      const { status } = await finished<Backup>("Backup", "agent-killed");
      expect(status?.attempt, "no second attempt was needed").to.equal(1);
      await make("Restore", "agent-killed", {
        source: { backup: "agent-killed" },
        tables: [{ name: "orders", as: "killed" }],
        ...SLOW,
      });
      await killOneAgent(world(), { kind: "Restore", name: "agent-killed", in: "DOWNLOADING" });
      await finished<Restore>("Restore", "agent-killed");
      expect(await world().starrocks.digest(DATABASE, "killed")).to.equal(digest);
    });
  });

  const somePoints = all ? [...points.entries()] : chosen(points);
  describe(`the operator's end at ${count(somePoints, points)} points`, () => {
    atOnce(width, leavesNothing, (it) => {
      for (const [i, [name, kind, at]] of somePoints) {
        it(`survives that the operator is ${end} when ${name} (${kind})`, async () => {
          const job = `died-${i}`;
          await prepare(kind, job);
          const died = at(world(), job);
          await begin(kind, job);
          await died;
          await world().replaceOperator(end);
          const { status } = await finished<Backup | Restore>(kind, job);
          expect(status?.attempt, "the attempt went on").to.equal(1);
          if (kind === "Restore") {
            expect(await world().starrocks.digest(databaseOf(job), "orders")).to.equal(digest);
          }
        });
      }
    });
  });

  const phases: readonly [kind: "Backup" | "Restore", phase: string][] = [
    ["Backup", "PENDING"],
    ["Backup", "SNAPSHOTING"],
    ["Backup", "UPLOADING"],
    ["Backup", "COMMIT"],
    ["Restore", "PENDING"],
    ["Restore", "SNAPSHOTING"],
    ["Restore", "DOWNLOADING"],
    ["Restore", "COMMIT"],
  ];
  const somePhases = chosen(phases);
  describe(`orders in ${count(somePhases, phases)} phases`, () => {
    atOnce(width, leavesNothing, (it) => {
      for (const [i, [kind, phase]] of somePhases) {
        it(`cancels a ${kind} in ${phase}`, async () => {
          const job = `cancelled-${i}`;
          await prepare(kind, job);
          await begin(kind, job);
          await reaches<Backup | Restore>(kind, job, phase);
          await world().patch(kind, job, { spec: { cancel: true } });
          const { status } = await world().until<Backup | Restore>(kind, job, isOver);
          const replacing = kind === "Restore" && phase === "COMMIT";
          expect(status?.phase, status?.message).to.be.oneOf(
            replacing ? ["FINISHED"] : ["CANCELLED", "FINISHED"],
          );
          if (kind === "Restore" && status?.phase === "CANCELLED") {
            expect(await tableNames(world(), databaseOf(job))).to.deep.equal([]);
          }
        });

        it(`lets a ${kind} be deleted in ${phase}`, async () => {
          const job = `deleted-${i}`;
          await prepare(kind, job);
          await begin(kind, job);
          await reaches<Backup | Restore>(kind, job, phase);
          await world().delete(kind, job);
          await world().untilGone(kind, job);
        });
      }
    });
  });

  atOnce(1, leavesNothing, (it) => {
    it("names the right that storage credentials lack, and goes on when it is given", async () => {
      const harm = { do: "refuse", status: 403, code: "AccessDenied" } as const;
      world().s3.inject({ operation: "PutObject", times: 1_000, harm });
      await world().apply(
        world().repository({ location: `s3://${world().s3.bucket}/other` }, "other"),
      );
      const refused = await world().until<Repository>(
        "Repository",
        "other",
        (r) => r.status?.phase === "NOT_READY",
      );
      const told = refused.status?.conditions?.find((c) => c.type === "Stalled");
      expect(told?.status).to.equal("True");
      expect(told?.message).to.match(/s3:PutObject/);
      await world().apply(world().resource("Backup", "waits", { repository: "other", ...ORDERS }));
      await world().until<Backup>(
        "Backup",
        "waits",
        (b) => b.status?.reason === "RepositoryNotReady",
      );
      world().s3.heal();
      // Touching the Secret is how a person mends it; the check is made at once then.
      await world().touchSecret("s3-credentials");
      await world().until<Repository>("Repository", "other", (r) => r.status?.phase === "READY");
      await finished<Backup>("Backup", "waits");
      await world().delete("Backup", "waits");
      await world().untilGone("Backup", "waits");
      await world().delete("Repository", "other");
      await world().untilGone("Repository", "other");
      const names = (await world().sql("SHOW REPOSITORIES")).map((r) => r["RepoName"]);
      expect(
        names.filter((n) => n?.startsWith(`k8s_${must(refused.metadata.uid).slice(0, 8)}`)),
      ).to.deep.equal([]);
    });
  });
}

/** Of the job's own database. */
export function databaseOf(job: string): string {
  return job.replaceAll("-", "_");
}

function count(some: readonly unknown[], all: readonly unknown[]): string {
  const isChosen = some.length < all.length;
  return isChosen ? `${some.length} of ${all.length} (all with DEATHS=all)` : `all ${all.length}`;
}

/** All of them with DEATHS=all; else every third one. */
function chosen<T>(rows: readonly T[]): readonly (readonly [number, T])[] {
  const all = [...rows.entries()];
  return process.env["DEATHS"] === "all" ? all : all.filter(([i]) => i % 3 === 2);
}

export function hasRow(
  statement: (job: string) => string,
  fits: (row: Record<string, string | null>) => boolean = () => true,
): Point {
  return async (world, job) => {
    while (!(await world.sql(statement(job))).some(fits)) await sleep(10);
  };
}

/** As StarRocks itself shows it: some states are shorter than the pause between two looks of the operator. */
export function inState(kind: "Backup" | "Restore", state: string): Point {
  const over = ["FINISHED", "CANCELLED"];
  return hasRow(
    (job) => `SHOW ${kind.toUpperCase()} FROM \`${databaseOf(job)}\``,
    ({ State }) => State === state || over.includes(State ?? ""),
  );
}

export function inPhase(kind: "Backup" | "Restore", phase: string): Point {
  return async (world, job) =>
    await world.until<Backup | Restore>(kind, job, (j) => j.status?.phase === phase || isOver(j));
}

export function hasReason(kind: "Backup" | "Restore", reason: string): Point {
  return async (world, job) =>
    await world.until<Backup | Restore>(kind, job, (j) => j.status?.reason === reason || isOver(j));
}

interface Moment {
  readonly kind: "Backup" | "Restore";
  readonly name: string;
  /** As StarRocks itself shows it: bytes flow for a few seconds, and the operator looks every other second. */
  readonly in: string;
}

/** Of a job in {@link DATABASE}. */
async function killOneAgent(world: AnyWorld, { kind, name, in: state }: Moment): Promise<void> {
  const statement = `SHOW ${kind.toUpperCase()} FROM \`${DATABASE}\``;
  const job = must(await world.get<Backup | Restore>(kind, name), name);
  while (!(await world.sql(statement)).some((row) => row["State"] === state)) {
    const now = must(await world.get<Backup | Restore>(kind, name), name);
    expect(isOver(now), `${kind} ${name} was never ${state}: ${now.status?.message}`).to.equal(
      false,
    );
    await sleep(10);
  }
  const [pod] = await world.agentPods(job);
  await world.killPod(must(pod, "an agent that runs"));
}

async function tableNames(
  world: AnyWorld,
  database: string,
): Promise<(string | null | undefined)[]> {
  return (await world.sql(`SHOW TABLES FROM \`${database}\``)).map((row) => Object.values(row)[0]);
}
