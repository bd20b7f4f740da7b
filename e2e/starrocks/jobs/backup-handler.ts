// The leader's handler of BACKUP and RESTORE (BackupHandler): one last job per database, one job at a
// time in it, one daemon that walks all jobs every three seconds, one after another. A slow broker call
// of one job delays all; an exception of one ends the cycle and starves those behind it.
import { RuntimeFailure, StatusError } from "../blob-storage.ts";
import type { Database } from "../catalog.ts";
import { NoBroker } from "../frontend-brokers.ts";
import type { LoaderProgress, TaskDone } from "../messages.ts";
import type { Repository } from "../repository.ts";
import { AnalysisError, DdlError, SqlError } from "../sql/errors.ts";
import { ViolationError } from "../violations.ts";
import type { AnalyzedBackup, AnalyzedRestore } from "./analyze.ts";
import { BackupJob, type BackupRecord } from "./backup-job.ts";
import { OK_STATUS, type Job, type JobContext } from "./job.ts";
import { RestoreJob, type RestoreRecord } from "./restore-job.ts";
import { chooseFromMeta, requireInSnapshot } from "./restore-selection.ts";
import { decodeMeta, type SnapshotInfo, type SnapshotMeta } from "./snapshot-files.ts";

/** How long a statement waits for another one's submission. */
const SUBMIT_WAIT_MS = 10_000;

export class BackupHandler {
  readonly #context: JobContext;
  readonly #createDatabase: (name: string) => Database;
  readonly #jobs = new Map<number, Job>();
  readonly #busy = new WeakMap<Job, Promise<void>>();
  #submitting: Promise<void> | undefined;

  constructor(context: JobContext, createDatabase: (name: string) => Database) {
    this.#context = context;
    this.#createDatabase = createDatabase;
  }

  /** Takes over what the edit log has. */
  load(): void {
    for (const [id, record] of Object.entries(this.#context.store.jobs)) {
      if (this.#jobs.has(Number(id))) continue;
      const known = record as BackupRecord | RestoreRecord;
      const job =
        known.type === "BACKUP"
          ? BackupJob.load(known, this.#context)
          : RestoreJob.load(known, this.#context);
      this.#jobs.set(Number(id), job);
    }
  }

  get jobs(): readonly Job[] {
    return [...this.#jobs.values()];
  }

  jobOf(databaseId: number): Job | undefined {
    return this.#jobs.get(databaseId);
  }

  /** One cycle of the daemon. What a job throws ends it for the jobs behind, too. */
  async tick(): Promise<void> {
    for (const job of this.jobs) await this.#exclusively(job, () => job.run());
  }

  /** DROP SNAPSHOT (4.2+): the whole folder, by one delete of its path. */
  async dropSnapshot(repositoryName: string, label: string): Promise<void> {
    const repository = this.#repository(repositoryName);
    const user = this.jobs.find(
      ({ isDone, record }) =>
        !isDone && record.repository === repositoryName && record.label === label,
    );
    if (user !== undefined) {
      const doing = user.record.type === "BACKUP" ? "a backup is writing" : "a restore is reading";
      throw new DdlError(`Can not drop snapshot ${label}: ${doing} it`);
    }
    const labels = await this.#ask(() => repository.listSnapshots());
    if (!labels.includes(label)) {
      throw new DdlError(`Snapshot does not exist in repository ${repositoryName}: ${label}`);
    }
    await this.#ask(() => repository.blob.delete(repository.snapshotRoot(label)));
  }

  isRunningOn(repository: string): boolean {
    return this.jobs.some((j) => !j.isDone && j.record.repository === repository);
  }

  async backup(analyzed: AnalyzedBackup): Promise<void> {
    await this.#submit(async () => {
      const repository = this.#repository(analyzed.repository);
      this.#requireFree(analyzed.database.id);
      if (repository.record.readOnly) {
        throw new DdlError(`Repository ${analyzed.repository} is read only`);
      }
      const labels = await this.#ask(() => repository.listSnapshots());
      if (labels.includes(analyzed.label)) {
        throw new DdlError(`Snapshot with name '${analyzed.label}' already exist in repository`);
      }
      const record: BackupRecord = {
        ...this.#newRecord(analyzed.label, analyzed.database, analyzed.repository),
        timeoutMs: analyzed.timeoutMs,
        type: "BACKUP",
        state: "PENDING",
        objects: analyzed.objects,
        functions: analyzed.functions,
        ttl: analyzed.ttl,
        snapshotFinishedTime: -1,
        uploadFinishedTime: -1,
        tables: [],
        snapshots: [],
      };
      this.#start(new BackupJob(record, this.#context));
    });
  }

  async restore(analyzed: AnalyzedRestore): Promise<void> {
    await this.#submit(async () => {
      const { statement, timestamp } = analyzed;
      const repository = this.#repository(statement.repository);
      this.#requireFree(this.#findDatabase(analyzed.targetDb)?.id);
      const info = await this.#readInfo(repository, statement.label, timestamp);
      const { snapshotDb } = statement;
      if (snapshotDb !== undefined && snapshotDb !== info.database) {
        throw new DdlError(`target database: ${snapshotDb} is not existed in snapshot`);
      }
      const database = this.#targetDatabase(analyzed.targetDb ?? info.database);
      this.#requireFree(database.id);
      requireInSnapshot(info, statement.on);
      const { meta, problem } = await this.#readMeta(repository, statement.label);
      const record: RestoreRecord = {
        ...this.#newRecord(statement.label, database, statement.repository),
        timeoutMs: analyzed.timeoutMs,
        type: "RESTORE",
        state: "PENDING",
        timestamp,
        allowLoad: analyzed.allowLoad,
        replicationNum: analyzed.replicationNum,
        remoteDatabaseId: info.id,
        chosen: chooseFromMeta(meta, statement.on),
        functions: statement.on === undefined ? meta.functions : [],
        metaProblem: problem,
        metaPreparedTime: -1,
        snapshotFinishedTime: -1,
        downloadFinishedTime: -1,
        replicas: [],
        versions: [],
      };
      this.#start(new RestoreJob(record, this.#context));
    });
  }

  async cancel(kind: "BACKUP" | "RESTORE", database: Database): Promise<void> {
    const job = this.#jobs.get(database.id);
    if (job?.record.type !== kind) {
      throw new DdlError(
        kind === "BACKUP"
          ? "No backup job is currently running"
          : "No restore is currently running",
      );
    }
    const { label, state } = job.record;
    if (job.isDone) {
      throw new DdlError(
        `Failed to cancel job: Job with label ${label} can not be cancelled. state: ${state}`,
      );
    }
    await this.#exclusively(job, () => job.cancel());
  }

  finishTask(done: TaskDone): void {
    for (const job of this.jobs) {
      if (!job.isDone) job.finishTask(done);
    }
  }

  /** False tells the BE to stop: nobody waits for its task. */
  reportProgress(progress: LoaderProgress): boolean {
    const job = this.jobs.find((j) => j.record.jobId === progress.jobId);
    return job?.reportProgress(progress) ?? false;
  }

  /** `run` and `cancel` are synchronized: a CANCEL waits for a broker call that hangs in the tick. */
  async #exclusively(job: Job, work: () => Promise<void>): Promise<void> {
    const before = this.#busy.get(job) ?? Promise.resolve();
    const running = before.then(work);
    this.#busy.set(
      job,
      running.catch(() => undefined),
    );
    await running;
  }

  /** One submission at a time, in the whole FE; a broker that is slow in one delays the others. */
  async #submit(work: () => Promise<void>): Promise<void> {
    const until = this.#context.clock.monotonic() + SUBMIT_WAIT_MS;
    while (this.#submitting !== undefined) {
      const left = until - this.#context.clock.monotonic();
      if (left <= 0) {
        throw new DdlError(
          "Another backup or restore job is being submitted. Please wait and try again",
        );
      }
      await Promise.race([this.#submitting, this.#context.clock.sleep(left)]);
    }
    const running = work();
    this.#submitting = running
      .catch(() => undefined)
      .then(() => {
        this.#submitting = undefined;
      });
    await running;
  }

  #start(job: BackupJob | RestoreJob): void {
    this.#context.requireAlive();
    this.#jobs.set(job.record.databaseId, job);
    this.#context.store.saveJob(job.record.databaseId, job.record);
  }

  #newRecord(label: string, database: Database, repository: string) {
    return {
      jobId: -1,
      label,
      databaseId: database.id,
      databaseName: database.name,
      repository,
      createTime: this.#context.clock.now(),
      status: OK_STATUS,
      finishedTime: -1,
    };
  }

  #repository(name: string): Repository {
    const found = this.#context.repository(name);
    if (found === undefined) throw new DdlError(`Repository ${name} does not exist`);
    return found;
  }

  #requireFree(databaseId: number | undefined): void {
    if (databaseId === undefined) return;
    if (this.#jobs.get(databaseId)?.isDone === false) {
      throw new DdlError("Can only run one backup or restore job of a database at same time");
    }
  }

  #findDatabase(name: string | undefined): Database | undefined {
    return this.#context.store.databases.find((d) => d.name === name);
  }

  #targetDatabase(name: string): Database {
    const found = this.#findDatabase(name);
    if (found !== undefined) return found;
    if (this.#context.profile.restoreCreatesDatabase) return this.#createDatabase(name);
    throw new AnalysisError(
      `Unknown database '${name}'`,
      this.#context.profile.errorCodes.unknownDatabase,
    );
  }

  async #readInfo(repository: Repository, label: string, timestamp: string): Promise<SnapshotInfo> {
    try {
      const content = await repository.readInfo(label, timestamp);
      return JSON.parse(content.toString("utf8")) as SnapshotInfo;
    } catch (error) {
      if (!(error instanceof StatusError)) throw statementError(error);
      throw new DdlError(
        `Failed to get info of snapshot '${label}' because: ${error.message}. ` +
          "Maybe specified wrong backup timestamp",
      );
    }
  }

  /** A `__meta` that cannot be read is not this statement's error: the job says so later. */
  async #readMeta(
    repository: Repository,
    label: string,
  ): Promise<{ readonly meta: SnapshotMeta; readonly problem: string }> {
    try {
      const content = await repository.readMeta(label);
      return { meta: decodeMeta(content, this.#context.profile), problem: "" };
    } catch (error) {
      if (!(error instanceof StatusError)) throw statementError(error);
      return { meta: { tables: [], functions: [] }, problem: error.message };
    }
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      throw statementError(error);
    }
  }
}

/** What a client sees of an error that came out of a broker call inside its statement. */
export function statementError(error: unknown): Error {
  if (error instanceof SqlError) return error;
  if (error instanceof NoBroker) return new AnalysisError(error.message);
  if (
    error instanceof StatusError ||
    error instanceof RuntimeFailure ||
    error instanceof ViolationError
  ) {
    return new DdlError(error.message);
  }
  return error instanceof Error ? error : new Error(String(error));
}
