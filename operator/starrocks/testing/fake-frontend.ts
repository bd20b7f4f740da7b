// StarRocks in memory, for the unit tests of whoever asks it: the contract of frontend.ts with a world behind it
// that moves on only by `tick()`. It is no kinder than the real one: what StarRocks refuses, this refuses with the
// same text, read by the same table. `frontend-contract.ts` holds both to that.
import { must } from "../../assert.ts";
import { classify, refusedError } from "../errors.ts";
import {
  FrontendError,
  type BackupRequest,
  type BrokerRow,
  type ClusterFacts,
  type CreateRepositoryRequest,
  type Frontend,
  type FrontendNode,
  type JobRow,
  type RepositoryRow,
  type RestoreRequest,
  type RestoreTable,
  type RunMode,
  type SnapshotDetails,
  type SnapshotRow,
  type TableInfo,
} from "../frontend.ts";
import { parseVersion } from "../rows.ts";
import * as sql from "../statements.ts";
import { checkBackup, checkDuplicates, checkInSnapshot, type FakeRelease } from "./fake-checks.ts";
import { FakeFaults, type FakeFault, type FakeVerb } from "./fake-faults.ts";
import { FakeJob } from "./fake-job.ts";
import { FakeWorld, type FakeRepository, type FakeTableSpec } from "./fake-world.ts";

export interface FakeFrontendOptions {
  readonly databases?: Readonly<Record<string, readonly FakeTableSpec[]>>;
  /** Whether an agent answers at a broker address. Default: always. */
  readonly agentServes?: (address: string) => boolean;
  /**
   * The folder behind a repository. Default its name; slots of one Repository share one, which agents see to:
   * say so where labels and snapshots of several slots meet.
   */
  readonly folderOf?: (repository: string) => string;
  /** As StarRocks says it; its release decides what is refused. Default a 3.5. */
  readonly version?: string;
  readonly runMode?: RunMode;
  readonly frontends?: readonly FrontendNode[];
  readonly user?: string;
  /** Default a time that grows by a second with each job. */
  readonly nowMs?: () => number;
}

/** One call, in order. */
export interface FakeCall {
  readonly verb: FakeVerb;
  readonly args: readonly unknown[];
}

const READS: readonly FakeVerb[] = [
  "facts",
  "brokers",
  "repositories",
  "databases",
  "tables",
  "tableIds",
  "partitions",
  "replication",
  "takesMaterializedViews",
  "jobs",
  "snapshot",
  "snapshotDetails",
];

export class FakeFrontend implements Frontend {
  readonly world = new FakeWorld();
  /** Every call, also those that were refused. */
  readonly calls: FakeCall[] = [];
  /** What of FOLLOWERs and LEADERs SHOW FRONTENDS tells; a test may change it. */
  frontends: readonly FrontendNode[];
  /** Databases whose jobs the user does not see: EXPORT is missing on a table (§1.10). */
  readonly hiddenJobs = new Set<string>();
  readonly #options: FakeFrontendOptions;
  readonly #faults = new FakeFaults();
  readonly #jobs = new Map<string, FakeJob>();
  #clockMs = Date.UTC(2026, 0, 1);
  #isClosed = false;

  constructor(options: FakeFrontendOptions = {}) {
    this.#options = options;
    this.frontends = options.frontends ?? [
      { name: "fe-0_9010", host: "fe-0", queryPort: 9030, leads: true, alive: true },
    ];
    for (const [database, tables] of Object.entries(options.databases ?? {})) {
      this.world.databases.set(database, new Map());
      for (const table of tables) this.world.putTable(database, table);
    }
  }

  // What a test does to it.

  /** One round of heartbeats and of the FE's daemon. */
  tick(rounds = 1): void {
    for (let i = 0; i < rounds; i += 1) {
      this.world.heartbeat((a) => this.#serves(a));
      for (const job of this.#jobs.values()) job.tick();
    }
  }

  /** The next call of the verb fails, before or after its effect. */
  fail(verb: FakeVerb, fault: FakeFault): void {
    this.#faults.add(verb, fault);
  }

  /** Calls that change something. */
  get writes(): readonly FakeCall[] {
    return this.calls.filter((c) => !READS.includes(c.verb));
  }

  /** The last job of a database, to stall it, cancel it or look at it. */
  job(database: string): FakeJob | undefined {
    return this.#jobs.get(database);
  }

  /** Ended jobs leave memory after days (history_job_keep_max_second). */
  forgetJobs(): void {
    for (const [database, job] of this.#jobs) if (job.isDone) this.#jobs.delete(database);
  }

  /** Another FE leads, or the only one started again. */
  changeLeader(): void {
    for (const job of this.#jobs.values()) job.restart();
  }

  // The contract.

  facts(): Promise<ClusterFacts> {
    return this.#do("facts", [], () => ({
      version: parseVersion(this.#version),
      runMode: this.#options.runMode ?? "shared_nothing",
      frontends: this.frontends,
      backends: this.world.backends,
    }));
  }

  brokers(): Promise<readonly BrokerRow[]> {
    return this.#do("brokers", [], () =>
      [...this.world.brokers].flatMap(([name, list]) =>
        list.map(({ address, alive, error }) => {
          const colon = address.lastIndexOf(":");
          const port = Number(address.slice(colon + 1));
          return { name, host: address.slice(0, colon), port, alive, error };
        }),
      ),
    );
  }

  repositories(): Promise<readonly RepositoryRow[]> {
    return this.#do("repositories", [], () =>
      [...this.world.repositories.values()].map(({ name, broker, location, readOnly }) => {
        return { name, broker, location, readOnly, error: "" };
      }),
    );
  }

  addBroker(name: string, address: string): Promise<void> {
    return this.#do("addBroker", [name, address], () => {
      sql.addBroker(name, address);
      const known = this.world.brokers.get(name) ?? [];
      if (known.some((b) => b.address === address)) return;
      // Alive by the next heartbeat, not before.
      const added = { address, alive: false, failures: 0, error: "" };
      this.world.brokers.set(name, [...known, added]);
    });
  }

  dropBroker(name: string): Promise<void> {
    return this.#do("dropBroker", [name], () => {
      sql.dropAllBroker(name);
      this.world.brokers.delete(name);
    });
  }

  createRepository(request: CreateRepositoryRequest): Promise<void> {
    return this.#do("createRepository", [request], () => {
      sql.createRepository(request);
      const what = `CREATE REPOSITORY ${request.name}`;
      if ("refusal" in this.world.pickBroker(request.broker)) {
        throw this.#refusal(what, `failed to get address of broker ${request.broker}`);
      }
      const known = this.world.repositories.get(request.name);
      if (known === undefined) {
        this.#callAgent(what, request.broker, "Failed to create repository: ");
        this.world.repositories.set(request.name, { ...request });
        return;
      }
      const isSame = (["location", "broker", "readOnly"] as const).every(
        (key) => known[key] === request[key],
      );
      if (isSame) return;
      const text = `Failed to create repository: repository with same name already exist: ${request.name}`;
      throw this.#refusal(what, text);
    });
  }

  dropRepository(name: string): Promise<void> {
    return this.#do("dropRepository", [name], () => {
      sql.dropRepository(name);
      const isUsed = [...this.#jobs.values()].some((j) => !j.isDone && j.spec.repository === name);
      if (isUsed) {
        const text = "Backup or restore job is running on this repository. Can not drop it";
        throw this.#refusal(`DROP REPOSITORY ${name}`, text);
      }
      this.world.repositories.delete(name);
    });
  }

  databases(): Promise<readonly string[]> {
    return this.#do("databases", [], () => [...this.world.databases.keys()]);
  }

  tables(database: string): Promise<readonly TableInfo[] | undefined> {
    return this.#do("tables", [database], () => {
      sql.selectTables(database);
      const tables = this.world.databases.get(database);
      if (tables === undefined) return undefined;
      return [...tables.values()].map(({ name, kind, engine }) => ({ name, kind, engine }));
    });
  }

  tableIds(database: string): Promise<ReadonlyMap<string, number>> {
    return this.#do("tableIds", [database], () => {
      const tables = this.world.databases.get(database)?.values() ?? [];
      return new Map([...tables].map(({ name, id }) => [name, id]));
    });
  }

  partitions(database: string, table: string): Promise<readonly string[] | undefined> {
    return this.#do("partitions", [database, table], () => {
      sql.selectPartitions(database, table);
      if (!this.#isAtLeast(3, 1)) return undefined;
      return [...(this.world.table(database, table)?.partitions.keys() ?? [])];
    });
  }

  takesMaterializedViews(): Promise<boolean | undefined> {
    return this.#do("takesMaterializedViews", [], () =>
      this.#isAtLeast(3, 2) ? !this.#isAtLeast(3, 5) : undefined,
    );
  }

  replication(database: string, table: string): Promise<number | undefined> {
    return this.#do("replication", [database, table], () => {
      sql.selectPartitions(database, table);
      return this.world.table(database, table)?.replication;
    });
  }

  jobs(database: string, kind?: JobRow["kind"]): Promise<readonly JobRow[]> {
    return this.#do("jobs", kind === undefined ? [database] : [database, kind], () => {
      sql.showJobs("backup", database);
      const job = this.#jobs.get(database);
      const isHidden = this.hiddenJobs.has(database) && job?.spec.kind === "backup";
      const isOther = kind !== undefined && job?.spec.kind !== kind;
      return job === undefined || isHidden || isOther ? [] : [job.row()];
    });
  }

  backup(request: BackupRequest): Promise<void> {
    return this.#do("backup", [request], () => {
      sql.backup(request);
      const { database, label } = request;
      const what = `BACKUP of database ${database} as ${label}`;
      const tables = this.world.databases.get(database);
      if (tables === undefined) throw this.#refusal(what, `Unknown database '${database}'`);
      const repository = this.#repository(what, request.repository);
      const chosen = checkBackup(this.#release(what), database, tables, request.tables);
      this.#requireFree(what, database);
      if (repository.readOnly) {
        throw this.#refusal(what, `Repository ${repository.name} is read only`);
      }
      this.#callAgent(what, repository.broker);
      const folder = this.#folder(repository.name);
      if (this.world.snapshotsOf(folder).has(label)) {
        throw this.#refusal(what, `Snapshot with name '${label}' already exist in repository`);
      }
      this.#start("backup", { ...request, tables: chosen, replicationNum: 0 }, repository);
    });
  }

  restore(request: RestoreRequest): Promise<void> {
    return this.#do("restore", [request], () => {
      sql.restore(request);
      const { database, label, timestamp, tables } = request;
      const what = `RESTORE of ${label} into database ${database}`;
      const isThere = this.world.databases.has(database);
      const createsDatabase = this.#isAtLeast(3, 4);
      if (!isThere && !createsDatabase) throw this.#refusal(what, `Unknown database '${database}'`);
      const repository = this.#repository(what, request.repository);
      const release = this.#release(what);
      checkDuplicates(release, tables);
      this.#requireFree(what, database);
      this.#callAgent(what, repository.broker);
      const snapshot = this.world.snapshotsOf(this.#folder(repository.name)).get(label);
      if (snapshot === undefined || snapshot.timestamp !== timestamp) {
        const text = `Failed to get info of snapshot '${label}' because: Expected one file with path: __info_${timestamp}. get: 0. Maybe specified wrong backup timestamp`;
        throw this.#refusal(what, text);
      }
      for (const chosen of tables) checkInSnapshot(release, label, chosen, snapshot);
      if (!isThere) this.world.databases.set(database, new Map());
      this.#start("restore", request, repository);
    });
  }

  cancel(kind: "backup" | "restore", database: string): Promise<void> {
    return this.#do("cancel", [kind, database], () => {
      sql.cancel(kind, database);
      const job = this.#jobs.get(database);
      if (job?.spec.kind !== kind) return;
      // The check of rights comes first, also for a job that is over.
      if (kind === "backup" && this.hiddenJobs.has(database)) {
        const table = `${database}.${job.spec.tables[0]?.name ?? ""}`;
        const text = `Access denied; you need (at least one of) the EXPORT privilege(s) on TABLE ${table} for this operation`;
        throw this.#refusal(`CANCEL BACKUP of database ${database}`, text);
      }
      if (job.isDone) return;
      const detail = kind === "restore" ? `, current state: ${job.state}` : "";
      job.cancel("COMMON_ERROR", `user cancelled${detail}`);
    });
  }

  snapshot(repository: string, label: string): Promise<SnapshotRow> {
    return this.#do("snapshot", [repository, label], () => {
      sql.showSnapshot(repository, label);
      const { timestamp } = this.#look(repository, label) ?? {};
      if (timestamp !== undefined) return { label, timestamps: [timestamp], status: "OK" };
      return { label, timestamps: [], status: "ERROR: no snapshot" };
    });
  }

  snapshotDetails(repository: string, label: string, timestamp: string): Promise<SnapshotDetails> {
    return this.#do("snapshotDetails", [repository, label, timestamp], () => {
      sql.showSnapshot(repository, label, timestamp);
      const found = this.#look(repository, label);
      if (found?.timestamp === timestamp) {
        const tables = found.tables.map((t) => ({
          name: t.name,
          partitions: [...t.partitions.keys()],
        }));
        return { database: found.database, tables };
      }
      const text = `Failed to get info: Expected one file with path: __info_${timestamp}. get: 0`;
      throw this.#refusal(`SHOW SNAPSHOT ${label} at ${timestamp} on ${repository}`, text);
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  // The rest.

  get #version(): string {
    return this.#options.version ?? "3.5.3 6a7b8c9";
  }

  #isAtLeast(major: number, minor: number): boolean {
    const [a, b] = must(parseVersion(this.#version).numbers, "a version with numbers");
    return a > major || (a === major && b >= minor);
  }

  #release(what: string): FakeRelease {
    return {
      isAtLeast: (major, minor) => this.#isAtLeast(major, minor),
      refuse: (text) => this.#refusal(what, text),
    };
  }

  #serves(address: string): boolean {
    return this.#options.agentServes?.(address) ?? true;
  }

  #folder(repository: string): string {
    return this.#options.folderOf?.(repository) ?? repository;
  }

  /** Records the call, and fails it where a test wants that. */
  async #do<T>(verb: FakeVerb, args: readonly unknown[], effect: () => T): Promise<T> {
    await Promise.resolve();
    this.calls.push({ verb, args });
    if (this.#isClosed) {
      const message = `${verb}: the connections to StarRocks are closed here`;
      throw new FrontendError("FrontendUnreachable", true, message);
    }
    const fault = this.#faults.take(verb);
    if (fault?.when === "before") throw fault.error;
    const result = effect();
    if (fault?.when === "after") throw fault.error;
    return result;
  }

  #refusal(what: string, text: string): FrontendError {
    return refusedError(what, text, classify(text, this.#options.user ?? "backup"));
  }

  #repository(what: string, name: string): FakeRepository {
    const found = this.world.repositories.get(name);
    if (found !== undefined) return found;
    throw this.#refusal(what, `Repository [${name}] does not exist`);
  }

  #callAgent(what: string, broker: string, prefix = ""): void {
    const picked = this.world.pickBroker(broker);
    if ("refusal" in picked) throw this.#refusal(what, prefix + picked.refusal);
    if (this.#serves(picked.address)) return;
    const text = "failed to get broker client: java.net.ConnectException: Connection refused";
    throw this.#refusal(what, prefix + text);
  }

  #look(repository: string, label: string) {
    const what = `SHOW SNAPSHOT ${label} on ${repository}`;
    this.#callAgent(what, this.#repository(what, repository).broker);
    return this.world.snapshotsOf(this.#folder(repository)).get(label);
  }

  #requireFree(what: string, database: string): void {
    if (this.#jobs.get(database)?.isDone !== false) return;
    const text = "Can only run one backup or restore job of a database at same time";
    throw this.#refusal(what, text);
  }

  #start(
    kind: "backup" | "restore",
    request: Omit<RestoreRequest, "timestamp" | "tables"> & {
      readonly timestamp?: string;
      readonly tables: readonly RestoreTable[];
    },
    { broker }: FakeRepository,
  ): void {
    this.#clockMs += 1_000;
    const nowMs = this.#options.nowMs?.() ?? this.#clockMs;
    const { database, label, repository, tables, replicationNum } = request;
    const spec = {
      kind,
      database,
      label,
      repository,
      tables,
      replicationNum,
      broker,
      folder: this.#folder(repository),
      timestamp: request.timestamp ?? timestampOf(nowMs),
      createdAt: new Date(nowMs).toISOString().slice(0, 19).replace("T", " "),
      deadlineMs: nowMs + request.timeoutSeconds * 1_000,
    };
    const context = {
      world: this.world,
      nowMs: () => this.#options.nowMs?.() ?? this.#clockMs,
      serves: (address: string) => this.#serves(address),
    };
    this.#jobs.set(database, new FakeJob(spec, context));
  }
}

/** `2026-01-01-00-00-01-000` */
function timestampOf(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "").replaceAll(/[T:.]/g, "-");
}
