// What the stand-in's tests that need a whole cluster share: a cluster, reference brokers, statements
// and waiting for what they lead to.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "mysql2/promise";
import { must } from "../../../operator/assert.ts";
import { startStarRocks, type StarRocks } from "../cluster.ts";
import type { StarRocksOptions } from "../cluster-options.ts";
import { ReferenceBroker, type ReferenceBrokerOptions } from "./reference-broker.ts";
import { WatchedClock } from "./watched-clock.ts";

export type Row = Readonly<Record<string, string | null>>;

const DEADLINE_MS = 90_000;

export class Scenario {
  readonly dir: string;
  readonly starrocks: StarRocks;
  readonly #clock: WatchedClock;
  readonly #brokers: ReferenceBroker[] = [];
  readonly #connections = new Map<string, Connection>();

  private constructor(dir: string, starrocks: StarRocks, clock: WatchedClock) {
    this.dir = dir;
    this.starrocks = starrocks;
    this.#clock = clock;
  }

  static async start(options: Partial<Omit<StarRocksOptions, "clock">> = {}): Promise<Scenario> {
    const dir = await mkdtemp(join(tmpdir(), "starrocks-stand-in-"));
    const clock = new WatchedClock();
    const starrocks = await startStarRocks({
      profile: "recorded",
      dir: join(dir, "cluster"),
      backends: 2,
      speed: 30,
      clock,
      ...options,
    });
    return new Scenario(dir, starrocks, clock);
  }

  async end(): Promise<void> {
    for (const connection of this.#connections.values()) connection.destroy();
    await this.starrocks.stop();
    for (const broker of this.#brokers) await broker.kill();
    // Who was stopped may be in the middle of a file.
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** A broker whose files lie in a folder that all brokers of the scenario share. */
  async broker(
    host: string,
    options: Partial<ReferenceBrokerOptions> = {},
  ): Promise<ReferenceBroker> {
    const broker = await ReferenceBroker.start({ dir: this.storage, host, ...options });
    this.#brokers.push(broker);
    return broker;
  }

  get storage(): string {
    return join(this.dir, "storage");
  }

  async query(sql: string, user = "root", frontend?: number): Promise<readonly Row[]> {
    const { host, port } =
      frontend === undefined
        ? this.starrocks.mysql
        : must(this.starrocks.frontendAddresses[frontend]);
    const key = `${user}@${host}:${port}`;
    const known = this.#connections.get(key);
    try {
      return await this.#queryOn(known ?? (await this.#connect(key, user, frontend)), sql);
    } catch (error) {
      // A connection of an FE that was killed since: a client would connect again, too.
      if (known === undefined || (error as { fatal?: boolean }).fatal !== true) throw error;
      return this.#queryOn(await this.#connect(key, user, frontend), sql);
    }
  }

  async #connect(key: string, user: string, frontend?: number): Promise<Connection> {
    const connection = await this.starrocks.connect(user, frontend);
    connection.on("error", () => this.#connections.delete(key));
    this.#connections.get(key)?.destroy();
    this.#connections.set(key, connection);
    return connection;
  }

  async #queryOn(connection: Connection, sql: string): Promise<readonly Row[]> {
    const [rows] = await connection.query(sql);
    return Array.isArray(rows) ? (rows as Row[]) : [];
  }

  /** The message a statement fails with. */
  async failure(sql: string, user = "root"): Promise<string> {
    try {
      await this.query(sql, user);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    throw new Error(`${sql} did not fail`);
  }

  /** Adds the broker, waits until it is alive, and creates the repository. */
  async mount(name: string, address: string): Promise<void> {
    await this.query(`ALTER SYSTEM ADD BROKER ${name} "${address}"`);
    await this.until(async () => {
      const rows = await this.query("SHOW BROKER");
      return rows.some((r) => r["Name"] === name && r["Alive"] === "true");
    });
    await this.query(
      `CREATE REPOSITORY ${name} WITH BROKER ${name} ON LOCATION "backup://mount" PROPERTIES ("token" = "secret")`,
    );
  }

  /** Polls until the job is in one of the states; answers every change of its row on the way, no state left out. */
  async watch(
    job: "BACKUP" | "RESTORE",
    db: string,
    ...states: readonly string[]
  ): Promise<readonly Row[]> {
    return await this.#follow(job, db, states, async (rows) => rows);
  }

  /** As {@link watch}, and then `work` before the cluster's next tick: its time is held meanwhile. */
  async at<T>(
    job: "BACKUP" | "RESTORE",
    db: string,
    state: string,
    work: (rows: readonly Row[]) => Promise<T>,
  ): Promise<T> {
    return await this.#follow(job, db, [state], async (rows) => this.hold(() => work(rows)));
  }

  /** Ticks, reports and heartbeats wait until `work` is done. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    return await this.#clock.held(work);
  }

  async #follow<T>(
    job: "BACKUP" | "RESTORE",
    db: string,
    states: readonly string[],
    then: (rows: readonly Row[]) => Promise<T>,
  ): Promise<T> {
    const seen: Row[] = [];
    const result = Promise.withResolvers<T>();
    await this.#clock.watched(async (look) => {
      const ask = async (): Promise<boolean> => {
        const rows = await this.query(`SHOW ${job} FROM ${db}`);
        const row = rows.find((r) => r["DbName"] === db);
        if (row === undefined) return false;
        if (JSON.stringify(row) !== JSON.stringify(seen.at(-1))) seen.push(row);
        if (!states.includes(row["State"] ?? "")) return false;
        // Within the look: nothing has moved since.
        result.resolve(await then(seen));
        return true;
      };
      await this.until(async () => look(ask));
    });
    return await result.promise;
  }

  /** Runs a backup to its end and answers the snapshot's timestamp. */
  async backup(db: string, label: string, repository: string, on = ""): Promise<string> {
    await this.query(`BACKUP SNAPSHOT ${db}.${label} TO ${repository} ${on}`);
    const last = (await this.watch("BACKUP", db, "FINISHED", "CANCELLED")).at(-1);
    if (last?.["State"] !== "FINISHED") throw new Error(`backup: ${last?.["Status"] ?? "no row"}`);
    return this.timestamp(repository, label);
  }

  async timestamp(repository: string, label: string): Promise<string> {
    const [row] = await this.query(`SHOW SNAPSHOT ON ${repository} WHERE SNAPSHOT = '${label}'`);
    return row?.["Timestamp"] ?? "";
  }

  async until(condition: () => Promise<boolean> | boolean): Promise<void> {
    const end = Date.now() + DEADLINE_MS;
    while (!(await condition())) {
      if (Date.now() > end) throw new Error("the deadline passed");
      await sleep(5);
    }
  }
}
