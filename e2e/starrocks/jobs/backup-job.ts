// A BACKUP on the leader (BackupJob.java): one state a tick. It is edit-logged on entering
// UPLOAD_SNAPSHOT, SAVE_META, UPLOAD_INFO and at its end; a new leader goes on from there, with files of
// SAVE_META only on the old leader's disk. A failed BE task is never the job's failure.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assertNever } from "../../../operator/assert.ts";
import { StatusError } from "../blob-storage.ts";
import { findTable, isOlap, type Table, type Tablet } from "../catalog.ts";
import { NoBroker } from "../frontend-brokers.ts";
import type {
  LoaderProgress,
  ReleaseTask,
  SnapshotTask,
  TaskDone,
  UploadTask,
} from "../messages.ts";
import type { Repository, TabletPlace } from "../repository.ts";
import { snapshotTimestamp } from "../times.ts";
import {
  batches,
  groupBy,
  isTimedOut,
  JobLists,
  OK_STATUS,
  type Job,
  type JobContext,
  type JobRecord,
} from "./job.ts";
import { buildInfo, encodeMeta } from "./snapshot-files.ts";

export type BackupState =
  | "PENDING"
  | "SNAPSHOTING"
  | "UPLOAD_SNAPSHOT"
  | "UPLOADING"
  | "SAVE_META"
  | "UPLOAD_INFO"
  | "FINISHED"
  | "CANCELLED";

export interface BackupObject {
  readonly name: string;
  /** Empty: all of them, and SHOW names none. */
  readonly partitions: readonly string[];
}

interface TabletSnapshot extends TabletPlace {
  readonly backendId: number;
  readonly schemaHash: number;
  readonly version: number;
  localPath: string;
  files: readonly string[];
}

export interface BackupRecord extends JobRecord {
  readonly type: "BACKUP";
  state: BackupState;
  readonly objects: readonly BackupObject[];
  readonly functions: readonly string[];
  /** 4.2+; empty: for ever. */
  readonly ttl: string;
  snapshotFinishedTime: number;
  uploadFinishedTime: number;
  /** The tables as they were at PENDING. */
  tables: readonly Table[];
  snapshots: readonly TabletSnapshot[];
}

export class BackupJob implements Job {
  readonly record: BackupRecord;
  readonly lists = new JobLists();
  readonly #context: JobContext;
  /** Set when compaction came before a snapshot: the one task failure that ends the job. */
  #merged: string | undefined;

  constructor(record: BackupRecord, context: JobContext) {
    this.record = record;
    this.#context = context;
  }

  /** The job as a new leader finds it: in a state that was logged. */
  static load(record: BackupRecord, context: JobContext): BackupJob {
    return new BackupJob(structuredClone(record), context);
  }

  get isDone(): boolean {
    return this.record.state === "FINISHED" || this.record.state === "CANCELLED";
  }

  get timestamp(): string {
    return snapshotTimestamp(this.record.createTime, this.#context.profile.jvmTimeZone);
  }

  async run(): Promise<void> {
    if (this.isDone) return;
    if (isTimedOut(this.record, this.#context.clock)) {
      await this.#cancelWith("TIMEOUT", "");
      return;
    }
    this.record.status = OK_STATUS;
    try {
      await this.#step();
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      // The one state that tries again instead of giving up.
      if (this.record.state === "UPLOAD_INFO") {
        this.record.status = { code: error.code, message: error.message };
      } else {
        await this.#cancelWith(error.code, error.message);
      }
    }
  }

  finishTask(done: TaskDone): void {
    const { tasks } = this.#context;
    if (!this.lists.unfinished.has(done.signature)) return;
    if (done.error !== undefined) {
      this.lists.errors.set(done.signature, done.error);
      if (done.alreadyMerged === true) this.#merged = done.error;
      return;
    }
    const taken = done.type === "MAKE_SNAPSHOT" ? this.#snapshotMade(done) : this.#uploaded(done);
    if (!taken) return;
    this.lists.unfinished.delete(done.signature);
    this.lists.progress.delete(done.signature);
    tasks.remove(done.backendId, done.signature);
  }

  reportProgress(progress: LoaderProgress): boolean {
    if (this.isDone || this.record.jobId !== progress.jobId) return false;
    if (this.lists.unfinished.has(progress.signature)) {
      this.lists.progress.set(progress.signature, progress);
    }
    return true;
  }

  async cancel(): Promise<void> {
    await this.#cancelWith("COMMON_ERROR", "user cancelled");
  }

  #step(): Promise<void> {
    switch (this.record.state) {
      case "PENDING":
        return this.#sendSnapshots();
      case "SNAPSHOTING":
        return this.#waitForSnapshots();
      case "UPLOAD_SNAPSHOT":
        return this.#sendUploads();
      case "UPLOADING":
        return this.#waitForUploads();
      case "SAVE_META":
        return this.#saveMeta();
      case "UPLOAD_INFO":
        return this.#uploadInfo();
      case "FINISHED":
      case "CANCELLED":
        return Promise.resolve();
      default:
        return assertNever(this.record.state);
    }
  }

  async #sendSnapshots(): Promise<void> {
    const { store, tasks } = this.#context;
    this.record.jobId = store.nextId();
    this.record.tables = this.#copyTables();
    this.record.snapshots = this.record.tables.flatMap((t) => this.#chooseReplicas(t));
    for (const [backendId, mine] of groupBy(this.record.snapshots, (s) => s.backendId)) {
      const sent = mine.map((s): SnapshotTask => {
        this.lists.unfinished.set(s.tablet, backendId);
        return {
          type: "MAKE_SNAPSHOT",
          signature: s.tablet,
          jobId: this.record.jobId,
          tabletId: s.tablet,
          schemaHash: s.schemaHash,
          version: s.version,
        };
      });
      await tasks.submit(backendId, sent);
    }
    this.record.state = "SNAPSHOTING";
  }

  #copyTables(): readonly Table[] {
    const database = this.#context.store.databases.find((d) => d.id === this.record.databaseId);
    if (database === undefined) {
      throw new StatusError("NOT_FOUND", `database ${this.record.databaseId} does not exist`);
    }
    return this.record.objects.map((object) => {
      const table = findTable(database, object.name);
      if (table === undefined) {
        throw new StatusError("NOT_FOUND", `table ${object.name} does not exist`);
      }
      const copy = structuredClone(table);
      if (object.partitions.length === 0) return copy;
      for (const name of object.partitions) {
        if (!copy.partitions.some((p) => p.name === name)) {
          const text = `partition ${name} does not exist  in table${object.name}`;
          throw new StatusError("NOT_FOUND", text);
        }
      }
      const chosen = copy.partitions.filter((p) => object.partitions.includes(p.name));
      return { ...copy, partitions: chosen };
    });
  }

  #chooseReplicas(table: Table): TabletSnapshot[] {
    if (!isOlap(table)) return [];
    return table.partitions.flatMap((partition) =>
      partition.index.tablets.map((tablet) => ({
        db: this.record.databaseId,
        table: table.id,
        partition: partition.id,
        index: partition.index.id,
        tablet: tablet.id,
        backendId: this.#chooseReplica(tablet, partition.version),
        schemaHash: partition.index.schemaHash,
        version: partition.version,
        localPath: "",
        files: [],
      })),
    );
  }

  #chooseReplica(tablet: Tablet, version: number): number {
    const alive = this.#context.backends().filter((b) => b.alive);
    const found = tablet.backends.find((id) => alive.some((b) => b.id === id));
    if (found !== undefined) return found;
    throw new StatusError(
      "COMMON_ERROR",
      `failed to choose replica to make snapshot for tablet ${tablet.id}. visible version: ${version}`,
    );
  }

  async #waitForSnapshots(): Promise<void> {
    if (this.#merged !== undefined) {
      throw new StatusError("OLAP_VERSION_ALREADY_MERGED", this.#merged);
    }
    if (this.lists.unfinished.size > 0) return;
    this.record.snapshotFinishedTime = this.#context.clock.now();
    this.#enter("UPLOAD_SNAPSHOT");
    await Promise.resolve();
  }

  async #sendUploads(): Promise<void> {
    const { store, tasks } = this.#context;
    const max = this.#context.tasksPerBackendMax("upload");
    const repository = this.#repository();
    this.lists.clear();
    const groups = groupBy(this.record.snapshots, (s) => s.backendId);
    // Every address is chosen before any task goes out: no broker, no task.
    const brokers = new Map([...groups.keys()].map((id) => [id, this.#brokerFor(id)]));
    for (const [backendId, mine] of groups) {
      const broker = brokers.get(backendId) ?? this.#brokerFor(backendId);
      const sent = batches(mine, max).map((part): UploadTask => {
        const signature = store.nextId();
        this.lists.unfinished.set(signature, backendId);
        return {
          type: "UPLOAD",
          signature,
          jobId: this.record.jobId,
          broker,
          properties: repository.record.properties,
          sources: part.map((s) => ({
            tabletId: s.tablet,
            localPath: s.localPath,
            remotePath: repository.tabletRoot(this.record.label, s),
          })),
        };
      });
      await tasks.submit(backendId, sent);
    }
    this.record.state = "UPLOADING";
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
        `failed to get address of broker ${broker} when try to send upload snapshot task: ${error.message}`,
      );
    }
  }

  async #waitForUploads(): Promise<void> {
    if (this.lists.unfinished.size > 0) return;
    this.record.uploadFinishedTime = this.#context.clock.now();
    this.#enter("SAVE_META");
    await Promise.resolve();
  }

  async #saveMeta(): Promise<void> {
    const { record } = this;
    const { profile } = this.#context;
    await mkdir(this.#localDir(), { recursive: true });
    const meta = { tables: record.tables, functions: record.functions };
    await writeFile(join(this.#localDir(), "__meta"), encodeMeta(meta, profile));
    const info = buildInfo(
      {
        label: record.label,
        database: record.databaseName,
        databaseId: record.databaseId,
        createTime: record.createTime,
        tables: record.tables,
        files: new Map(record.snapshots.map((s) => [s.tablet, s.files])),
        ttl: record.ttl,
        finishTime: this.#context.clock.now(),
      },
      profile,
    );
    await writeFile(join(this.#localDir(), "__info"), JSON.stringify(info));
    this.#enter("UPLOAD_INFO");
    await this.#releaseSnapshots();
  }

  async #uploadInfo(): Promise<void> {
    const repository = this.#repository();
    const { label } = this.record;
    await repository.uploadMeta(label, join(this.#localDir(), "__meta"));
    await repository.uploadInfo(label, this.timestamp, join(this.#localDir(), "__info"));
    this.record.finishedTime = this.#context.clock.now();
    this.#enter("FINISHED");
  }

  /** Below `<tmp_dir>/backup`: on this FE's disk and on no other's. */
  #localDir(): string {
    return join(this.#context.tmpDir, "backup", `${this.record.label}_${this.timestamp}`);
  }

  #repository(): Repository {
    const found = this.#context.repository(this.record.repository);
    if (found !== undefined) return found;
    throw new StatusError("COMMON_ERROR", `repository ${this.record.repository} does not exist`);
  }

  #snapshotMade(done: TaskDone): boolean {
    const snapshot = this.record.snapshots.find((s) => s.tablet === done.signature);
    if (snapshot === undefined) return false;
    snapshot.localPath = done.localPath ?? "";
    snapshot.files = done.files ?? [];
    this.lists.errors.delete(done.signature);
    return true;
  }

  #uploaded(done: TaskDone): boolean {
    const uploaded = done.uploaded ?? {};
    if (!this.#uploadedExactly(uploaded)) return false;
    // Removed under the tablet's id, though stored under the task's: old errors stay (#21031).
    for (const tablet of Object.keys(uploaded)) this.lists.errors.delete(Number(tablet));
    return true;
  }

  /** A finished task must name exactly the files of the snapshot, md5s aside. */
  #uploadedExactly(uploaded: Readonly<Record<string, readonly string[]>>): boolean {
    return Object.entries(uploaded).every(([tablet, names]) => {
      const wanted = this.record.snapshots.find((s) => s.tablet === Number(tablet))?.files ?? [];
      const plain = names.map((n) => n.slice(0, n.lastIndexOf(".")));
      return JSON.stringify([...plain].sort()) === JSON.stringify([...wanted].sort());
    });
  }

  /** Changes the state and writes the edit log. */
  #enter(state: BackupState): void {
    this.#context.requireAlive();
    this.record.state = state;
    this.#context.store.saveJob(this.record.databaseId, this.record);
  }

  async #cancelWith(code: string, message: string): Promise<void> {
    this.#context.requireAlive();
    this.#context.tasks.removeJob(this.record.jobId);
    this.lists.clear();
    this.record.status = { code, message };
    this.record.finishedTime = this.#context.clock.now();
    this.#enter("CANCELLED");
    await this.#releaseSnapshots();
  }

  async #releaseSnapshots(): Promise<void> {
    const { store } = this.#context;
    const made = this.record.snapshots.filter((s) => s.localPath !== "");
    for (const [backendId, mine] of groupBy(made, (s) => s.backendId)) {
      const sent = mine.map((s): ReleaseTask => ({
        type: "RELEASE_SNAPSHOT",
        signature: store.nextId(),
        jobId: this.record.jobId,
        localPath: s.localPath,
      }));
      // Not queued: one that is lost expires on the BE (snapshot_expire_time_sec).
      await this.#context
        .backend(backendId)
        ?.submitTasks(sent)
        .catch(() => undefined);
    }
  }
}
