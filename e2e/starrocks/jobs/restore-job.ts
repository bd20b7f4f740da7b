// A RESTORE on the leader (RestoreJob.java): one state a tick, edit-logged on entering DOWNLOAD and
// COMMIT and at its end. Every status other than OK cancels it; a failed BE task does not. Until COMMIT
// overwritten data is intact; new tables and partitions go when it is cancelled.
import { assertNever } from "../../../operator/assert.ts";
import { StatusError } from "../blob-storage.ts";
import type { Database, Table } from "../catalog.ts";
import { NoBroker } from "../frontend-brokers.ts";
import type {
  AgentTask,
  DownloadTask,
  LoaderProgress,
  MoveTask,
  ReleaseTask,
  SnapshotTask,
  TaskDone,
} from "../messages.ts";
import type { Repository } from "../repository.ts";
import { dropPending, finishTables, markRestoring } from "./restore-tables.ts";
import {
  batches,
  groupBy,
  isTimedOut,
  JobLists,
  type Job,
  type JobContext,
  type JobRecord,
} from "./job.ts";
import { planRestore, type ChosenTable, type ReplicaPlan } from "./restore-plan.ts";

export type RestoreState =
  | "PENDING"
  | "SNAPSHOTING"
  | "DOWNLOAD"
  | "DOWNLOADING"
  | "COMMIT"
  | "COMMITTING"
  | "FINISHED"
  | "CANCELLED";

interface PlannedReplica extends ReplicaPlan {
  localPath: string;
}

export interface RestoreRecord extends JobRecord {
  readonly type: "RESTORE";
  state: RestoreState;
  readonly timestamp: string;
  readonly allowLoad: boolean;
  readonly replicationNum: number;
  readonly remoteDatabaseId: number;
  readonly chosen: readonly ChosenTable[];
  readonly functions: readonly string[];
  /** Set when `__meta` could not be read at submission: shows as CANCELLED at the first tick. */
  readonly metaProblem: string;
  metaPreparedTime: number;
  snapshotFinishedTime: number;
  downloadFinishedTime: number;
  replicas: PlannedReplica[];
  versions: readonly { readonly partitionId: number; readonly version: number }[];
}

export class RestoreJob implements Job {
  readonly record: RestoreRecord;
  readonly lists = new JobLists();
  readonly #context: JobContext;

  constructor(record: RestoreRecord, context: JobContext) {
    this.record = record;
    this.#context = context;
  }

  /** A job in PENDING was not logged since: what it made is unknown to the new leader, and goes. */
  static load(record: RestoreRecord, context: JobContext): RestoreJob {
    const job = new RestoreJob(structuredClone(record), context);
    const database = context.store.databases.find((d) => d.id === record.databaseId);
    if (record.state === "PENDING" && database !== undefined) dropPending(database);
    return job;
  }

  get isDone(): boolean {
    return this.record.state === "FINISHED" || this.record.state === "CANCELLED";
  }

  async run(): Promise<void> {
    if (this.isDone) return;
    if (isTimedOut(this.record, this.#context.clock)) {
      await this.#cancelWith("TIMEOUT", `restore job with label: ${this.record.label}  timeout.`);
      return;
    }
    try {
      await this.#step();
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      await this.#cancelWith(error.code, error.message);
    }
  }

  finishTask(done: TaskDone): void {
    if (!this.lists.unfinished.has(done.signature)) return;
    if (done.error !== undefined) {
      this.lists.errors.set(done.signature, done.error);
      return;
    }
    if (done.type === "MAKE_SNAPSHOT") {
      const tablet = this.lists.unfinished.get(done.signature);
      const replica = this.record.replicas.find(
        (r) => r.localTablet === tablet && r.backendId === done.backendId,
      );
      if (replica !== undefined) replica.localPath = done.localPath ?? "";
    }
    this.lists.errors.delete(done.signature);
    this.lists.unfinished.delete(done.signature);
    this.lists.progress.delete(done.signature);
    this.#context.tasks.remove(done.backendId, done.signature);
  }

  reportProgress(progress: LoaderProgress): boolean {
    if (this.isDone || this.record.jobId !== progress.jobId) return false;
    if (this.lists.unfinished.has(progress.signature)) {
      this.lists.progress.set(progress.signature, progress);
    }
    return true;
  }

  async cancel(): Promise<void> {
    const text = `user cancelled, current state: ${this.record.state}`;
    await this.#cancelWith("COMMON_ERROR", text);
  }

  #step(): Promise<void> {
    switch (this.record.state) {
      case "PENDING":
        return this.#prepare();
      case "SNAPSHOTING":
        return this.#waitForSnapshots();
      case "DOWNLOAD":
        return this.#sendDownloads();
      case "DOWNLOADING":
        return this.#waitForDownloads();
      case "COMMIT":
        return this.#sendMoves();
      case "COMMITTING":
        return this.#waitForMoves();
      case "FINISHED":
      case "CANCELLED":
        return Promise.resolve();
      default:
        return assertNever(this.record.state);
    }
  }

  async #prepare(): Promise<void> {
    const { record } = this;
    const { store } = this.#context;
    if (record.metaProblem !== "") {
      throw new StatusError("COMMON_ERROR", "Failed to read backup meta from file");
    }
    const database = this.#database();
    record.jobId = store.nextId();
    const plan = planRestore(
      {
        database,
        remoteDatabaseId: record.remoteDatabaseId,
        chosen: record.chosen,
        replicationNum: record.replicationNum,
      },
      this.#context,
    );
    markRestoring(database, record.chosen);
    await this.#createReplicas(plan.newReplicas);
    this.#context.requireAlive();
    register(database, plan.newTables);
    for (const { table, partition } of plan.newPartitions) table.partitions.push(partition);
    store.save();
    record.metaPreparedTime = this.#context.clock.now();
    record.replicas = plan.replicas.map((r) => ({ ...r, localPath: "" }));
    record.versions = plan.versions;
    await this.#submitPerReplica((replica, signature): SnapshotTask => {
      this.lists.unfinished.set(signature, replica.localTablet);
      return {
        type: "MAKE_SNAPSHOT",
        signature,
        jobId: record.jobId,
        tabletId: replica.localTablet,
        schemaHash: replica.schemaHash,
        version: undefined,
      };
    });
    record.state = "SNAPSHOTING";
  }

  async #createReplicas(
    wanted: readonly { readonly tabletId: number; readonly backendId: number }[],
  ): Promise<void> {
    for (const { tabletId, backendId } of wanted) {
      try {
        await this.#context.backend(backendId)?.createTablet(tabletId);
      } catch {
        throw new StatusError(
          "COMMON_ERROR",
          `Failed to create replicas for restore. unfinished marks: ${backendId}=${tabletId}`,
        );
      }
    }
  }

  async #waitForSnapshots(): Promise<void> {
    this.#requireTables();
    if (this.lists.unfinished.size > 0) return;
    this.record.snapshotFinishedTime = this.#context.clock.now();
    this.#enter("DOWNLOAD");
    await Promise.resolve();
  }

  async #sendDownloads(): Promise<void> {
    this.#requireTables();
    const { store, tasks } = this.#context;
    const max = this.#context.tasksPerBackendMax("download");
    const repository = this.#repository();
    const { label, jobId } = this.record;
    this.lists.clear();
    const groups = groupBy(this.record.replicas, (r) => r.backendId);
    const brokers = new Map([...groups.keys()].map((id) => [id, this.#brokerFor(id)]));
    for (const [backendId, mine] of groups) {
      const broker = brokers.get(backendId) ?? this.#brokerFor(backendId);
      const sent = batches(mine, max).map((part): DownloadTask => {
        const signature = store.nextId();
        this.lists.unfinished.set(signature, backendId);
        const sources = part.map((r) => ({
          tabletId: r.localTablet,
          localPath: r.localPath,
          remotePath: repository.tabletRoot(label, r.remote),
        }));
        const { properties } = repository.record;
        return { type: "DOWNLOAD", signature, jobId, broker, properties, sources };
      });
      await tasks.submit(backendId, sent);
    }
    this.record.state = "DOWNLOADING";
  }

  #brokerFor(backendId: number): { host: string; port: number } {
    const broker = this.#repository().record.broker;
    const host = this.#context.backends().find((b) => b.id === backendId)?.host ?? "";
    try {
      const { host: brokerHost, port } = this.#context.brokerFor(broker, host);
      return { host: brokerHost, port };
    } catch (error) {
      if (!(error instanceof NoBroker) || this.#context.profile.noBrokerThrows) throw error;
      throw new StatusError(
        "COMMON_ERROR",
        `failed to get address of broker ${broker} when try to send download snapshot task: ${error.message}`,
      );
    }
  }

  async #waitForDownloads(): Promise<void> {
    this.#requireTables();
    if (this.lists.unfinished.size > 0) return;
    this.record.downloadFinishedTime = this.#context.clock.now();
    this.#enter("COMMIT");
    await Promise.resolve();
  }

  async #sendMoves(): Promise<void> {
    this.#requireTables();
    this.lists.clear();
    await this.#submitPerReplica((replica, signature): MoveTask => {
      this.lists.unfinished.set(signature, replica.localTablet);
      return {
        type: "MOVE",
        signature,
        jobId: this.record.jobId,
        tabletId: replica.localTablet,
        localPath: replica.localPath,
      };
    });
    this.record.state = "COMMITTING";
  }

  async #waitForMoves(): Promise<void> {
    this.#requireTables();
    if (this.lists.unfinished.size > 0) return;
    const { clock } = this.#context;
    this.#context.requireAlive();
    finishTables(this.#database(), this.record, clock.now());
    this.record.finishedTime = clock.now();
    this.#enter("FINISHED");
    await this.#releaseSnapshots();
  }

  async #submitPerReplica(
    taskOf: (replica: PlannedReplica, signature: number) => AgentTask,
  ): Promise<void> {
    const { store, tasks } = this.#context;
    for (const [backendId, mine] of groupBy(this.record.replicas, (r) => r.backendId)) {
      await tasks.submit(
        backendId,
        mine.map((replica) => taskOf(replica, store.nextId())),
      );
    }
  }

  #database(): Database {
    const { databaseId, databaseName } = this.record;
    const found = this.#context.store.databases.find((d) => d.id === databaseId);
    if (found !== undefined) return found;
    throw new StatusError("NOT_FOUND", `database ${databaseName} has been dropped`);
  }

  #requireTables(): void {
    const database = this.#database();
    for (const { localName } of this.record.chosen) {
      const found = database.tables.some((t) => t.name === localName);
      if (!found) throw new StatusError("NOT_FOUND", `table ${localName} has been dropped`);
    }
  }

  #repository(): Repository {
    const found = this.#context.repository(this.record.repository);
    if (found !== undefined) return found;
    throw new StatusError("COMMON_ERROR", `repository ${this.record.repository} does not exist`);
  }

  #enter(state: RestoreState): void {
    this.#context.requireAlive();
    this.record.state = state;
    this.#context.store.saveJob(this.record.databaseId, this.record);
  }

  async #cancelWith(code: string, message: string): Promise<void> {
    this.#context.requireAlive();
    this.#context.tasks.removeJob(this.record.jobId);
    this.lists.clear();
    const database = this.#context.store.databases.find((d) => d.id === this.record.databaseId);
    const dropped = database === undefined ? [] : dropPending(database);
    this.record.status = { code, message };
    this.record.finishedTime = this.#context.clock.now();
    this.#enter("CANCELLED");
    await this.#releaseSnapshots();
    for (const { id } of this.#context.backends()) {
      await this.#context
        .backend(id)
        ?.dropTablets(dropped)
        .catch(() => undefined);
    }
  }

  async #releaseSnapshots(): Promise<void> {
    const { store } = this.#context;
    const made = this.record.replicas.filter((r) => r.localPath !== "");
    for (const [backendId, mine] of groupBy(made, (r) => r.backendId)) {
      const sent = mine.map((r): ReleaseTask => ({
        type: "RELEASE_SNAPSHOT",
        signature: store.nextId(),
        jobId: this.record.jobId,
        localPath: r.localPath,
      }));
      await this.#context
        .backend(backendId)
        ?.submitTasks(sent)
        .catch(() => undefined);
    }
  }
}

/** A view takes the place of one that is there. */
function register(database: Database, tables: readonly Table[]): void {
  for (const table of tables) {
    const at = database.tables.findIndex((t) => t.name === table.name);
    if (at >= 0) database.tables.splice(at, 1, table);
    else database.tables.push(table);
  }
}
