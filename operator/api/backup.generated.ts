// Made from crds/backup.yaml by `npm run generate`. Do not edit.
import type { KubernetesObject } from "../runtime/api.ts";
import type { Condition } from "./conditions.ts";

/** One snapshot of a database, or of some of its tables, made once. */
export interface Backup extends KubernetesObject {
  readonly apiVersion: "backup.starrocks.io/v1alpha1";
  readonly kind: "Backup";
  readonly spec: BackupSpec;
  /** Absent until it is written first. */
  readonly status?: BackupStatus;
}

/** What is wished. Carried out once; only `cancel`, `bandwidth` and `deletionPolicy` may change. */
export interface BackupSpec {
  /** Name of the Repository, in the same namespace. Example: `prod`. */
  readonly repository: string;
  /** The database that is backed up, as StarRocks writes it (case counts). Example: `shop`. */
  readonly database: string;
  /**
   * The tables that are backed up. Absent: the whole database, and what this StarRocks leaves out
   * of that is listed in `status.leftOut`.
   */
  readonly tables?: readonly BackupTable[];
  /**
   * How long one attempt may take in StarRocks, waiting for a slot not counted. At least `10m`,
   * which is StarRocks' own least, at most `8760h`. Example: `6h`.
   */
  readonly timeout: string;
  /**
   * How long nothing may move before the attempt is ended and tried again: StarRocks itself repeats
   * a failing transfer silently until `timeout`. At least `1m`, at most `8760h`. Example: `15m`.
   */
  readonly noProgressTimeout: string;
  /** What happens after an attempt failed for a reason that may heal. */
  readonly retry: BackupRetry;
  /**
   * Bytes per second that one agent (so one node) moves at the most, for this job; a number or a
   * quantity. At least `1Mi`. Absent: what the Repository says. May be changed while the job runs.
   * Example: `50Mi`.
   */
  readonly bandwidth?: number | string;
  /**
   * What happens to the snapshot when this Backup is deleted. `Retain`: it stays. `Delete`: it is
   * removed, if it is provably ours. In a namespace that is being deleted it always stays. May be
   * changed.
   */
  readonly deletionPolicy: BackupDeletionPolicy;
  /**
   * Name of the snapshot in StarRocks. Absent: `<name>_<first 8 of the UID>`. From the second
   * attempt on `_<attempt>` is added; `status.snapshot.name` is the final one. Must not be taken.
   * Example: `before_upgrade`.
   */
  readonly snapshotName?: string;
  /** `true`: ends the job, now or before it starts. Cannot be taken back. */
  readonly cancel: boolean;
}

export interface BackupTable {
  /** Name of the table, without its database. Example: `orders`. */
  readonly name: string;
  /**
   * Names of the partitions that are backed up. Absent: all. A name with a control character, such
   * as a line break, is refused: write it as StarRocks shows it. Example: `[p202601, p202602]`.
   */
  readonly partitions?: readonly string[];
}

/** What happens after an attempt failed for a reason that may heal. */
export interface BackupRetry {
  /** Attempts at the most, the first one counted. Each makes a snapshot of its own name. */
  readonly maxAttempts: number;
  /**
   * Pause before the second attempt; doubled before each further one, up to an hour. At most `24h`.
   * Example: `5m`.
   */
  readonly backoff: string;
}

export type BackupDeletionPolicy = "Retain" | "Delete";

/** What is seen. Written by the operator alone. */
export interface BackupStatus {
  /** The `metadata.generation` that this status is about; -1 before the first look. */
  readonly observedGeneration: number;
  /**
   * `PENDING`: waits for its turn, or gets ready. `SNAPSHOTING`: StarRocks makes the snapshot.
   * `UPLOADING`: the BEs upload it. `COMMIT`: StarRocks writes the metadata, then everything is
   * checked. `FINISHED`: it can be restored. `FAILED`: the condition Succeeded says why.
   * `CANCELLED`: as asked.
   */
  readonly phase?: BackupPhase;
  /**
   * `Ready` (True once FINISHED), `Reconciling` (it goes on by itself), `Stalled` (a person must
   * act), `Succeeded` (Unknown until the end).
   */
  readonly conditions?: readonly Condition[];
  /** Reason of the condition that tells most now, for lists. */
  readonly reason?: string;
  /** Message of that condition. */
  readonly message?: string;
  /** Number of the attempt that runs or ran last, from 1. */
  readonly attempt?: number;
  /** What was made. Needed to restore it by hand, or by a Restore in another cluster. */
  readonly snapshot?: BackupSnapshot;
  /** UID of the Repository that was used. */
  readonly repositoryUID?: string;
  /** Its location, which stays readable here when the Repository is gone. */
  readonly location?: string;
  /** Its name in the storage, that of the folder below the location. */
  readonly repositoryName?: string;
  /** The database that was backed up. */
  readonly database?: string;
  /** When it was seen first. */
  readonly startTime?: string;
  /** When the phase began. */
  readonly phaseStartTime?: string;
  /** When it ended, in whatever way. */
  readonly completionTime?: string;
  /** What it waits for, while it waits for its turn. */
  readonly queue?: BackupQueue;
  /** The slot it has while an attempt runs. */
  readonly slot?: BackupSlot;
  /**
   * The statement that is about to be sent or was sent. Recorded before, so that it is found again
   * after a crash and never sent twice.
   */
  readonly submission?: BackupSubmission;
  /** When this attempt got its slot. */
  readonly attemptStartTime?: string;
  /** When StarRocks was seen to be done with the job. */
  readonly doneTime?: string;
  /** Snapshots that were removed while this Backup is being deleted. */
  readonly pruned?: readonly string[];
  /** How far it is, written every 5 s at the most. */
  readonly progress?: BackupProgress;
  /** What the check at the end counted. FINISHED Backups only. */
  readonly sealed?: BackupSealed;
  /** While an attempt is being ended, how and why. */
  readonly ending?: BackupEnding;
  /** Attempts that failed, the newest 20. */
  readonly attempts?: readonly BackupAttempt[];
  /**
   * What this StarRocks silently leaves out of a backup of the whole database, 100 at the most: a
   * Restore will not bring it back.
   */
  readonly leftOut?: readonly BackupLeftOutItem[];
  /**
   * What could not be cleaned up, and where, 20 at the most. It is tried again; what stays after a
   * deletion is said in an event.
   */
  readonly leftBehind?: readonly string[];
  /** When the next attempt begins. */
  readonly retryAfter?: string;
  /** What is not as it should be but stops nothing, 20 at the most. */
  readonly warnings?: readonly string[];
}

export type BackupPhase = "PENDING" | "SNAPSHOTING" | "UPLOADING" | "COMMIT" | "FINISHED" | "FAILED" | "CANCELLED";

/** What was made. Needed to restore it by hand, or by a Restore in another cluster. */
export interface BackupSnapshot {
  /** Name of the snapshot in StarRocks, which calls it the label. */
  readonly name: string;
  /** Its time, exactly as StarRocks writes it. Example: `2026-11-21-01-35-06-837`. */
  readonly timestamp?: string;
}

/** What it waits for, while it waits for its turn. */
export interface BackupQueue {
  /** Its place among those that wait, from 1. */
  readonly position?: number;
  /** For what. */
  readonly message?: string;
}

/** The slot it has while an attempt runs. */
export interface BackupSlot {
  /** The attempt that it is lent to. */
  readonly attempt: number;
  /** Name of the slot's Service. */
  readonly name: string;
  /** Number of the slot, from 0. */
  readonly index: number;
}

/**
 * The statement that is about to be sent or was sent. Recorded before, so that it is found again
 * after a crash and never sent twice.
 */
export interface BackupSubmission {
  /** The label in the statement. */
  readonly label: string;
  /** The attempt that it is of. */
  readonly attempt: number;
  /** When this was recorded. */
  readonly time: string;
  /**
   * What StarRocks' last jobs in the database were then: when they are the same later, the
   * statement was not accepted.
   */
  readonly before?: string;
  /** StarRocks has taken the statement. */
  readonly accepted?: boolean;
}

/** How far it is, written every 5 s at the most. */
export interface BackupProgress {
  /** What StarRocks says it does. Example: `UPLOADING`. */
  readonly state?: string;
  /** When these figures were read. */
  readonly time?: string;
  /** Calls of StarRocks that agents have answered. */
  readonly calls?: number;
  /** Bytes uploaded in this attempt. */
  readonly bytes?: number;
  /** Of all agents together, now. */
  readonly bytesPerSecond?: number;
  /** Files uploaded in this attempt. */
  readonly files?: number;
  /** Tablets, as far as StarRocks tells. */
  readonly tablets?: BackupProgressTablets;
  /** Tasks that StarRocks waits for in this state. */
  readonly unfinishedTasks?: number;
  /** Of the tablets. */
  readonly percent?: number;
  /** `bytes` for a person. Example: `1.2 GiB`. */
  readonly transferred?: string;
  /** When something moved last; `noProgressTimeout` counts from here. */
  readonly lastChangeTime?: string;
  /** A line per agent, 200 at the most. */
  readonly nodes?: readonly BackupProgressNode[];
}

/** Tablets, as far as StarRocks tells. */
export interface BackupProgressTablets {
  /** Those uploaded. */
  readonly done?: number;
  /** All of them. */
  readonly total?: number;
}

export interface BackupProgressNode {
  /** Name of the Kubernetes node. */
  readonly name: string;
  /** Bytes that its agent has moved. */
  readonly bytes?: number;
  /** What it moves now. */
  readonly bytesPerSecond?: number;
  /** Files that its agent has moved. */
  readonly files?: number;
  /** State of its pod. Example: `Serving`. */
  readonly state?: string;
  /** What is wrong there. */
  readonly message?: string;
}

/** What the check at the end counted. FINISHED Backups only. */
export interface BackupSealed {
  /** Files in the snapshot. */
  readonly files?: number;
  /** Their bytes. */
  readonly bytes?: number;
  /** Tablets in the snapshot. */
  readonly tablets?: number;
  /** When it was sealed. */
  readonly time?: string;
}

/** While an attempt is being ended, how and why. */
export interface BackupEnding {
  /** What comes after the clean-up. */
  readonly outcome: BackupEndingOutcome;
  /** Why, in one word for programs. */
  readonly reason: string;
  /** Why, for a person. */
  readonly message: string;
  /** What the attempt had stored is gone. */
  readonly pruned?: boolean;
  /** StarRocks was told to cancel a job that it did not show. */
  readonly cancelled?: boolean;
  /** When that was decided. */
  readonly time?: string;
}

export type BackupEndingOutcome = "RETRY" | "WAIT" | "FAILED" | "CANCELLED";

export interface BackupAttempt {
  /** Its number, from 1. */
  readonly number: number;
  /** Name of its snapshot. */
  readonly snapshotName?: string;
  /** When it began. */
  readonly startTime?: string;
  /** When it ended. */
  readonly endTime?: string;
  /** Why it failed, in one word for programs. */
  readonly reason?: string;
  /** Why it failed, for a person. */
  readonly message?: string;
}

export interface BackupLeftOutItem {
  /** Name of the object. */
  readonly name: string;
  /** What it is. Example: `view`. */
  readonly kind: string;
  /** Why it is left out. */
  readonly why?: string;
}
