// An FE process: its brokers and repositories in memory, its broker connections, and, while it leads,
// heartbeats, the handler of jobs and the queue of BE tasks. An object is one life of the process;
// `kill` ends it as kill -9 does. What it finds again is in the MetaStore alone.
import type { Random } from "../../operator/clock.ts";
import { BlobStorage, javaCause } from "./blob-storage.ts";
import { runDaemon, Stoppable, type ClusterClock } from "./cluster-clock.ts";
import type { Database } from "./catalog.ts";
import { FrontendBrokers, brokerKey } from "./frontend-brokers.ts";
import { FrontendRepositories } from "./frontend-repositories.ts";
import { BackupHandler } from "./jobs/backup-handler.ts";
import type { JobContext } from "./jobs/job.ts";
import type { BackendPort, FrontendPort, LoaderProgress, TaskDone } from "./messages.ts";
import type { JournalOp, MetaStore } from "./meta-store.ts";
import type { Profile } from "./profile.ts";
import type { FrontendRow } from "./show/nodes.ts";
import { TaskQueue } from "./task-queue.ts";
import type { Violations } from "./violations.ts";
import { BrokerConnection } from "./wire/broker-connection.ts";
import { FrontendPool } from "./wire/frontend-pool.ts";
import { CachedNames, type NameService } from "./wire/name-service.ts";

const HANDLER_PERIOD_MS = 3_000;
const HEARTBEAT_PERIOD_MS = 5_000;
const REPOSITORY_PING_PERIOD_MS = 600_000;
const HEARTBEAT_RETRIES = 3;
const EDIT_LOG_PORT = 9010;

/** A BE as the cluster's members know it. */
export interface BackendMember {
  readonly id: number;
  readonly host: string;
  readonly port: BackendPort;
}

export interface FrontendTimeouts {
  /** broker_client_timeout_ms, for connecting and for each call. */
  readonly brokerCallMs: number;
  /** heartbeat_timeout_second. */
  readonly heartbeatMs: number;
}

export interface FrontendOptions {
  readonly name: string;
  readonly host: string;
  /** Below it `backup/` and `restore/`: this FE's `tmp_dir`. */
  readonly tmpDir: string;
  readonly profile: Profile;
  readonly clock: ClusterClock;
  readonly store: MetaStore;
  readonly names: NameService;
  readonly violations: Violations;
  readonly random: Random;
  readonly timeouts: FrontendTimeouts;
  readonly backends: readonly BackendMember[];
  /** FE configuration that is not the default. */
  readonly config?: Readonly<Record<string, string>>;
}

interface BackendLife {
  alive: boolean;
  failures: number;
  lastStartTime: number;
  lastHeartbeat: number;
  errorMessage: string;
}

/** What a follower that lags goes by. */
interface Stale {
  readonly databases: Database[];
  readonly jobs: Readonly<Record<string, unknown>>;
  readonly nodes: readonly FrontendRow[];
  readonly missed: JournalOp[];
}

export class Frontend implements FrontendPort {
  readonly options: FrontendOptions;
  readonly startTime: number;
  readonly config: Map<string, string>;
  /** Its daemons stand still while it is stopped. */
  readonly stoppable = new Stoppable();
  readonly #life = new AbortController();
  readonly #pool: FrontendPool;
  readonly #heartbeatPool: FrontendPool;
  readonly #backendLives = new Map<number, BackendLife>();
  #brokers: FrontendBrokers;
  #repositories: FrontendRepositories;
  #handler: BackupHandler | undefined;
  #tasks: TaskQueue | undefined;
  #replaying: Promise<void> = Promise.resolve();
  #stale: Stale | undefined;

  private constructor(options: FrontendOptions) {
    this.options = options;
    const { clock, store, random } = options;
    this.startTime = clock.now();
    this.config = new Map(Object.entries({ ...defaultConfig(options.profile), ...options.config }));
    const names = new CachedNames(options.names, () => clock.monotonic());
    const opener = (timeoutMs: number) => async (host: string, port: number) =>
      await BrokerConnection.open({
        host: await names.lookup(host, options.host),
        port,
        localAddress: options.host,
        timeoutMs,
      });
    this.#pool = new FrontendPool(opener(options.timeouts.brokerCallMs));
    this.#heartbeatPool = new FrontendPool(opener(options.timeouts.heartbeatMs));
    this.#brokers = new FrontendBrokers(store.image.brokers, random);
    this.#repositories = new FrontendRepositories((record) => this.#blobOf(record));
    for (const { id } of options.backends) this.#backendLives.set(id, newLife(this.startTime));
  }

  /**
   * Loads the image and replays the journal before it answers anybody: each repository in either costs
   * a network probe, at the broker that was alive at that point (§4.7, §12 C).
   */
  static async start(options: FrontendOptions): Promise<Frontend> {
    const frontend = new Frontend(options);
    const { starrocksPrefix } = options.profile.frontend;
    for (const repository of options.store.image.repositories) {
      await frontend.#repositories.replay({ op: "createRepository", repository }, starrocksPrefix);
    }
    for (const op of options.store.journal) {
      frontend.#brokers.apply(op);
      await frontend.#repositories.replay(op, starrocksPrefix);
    }
    const stop = options.store.follow((op) => frontend.#follow(op));
    frontend.#life.signal.addEventListener("abort", stop);
    return frontend;
  }

  /** From now on this FE leads: it takes the jobs over from the edit log. */
  lead(): void {
    this.catchUp();
    const { clock, store, profile, tmpDir } = this.options;
    const tasks = new TaskQueue(
      clock,
      (id) => this.backend(id),
      () => Number(this.configValue("agent_task_resend_wait_time_ms")),
    );
    const context: JobContext = {
      clock,
      store,
      profile: profile.frontend,
      tasks,
      tmpDir,
      repository: (name) => this.#repositories.get(name),
      backends: () => this.backendStates(),
      backend: (id) => this.backend(id),
      brokerFor: (name, host) => this.#brokers.pick(name, host),
      tasksPerBackendMax: (kind) =>
        Number(this.config.get(`max_${kind}_task_per_be`) ?? profile.frontend.tasksPerBackendMax),
      requireAlive: () => this.#life.signal.throwIfAborted(),
    };
    this.#tasks = tasks;
    this.#handler = new BackupHandler(context, (name) => this.createDatabase(name));
    this.#handler.load();
    const { signal } = this.#life;
    const handler = this.#handler;
    const awake = (step: () => Promise<void>) => async (): Promise<void> => {
      await this.stoppable.awake();
      if (this.isAlive) await step();
    };
    void runDaemon(
      clock,
      HANDLER_PERIOD_MS,
      signal,
      awake(() => handler.tick()),
    );
    void runDaemon(
      clock,
      HEARTBEAT_PERIOD_MS,
      signal,
      awake(() => this.#heartbeats()),
    );
    void clock
      .sleep(REPOSITORY_PING_PERIOD_MS, signal)
      .then(() =>
        runDaemon(
          clock,
          REPOSITORY_PING_PERIOD_MS,
          signal,
          awake(() => this.#pingAll()),
        ),
      )
      .catch(() => undefined);
  }

  get isAlive(): boolean {
    return !this.#life.signal.aborted;
  }

  get isLeader(): boolean {
    return this.isAlive && this.#handler !== undefined;
  }

  /** Aborted when the process ends. */
  get signal(): AbortSignal {
    return this.#life.signal;
  }

  get brokers(): FrontendBrokers {
    return this.#brokers;
  }

  get repositories(): FrontendRepositories {
    return this.#repositories;
  }

  /** The leader's; undefined on a follower. */
  get handler(): BackupHandler | undefined {
    return this.#handler;
  }

  /** kill -9. */
  kill(): void {
    this.#life.abort(new Error("the FE was killed"));
    this.stoppable.go();
    this.#pool.destroy();
    this.#heartbeatPool.destroy();
  }

  /** Writes an op to the journal, from which every FE (this one too) takes it. */
  log(op: JournalOp): void {
    this.#life.signal.throwIfAborted();
    this.#brokers.apply(op);
    if (op.op === "dropRepository") this.#repositories.drop(op.name);
    this.#own = op;
    this.options.store.append(op);
  }

  #own: JournalOp | undefined;

  createDatabase(name: string): Database {
    const { store } = this.options;
    this.#life.signal.throwIfAborted();
    const database: Database = { id: store.nextId(), name, tables: [], functions: [] };
    store.databases.push(database);
    store.save();
    return database;
  }

  /**
   * From now on it replays nothing, as a follower on a slow disk or behind a slow network: what it answers by
   * itself is of this moment, who leads too.
   */
  lag(nodes: readonly FrontendRow[]): void {
    const { databases, jobs } = this.options.store;
    this.#stale = { ...structuredClone({ databases, jobs }), nodes: [...nodes], missed: [] };
  }

  catchUp(): void {
    const missed = this.#stale?.missed ?? [];
    this.#stale = undefined;
    for (const op of missed) this.#follow(op);
  }

  get databases(): Database[] {
    return this.#stale?.databases ?? this.options.store.databases;
  }

  /** The last job of each database as the edit log has it. */
  get loggedJobs(): Readonly<Record<string, unknown>> {
    return this.#stale?.jobs ?? this.options.store.jobs;
  }

  /** Undefined: as they are. */
  get seenNodes(): readonly FrontendRow[] | undefined {
    return this.#stale?.nodes;
  }

  configValue(key: string): string {
    return this.config.get(key) ?? "";
  }

  backend(id: number): BackendPort | undefined {
    return this.options.backends.find((b) => b.id === id)?.port;
  }

  backendStates(): readonly (BackendLife & { readonly id: number; readonly host: string })[] {
    return this.options.backends.map(({ id, host }) => ({
      id,
      host,
      ...(this.#backendLives.get(id) ?? newLife(0)),
    }));
  }

  async finishTask(done: TaskDone): Promise<void> {
    this.#requireLeading();
    this.#handler?.finishTask(done);
    await Promise.resolve();
  }

  async reportTasks(backendId: number, signatures: readonly number[]): Promise<void> {
    this.#requireLeading();
    await this.#tasks?.reported(backendId, signatures);
  }

  async reportProgress(progress: LoaderProgress): Promise<boolean> {
    this.#requireLeading();
    return Promise.resolve(this.#handler?.reportProgress(progress) ?? false);
  }

  #requireLeading(): void {
    if (!this.isLeader) throw new Error("java.net.ConnectException: Connection refused");
  }

  /** A running follower replays too, and probes while it does. */
  #follow(op: JournalOp): void {
    if (op === this.#own) return;
    if (this.#stale !== undefined) {
      this.#stale.missed.push(op);
      return;
    }
    this.#brokers.apply(op);
    const { starrocksPrefix } = this.options.profile.frontend;
    this.#replaying = this.#replaying.then(() => this.#repositories.replay(op, starrocksPrefix));
  }

  /** BEs and brokers share the round: one that hangs makes it longer for all. */
  async #heartbeats(): Promise<void> {
    const brokers = this.#brokers.all.map(([name, b]) => this.#heartbeatBroker(name, b));
    const backends = this.options.backends.map((b) => this.#heartbeatBackend(b));
    await Promise.all([...brokers, ...backends]);
  }

  async #heartbeatBroker(
    name: string,
    broker: { readonly host: string; readonly port: number },
  ): Promise<void> {
    const { host, port } = broker;
    let error: string | undefined;
    try {
      const connection = await this.#heartbeatPool.borrow(host, port);
      await connection
        .call("ping", { clientId: this.options.host }, this.options.timeouts.heartbeatMs)
        .then(
          ({ statusCode, message }) => {
            this.#heartbeatPool.giveBack(host, port, connection);
            if (statusCode !== 0) error = message ?? "";
          },
          (cause: unknown) => {
            this.#heartbeatPool.invalidate(connection);
            throw cause;
          },
        );
    } catch (cause) {
      error = javaCause(cause instanceof Error ? cause.message : String(cause));
      // The one thing that empties the pool of stale connections.
      this.#pool.clear(host, port);
    }
    if (!this.isAlive) return;
    const op = this.#brokers.heard(name, brokerKey(broker), this.options.clock.now(), error);
    if (op !== undefined) this.log(op);
  }

  async #heartbeatBackend(member: BackendMember): Promise<void> {
    const life = this.#backendLives.get(member.id);
    if (life === undefined) return;
    const now = this.options.clock.now();
    try {
      await member.port.heartbeat();
      if (!life.alive) life.lastStartTime = now;
      Object.assign(life, { alive: true, failures: 0, lastHeartbeat: now, errorMessage: "" });
    } catch (error) {
      life.failures += 1;
      life.errorMessage = error instanceof Error ? error.message : String(error);
      if (life.failures > HEARTBEAT_RETRIES) life.alive = false;
    }
  }

  async #pingAll(): Promise<void> {
    for (const repository of this.#repositories.all) await repository.ping();
  }

  #blobOf(record: {
    readonly broker: string;
    readonly properties: Readonly<Record<string, string>>;
  }): BlobStorage {
    const { violations, host, timeouts, profile } = this.options;
    return new BlobStorage(record.broker, record.properties, {
      brokers: this.#brokers,
      pool: this.#pool,
      violations,
      host,
      clientId: `${host}:${EDIT_LOG_PORT}`,
      timeoutMs: timeouts.brokerCallMs,
      noBrokerThrows: profile.frontend.noBrokerThrows,
      brokerPerCall: profile.frontend.brokerPerCall,
    });
  }
}

function newLife(nowMs: number): BackendLife {
  return {
    alive: true,
    failures: 0,
    lastStartTime: nowMs,
    lastHeartbeat: nowMs,
    errorMessage: "",
  };
}

/** §1.7. */
function defaultConfig(profile: Profile): Record<string, string> {
  const { backupMaterializedViews, brokerClientTimeoutMs, tasksPerBackendMax, configuration } =
    profile.frontend;
  return {
    ...configuration,
    backup_job_default_timeout_ms: "86400000",
    ...(tasksPerBackendMax === 0
      ? { max_upload_task_per_be: "0", max_download_task_per_be: "0" }
      : {}),
    ...(backupMaterializedViews === undefined
      ? {}
      : { enable_backup_materialized_view: String(backupMaterializedViews) }),
    broker_client_timeout_ms: String(brokerClientTimeoutMs),
    heartbeat_timeout_second: "5",
    heartbeat_retry_times: String(HEARTBEAT_RETRIES),
    history_job_keep_max_second: String(7 * 86_400),
    label_clean_interval_second: "14400",
    agent_task_resend_wait_time_ms: "5000",
    tmp_dir: "/opt/starrocks/fe/temp_dir",
  };
}
