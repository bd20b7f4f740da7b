// A world that rows are played in, one after the other: one Repository with one slot, one table whose content is
// known. What a Backup of a row has stored is proved by the Restore of a later row, the last ones by Restores of
// their own.
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Backup } from "../../../operator/api/backup.generated.ts";
import type { Repository } from "../../../operator/api/repository.generated.ts";
import type { Restore } from "../../../operator/api/restore.generated.ts";
import { must } from "../../../operator/assert.ts";
import { OPERATOR_NAMESPACE } from "../../any-world.ts";
import { resource, World } from "../../world.ts";
import { ACTS, healAll } from "./acts.ts";
import { Deployment } from "./deployment.ts";
import { isOver, reached, statusOf, type Job } from "./points.ts";
import { titleOf, type Row } from "./table.ts";

const KIB = 1024;
const DATABASE = "shop";
const OTHER = "other";
const TABLES = [{ name: "orders" }];
/** Bytes must flow long enough to be met, and small jobs end soon. */
const SLOW = { bandwidth: "1Mi" };
const LIMITS = { noProgressTimeout: "1m" };
/**
 * StarRocks counts it by its own clock, twelve times as fast: ten minutes that nothing here needs; and 50 s where
 * another attempt is right, so that one that hangs in StarRocks does not cost more.
 */
const TIMEOUT = { once: "2h", repeated: "10m" } as const;

export interface Played {
  readonly attempts: number;
  readonly ms: number;
}

export class Theatre {
  readonly world: World;
  readonly #operator: Deployment;
  readonly #digest: string;
  /** FINISHED Backups that nobody restored yet. */
  readonly #unproved = new Set<string>();
  #count = 0;

  private constructor(world: World, operator: Deployment, digest: string) {
    this.world = world;
    this.#operator = operator;
    this.#digest = digest;
  }

  static async open(frontends: number): Promise<Theatre> {
    const world = await World.start({
      // Renewed within two thirds of it, by an API server that shares a process with StarRocks and the storage.
      leaseSeconds: 5,
      logLevel: "debug",
      starrocks: { frontends, speed: 12 },
      controllers: { nodeGraceMs: 3_000, evictAfterMs: 500 },
    });
    try {
      const operator = await Deployment.start(world);
      const tables = [{ name: "orders", tablets: 6, segmentBytes: [700 * KIB], replicationNum: 1 }];
      for (const name of [DATABASE, OTHER]) await world.starrocks.createDatabase({ name, tables });
      const digest = await world.starrocks.digest(DATABASE, "orders");
      await world.apply(repository(world));
      await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
      return new Theatre(world, operator, digest);
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  /** Plays a row to its end and looks at what it left. Rejects when anything is not as the row says. */
  async play(row: Row): Promise<Played> {
    this.#count += 1;
    const job: Job = {
      kind: row.kind,
      name: `row-${this.#count}`,
      database: row.kind === "Backup" ? DATABASE : `row_${this.#count}`,
    };
    const source = row.kind === "Restore" ? await this.#source() : "";
    const blocker = row.point === "queued" ? await this.#block() : undefined;
    await this.#make(job, source, row.end.attemptsMax > 1 ? TIMEOUT.repeated : TIMEOUT.once);
    await reached(this.world, job, row.point);
    const began = Date.now();
    await ACTS[row.component][row.fault]({
      world: this.world,
      operator: this.#operator,
      jobUid: await this.#uidOf(job),
    });
    const status = await this.#untilOver(row, job);
    const ms = Date.now() - began;
    if (blocker !== undefined) await this.#untilOver(row, blocker);
    await this.#judge(row, job, status, source);
    await this.#nothingIsLeft(titleOf(row));
    await this.world.registerBackends();
    return { attempts: status.attempt ?? 1, ms };
  }

  /** Restores what no row has restored. */
  async proveTheRest(): Promise<void> {
    while (this.#unproved.size > 0) {
      this.#count += 1;
      const source = await this.#source();
      const job: Job = {
        kind: "Restore",
        name: `proof-${this.#count}`,
        database: `proof_${this.#count}`,
      };
      await this.#make(job, source);
      const end = { attemptsMax: 1, withinMs: 150_000 };
      const row: Row = {
        component: "operator",
        fault: "restart",
        kind: "Restore",
        point: "queued",
        end,
      };
      await this.#judge(row, job, await this.#untilOver(row, job), source);
    }
  }

  /** All that anybody could read of what happened here. */
  async expectNoSecrets(): Promise<void> {
    const { world } = this;
    const key = await world.secret(OPERATOR_NAMESPACE, "starrocks-backup-mount-key");
    const secrets = [world.s3Secret, world.starrocks.mysql.password, ...Object.values(key)];
    const texts: Readonly<Record<string, readonly string[]>> = {
      "the operator's log": world.operatorLines,
      "the pods' logs": await world.podLogs(),
      "the resources": (await world.objects("prod")).map((o) => JSON.stringify(o)),
      "the statements": world.starrocks.statements.map((s) => s.sql),
    };
    for (const [where, lines] of Object.entries(texts)) {
      const found = lines.find((line) => secrets.some((secret) => line.includes(secret)));
      expect(found, `a secret in ${where}`).to.equal(undefined);
    }
  }

  async close(): Promise<void> {
    await this.#operator.stop();
    await healAll(this.world).catch(() => undefined);
    await this.world.stop();
  }

  async #make(
    { kind, name, database }: Job,
    source: string,
    timeout: string = TIMEOUT.once,
  ): Promise<void> {
    const common = { repository: "prod", ...SLOW, ...LIMITS, timeout };
    const spec =
      kind === "Backup"
        ? { database, tables: TABLES, retry: { maxAttempts: 3, backoff: "1s" } }
        : { database, source: { backup: source } };
    await this.world.apply(resource(kind, name, { ...common, ...spec }));
  }

  /** A Backup that nobody restored yet; one is made when there is none. */
  async #source(): Promise<string> {
    const [known] = this.#unproved;
    if (known !== undefined) return known;
    const name = `source-${this.#count}`;
    await this.#make({ kind: "Backup", name, database: DATABASE }, "");
    const { status } = await this.world.until<Backup>("Backup", name, (b) =>
      isOver({ ...b.status }),
    );
    expect(status, JSON.stringify(status)).to.include({ phase: "FINISHED", attempt: 1 });
    this.#unproved.add(name);
    return name;
  }

  /** Somebody else has the only slot. */
  async #block(): Promise<Job> {
    const job: Job = { kind: "Backup", name: `blocker-${this.#count}`, database: OTHER };
    await this.#make(job, "");
    await reached(this.world, job, "starting");
    return job;
  }

  async #uidOf({ kind, name }: Job): Promise<string> {
    return must((await this.world.get(kind, name))?.metadata.uid, `${kind} ${name}`);
  }

  async #untilOver({ end }: Row, { kind, name }: Job): Promise<JobStatus> {
    const deadline = Date.now() + end.withinMs;
    for (;;) {
      const status = statusOf(this.world, kind, name) as JobStatus;
      if (isOver(status)) return status;
      expect(status.phase === undefined || (status.message ?? "") !== "", "why it waits").to.equal(
        true,
      );
      if (Date.now() > deadline) {
        const found = await this.world.get(kind, name);
        const agents = found === undefined ? "" : await this.world.agentLogs(found).catch(String);
        const what = JSON.stringify(status, null, 1);
        throw new Error(`${kind} ${name} hangs:\n${what}\n${agents}\n${this.world.tail(40)}`);
      }
      await sleep(20);
    }
  }

  async #judge({ end }: Row, job: Job, status: JobStatus, source: string): Promise<void> {
    const told = JSON.stringify(status, null, 1);
    if (status.phase === "FAILED" && end.orFailed?.includes(status.reason ?? "") === true) return;
    expect(status.phase, told).to.equal("FINISHED");
    expect(status.attempt ?? 1, told).to.be.at.most(end.attemptsMax);
    if (job.kind === "Backup") {
      this.#unproved.add(job.name);
      return;
    }
    const { starrocks } = this.world;
    expect(await starrocks.digest(job.database, "orders"), "what came back").to.equal(this.#digest);
    await this.world.sql(`DROP DATABASE \`${job.database}\` FORCE`);
    this.#unproved.delete(source);
  }

  async #nothingIsLeft(title: string): Promise<void> {
    const { kubernetes, starrocks } = this.world;
    expect(await this.world.untilNothingIsLeft(), `left behind by ${title}`).to.deep.equal([]);
    expect(starrocks.violations, "what a real StarRocks would not survive").to.deep.equal([]);
    expect(kubernetes.server.problems, "the harness itself").to.deep.equal([]);
    expect(kubernetes.problems, "the harness itself").to.deep.equal([]);
  }
}

type JobStatus = NonNullable<Backup["status"]> | NonNullable<Restore["status"]>;

/** One slot; all FEs by address, because one of them may be away when the operator starts. */
function repository(world: World) {
  const frontends = world.starrocks.frontendAddresses.map(({ host, port }) => `${host}:${port}`);
  const { cluster } = (world.repository() as Repository).spec;
  return world.repository({ concurrency: 1, cluster: { ...cluster, frontends } });
}
