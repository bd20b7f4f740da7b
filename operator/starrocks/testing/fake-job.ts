// One BACKUP or RESTORE of the fake, a state a tick as BackupJob and RestoreJob do (§2.3, §2.7). A task that
// cannot reach its agent never fails the job; a status that is not OK does, but in UPLOAD_INFO.
import type { BackupState, JobRow, RestoreState, RestoreTable } from "../frontend.ts";
import { copyOf, type FakeTable, type FakeWorld } from "./fake-world.ts";

export interface FakeJobSpec {
  readonly kind: "backup" | "restore";
  readonly database: string;
  readonly label: string;
  readonly repository: string;
  /** The folder that the repository's agents show. */
  readonly folder: string;
  readonly broker: string;
  readonly tables: readonly RestoreTable[];
  /** Restore: the one to read; backup: the one it will have. */
  readonly timestamp: string;
  readonly replicationNum: number;
  readonly createdAt: string;
  readonly deadlineMs: number;
}

export interface FakeJobContext {
  readonly world: FakeWorld;
  nowMs(): number;
  serves(address: string): boolean;
}

type State = BackupState | RestoreState;
/** What is done in a state, and the one after it. */
type Steps = Partial<Record<State, () => State>>;

/** A job's status that is not OK: it cancels, wherever that is the rule. */
class StatusProblem extends Error {
  readonly code: string;
  constructor(message: string, code = "COMMON_ERROR") {
    super(message);
    this.code = code;
  }
}

export class FakeJob {
  readonly spec: FakeJobSpec;
  state: State = "PENDING";
  status = { code: "OK", text: "" };
  /** A test's hand on uploads, downloads and UPLOAD_INFO: while set none ends, and this is what they say. */
  stalledBy: string | undefined;
  readonly #context: FakeJobContext;
  /** How far the clock that it is asked with has been set since it began. */
  deadlineShiftMs = 0;
  #taskErrors: string[] = [];
  #isDownloaded = false;
  #id: number | undefined;
  /** The address that was written into the tasks; it is never picked again. */
  #address = "";

  constructor(spec: FakeJobSpec, context: FakeJobContext) {
    this.spec = spec;
    this.#context = context;
  }

  get isDone(): boolean {
    return this.state === "FINISHED" || this.state === "CANCELLED";
  }

  row(): JobRow {
    const { kind, database, label, timestamp, createdAt } = this.spec;
    const { code, text } = this.status;
    const hasTasks = ["SNAPSHOTING", "UPLOADING", "DOWNLOADING", "COMMITTING"];
    return {
      kind,
      database,
      label,
      timestamp: kind === "restore" ? timestamp : undefined,
      state: this.state,
      jobId: this.#id,
      createdAt,
      downloaded: this.#isDownloaded,
      unfinishedTasks: hasTasks.includes(this.state) ? this.spec.tables.length : 0,
      taskErrors: [...this.#taskErrors],
      ok: code === "OK",
      statusCode: code,
      statusText: text,
    };
  }

  /** One round of the FE's daemon. */
  tick(): void {
    if (this.isDone) return;
    if (this.#context.nowMs() > this.spec.deadlineMs + this.deadlineShiftMs) {
      const { kind, label } = this.spec;
      const text = kind === "backup" ? "" : `restore job with label: ${label}  timeout.`;
      this.cancel("TIMEOUT", text);
      return;
    }
    try {
      const steps = this.spec.kind === "backup" ? this.#backupSteps : this.#restoreSteps;
      this.state = steps[this.state]?.() ?? this.state;
    } catch (error) {
      if (!(error instanceof StatusProblem)) throw error;
      this.#statusProblem(error);
    }
  }

  /** Whatever is not committed goes; an overwritten table keeps its old content until COMMITTING is done. */
  cancel(code: string, text: string): void {
    if (this.spec.kind === "restore") this.#letGoOfTargets();
    this.status = { code, text };
    this.state = "CANCELLED";
  }

  /** The leader changed: what was not logged starts over, and files of SAVE_META are lost (§2.5). */
  restart(): void {
    const back: Partial<Record<State, State>> = {
      SNAPSHOTING: "PENDING",
      UPLOADING: "UPLOAD_SNAPSHOT",
      DOWNLOADING: "DOWNLOAD",
      COMMITTING: "COMMIT",
    };
    if (this.state === "UPLOAD_INFO") this.stalledBy = "file is invalid: temp_dir/backup/__meta";
    if (this.state === "SNAPSHOTING" && this.spec.kind === "restore") this.#letGoOfTargets();
    this.state = back[this.state] ?? this.state;
  }

  #backupSteps: Steps = {
    PENDING: () => {
      this.#id = this.#context.world.nextId();
      this.#requireSources();
      return "SNAPSHOTING";
    },
    SNAPSHOTING: () => "UPLOAD_SNAPSHOT",
    UPLOAD_SNAPSHOT: () => {
      this.#pickAddress("upload");
      this.#beginUpload();
      return "UPLOADING";
    },
    UPLOADING: () => {
      this.#beginUpload();
      return this.#tasksAreDone() ? "SAVE_META" : "UPLOADING";
    },
    SAVE_META: () => "UPLOAD_INFO",
    UPLOAD_INFO: () => {
      this.#uploadInfo();
      return "FINISHED";
    },
  };

  #restoreSteps: Steps = {
    PENDING: () => {
      this.#prepareTargets();
      return "SNAPSHOTING";
    },
    SNAPSHOTING: () => {
      this.#requireTargets();
      return "DOWNLOAD";
    },
    DOWNLOAD: () => {
      this.#requireTargets();
      this.#pickAddress("download");
      return "DOWNLOADING";
    },
    DOWNLOADING: () => {
      this.#requireTargets();
      this.#isDownloaded = this.#tasksAreDone();
      return this.#isDownloaded ? "COMMIT" : "DOWNLOADING";
    },
    COMMIT: () => {
      this.#requireTargets();
      return "COMMITTING";
    },
    COMMITTING: () => {
      this.#requireTargets();
      this.#commit();
      return "FINISHED";
    },
  };

  #statusProblem({ code, message }: StatusProblem): void {
    if (this.state === "UPLOAD_INFO") this.status = { code, text: message };
    else this.cancel(code, message);
  }

  #requireSources(): void {
    for (const { name } of this.spec.tables) {
      if (this.#context.world.table(this.spec.database, name) !== undefined) continue;
      throw new StatusProblem(`table ${name} does not exist`, "NOT_FOUND");
    }
  }

  #pickAddress(what: "upload" | "download"): void {
    const { broker } = this.spec;
    const picked = this.#context.world.pickBroker(broker);
    if ("address" in picked) {
      this.#address = picked.address;
      return;
    }
    throw new StatusProblem(
      `failed to get address of broker ${broker} when try to send ${what} snapshot task: ${picked.refusal}`,
    );
  }

  /** The first byte makes the folder, and uses the label up. */
  #beginUpload(): void {
    const { folder, label, database } = this.spec;
    const snapshots = this.#context.world.snapshotsOf(folder);
    if (snapshots.has(label) || !this.#context.serves(this.#address)) return;
    const tables = this.spec.tables.flatMap(({ name, partitions }) => {
      const table = this.#context.world.table(database, name);
      return table === undefined ? [] : [copyOf(table, partitions)];
    });
    snapshots.set(label, { database, tables, timestamp: undefined });
  }

  #tasksAreDone(): boolean {
    if (this.stalledBy !== undefined) this.#taskFails(this.stalledBy);
    else if (this.#context.serves(this.#address)) return true;
    else this.#taskFails(`Couldn't open transport for ${this.#address} (Connection refused)`);
    return false;
  }

  #taskFails(text: string): void {
    // Like StarRocks it is never taken back, not even at the end (§1.9).
    if (!this.#taskErrors.includes(text))
      this.#taskErrors = [...this.#taskErrors, text].slice(0, 5);
  }

  #uploadInfo(): void {
    const { world } = this.#context;
    const { broker, folder, label, timestamp } = this.spec;
    if (this.stalledBy !== undefined) throw new StatusProblem(this.stalledBy);
    const picked = world.pickBroker(broker);
    if ("refusal" in picked) {
      throw new StatusProblem(`failed to get a broker address: ${picked.refusal}`);
    }
    const snapshot = world.snapshotsOf(folder).get(label);
    if (!this.#context.serves(picked.address) || snapshot === undefined) {
      throw new StatusProblem("failed to get broker client: Connection refused");
    }
    snapshot.timestamp = timestamp;
    this.status = { code: "OK", text: "" };
  }

  #source(name: string): FakeTable | undefined {
    const { folder, label } = this.spec;
    const snapshot = this.#context.world.snapshotsOf(folder).get(label);
    return snapshot?.tables.find((t) => t.name === name);
  }

  #target({ name, as }: RestoreTable): FakeTable | undefined {
    return this.#context.world.table(this.spec.database, as ?? name);
  }

  #prepareTargets(): void {
    // Before it looks at any table (RestoreJob.checkAndPrepareMeta).
    this.#id = this.#context.world.nextId();
    for (const chosen of this.spec.tables) this.#requireFit(chosen, this.#target(chosen));
    const tables = this.#context.world.databases.get(this.spec.database);
    for (const chosen of this.spec.tables) {
      const source = this.#source(chosen.name);
      const target = this.#target(chosen);
      if (target !== undefined) target.state = "RESTORE";
      else if (source !== undefined) {
        const name = chosen.as ?? chosen.name;
        const replication = this.spec.replicationNum;
        const id = this.#context.world.nextId();
        const made = { ...copyOf(source, chosen.partitions), id, name, replication };
        const partitions = new Map([...made.partitions.keys()].map((p) => [p, ""]));
        tables?.set(name, { ...made, partitions, state: "RESTORE", isPending: true });
      }
    }
  }

  /** RestoreJob.checkAndPrepareMeta, the checks that operators meet. */
  #requireFit(chosen: RestoreTable, target: FakeTable | undefined): void {
    const { replicationNum } = this.spec;
    const name = chosen.as ?? chosen.name;
    if (target === undefined) {
      if (replicationNum <= this.#context.world.usableBackends()) return;
      throw new StatusProblem(
        `failed to find ${replicationNum} different hosts to create table: ${name}`,
      );
    }
    if (target.state !== "NORMAL") {
      throw new StatusProblem(`Table ${name}'s state is not NORMAL: ${target.state}`);
    }
    // The signature has the name in it: an alias never fits a table that is there.
    if (name !== chosen.name || target.schema !== this.#source(chosen.name)?.schema) {
      throw new StatusProblem(`Table ${name} already exist but with different schema`);
    }
    if (target.replication === replicationNum) return;
    const [partition = name] = target.partitions.keys();
    throw new StatusProblem(
      `Partition ${partition} in table ${name} has different replication num '${replicationNum}' with partition in repository, which is ${target.replication}`,
    );
  }

  #requireTargets(): void {
    for (const chosen of this.spec.tables) {
      if (this.#target(chosen) !== undefined) continue;
      throw new StatusProblem(`table ${chosen.as ?? chosen.name} has been dropped`, "NOT_FOUND");
    }
  }

  #commit(): void {
    for (const chosen of this.spec.tables) {
      const target = this.#target(chosen);
      if (target === undefined) continue;
      for (const [partition, content] of this.#source(chosen.name)?.partitions ?? []) {
        const wanted = chosen.partitions.length === 0 || chosen.partitions.includes(partition);
        if (wanted) target.partitions.set(partition, content);
      }
      target.state = "NORMAL";
      target.isPending = false;
    }
  }

  #letGoOfTargets(): void {
    const tables = this.#context.world.databases.get(this.spec.database);
    for (const chosen of this.spec.tables) {
      const target = this.#target(chosen);
      if (target?.state !== "RESTORE") continue;
      if (target.isPending) tables?.delete(target.name);
      else target.state = "NORMAL";
    }
  }
}
