// Made from crds/restore.yaml by `npm run generate`. Do not edit.
import type { KubernetesObject } from "../runtime/api.ts";
import type { Condition } from "./conditions.ts";

/** Brings tables of one snapshot back, once. */
export interface Restore extends KubernetesObject {
  readonly apiVersion: "backup.starrocks.io/v1alpha1";
  readonly kind: "Restore";
  readonly spec: RestoreSpec;
  /** Absent until it is written first. */
  readonly status?: RestoreStatus;
}

/** What is wished. Carried out once; only `cancel` and `bandwidth` may change. */
export interface RestoreSpec {
  /** Name of the Repository, in the same namespace. Example: `prod`. */
  readonly repository: string;
  /** What is restored. Either a Backup or a snapshot. */
  readonly source: RestoreSource;
  /**
   * The database that is restored into. StarRocks makes it from 3.4 on; before, it must exist.
   * Absent: the snapshot's own. Example: `shop_restored`.
   */
  readonly database?: string;
  /**
   * The tables that are restored, 256 at the most, and 170 if their names with `as` have more than
   * 90 characters (more: several Restores). Absent: every table of the snapshot.
   */
  readonly tables?: readonly RestoreTable[];
  /**
   * Replicas of each restored tablet; not more than the BEs alive. Absent: as many as the tables to
   * overwrite have; for new tables 3, or as BEs are alive if those are fewer.
   */
  readonly replicationNum?: number;
  /**
   * What happens when a target table exists. `Fail`: the Restore is refused before anything starts.
   * `Overwrite`: the content of the tables named in `overwriteTables` is replaced; another one that
   * exists fails the Restore.
   */
  readonly existing: RestoreExisting;
  /**
   * The tables whose content may be lost, as they are called in the target. With `existing:
   * Overwrite` only, and needed there. A table with `as` cannot overwrite: StarRocks restores under
   * another name only to a free one. Example: `[orders]`.
   */
  readonly overwriteTables?: readonly string[];
  /**
   * How long it may take in StarRocks, waiting for a slot not counted. At least `10m`, which is
   * StarRocks' own least, at most `8760h`. Example: `6h`.
   */
  readonly timeout: string;
  /**
   * How long nothing may move before the attempt is ended: StarRocks itself repeats a failing
   * transfer silently until `timeout`. At least `1m`, at most `8760h`. Example: `15m`.
   */
  readonly noProgressTimeout: string;
  /**
   * Bytes per second that one agent (so one node) moves at the most, for this job; a number or a
   * quantity. At least `1Mi`. Absent: what the Repository says. May be changed while the job runs.
   * Example: `50Mi`.
   */
  readonly bandwidth?: number | string;
  /**
   * The Restore fails if it could not start by then. Say it when the manifest is kept in Git: on a
   * rebuilt cluster the Restore would run again. Example: `2026-11-21T12:00:00Z`.
   */
  readonly startBefore?: string;
  /**
   * `true`: ends the job, now or before it starts. Cannot be taken back. `status.targetState` says
   * what became of the tables.
   */
  readonly cancel: boolean;
}

/** What is restored. Either a Backup or a snapshot. */
export interface RestoreSource {
  /** Name of a FINISHED Backup, in the same namespace. Example: `nightly`. */
  readonly backup?: string;
  /**
   * A snapshot in the repository, whoever made it; for a new cluster, where the Backup is not. The
   * Repository's `status.snapshots.catalog` lists them.
   */
  readonly snapshot?: RestoreSourceSnapshot;
}

/**
 * A snapshot in the repository, whoever made it; for a new cluster, where the Backup is not. The
 * Repository's `status.snapshots.catalog` lists them.
 */
export interface RestoreSourceSnapshot {
  /** Name of the snapshot, which StarRocks calls its label. Example: `nightly_1a2b3c4d`. */
  readonly name: string;
  /** Its time, exactly as StarRocks writes it. Example: `2026-11-21-01-35-06-837`. */
  readonly timestamp: string;
}

export interface RestoreTable {
  /** Name of the table in the snapshot, without its database. Example: `orders`. */
  readonly name: string;
  /**
   * Names of the partitions that are restored. Absent: all that the snapshot has. A name with a
   * control character, such as a line break, is refused: write it as StarRocks shows it. Example:
   * `[p202601]`.
   */
  readonly partitions?: readonly string[];
  /** Name in the target database. Absent: the same. Example: `orders_restored`. */
  readonly as?: string;
}

export type RestoreExisting = "Fail" | "Overwrite";

/** What is seen. Written by the operator alone. */
export interface RestoreStatus {
  /** The `metadata.generation` that this status is about; -1 before the first look. */
  readonly observedGeneration: number;
  /**
   * `PENDING`: waits for its turn, or gets ready. `SNAPSHOTING`: StarRocks makes the empty tables.
   * `DOWNLOADING`: the BEs download the files. `COMMIT`: StarRocks puts them in place. `FINISHED`:
   * the tables are there. `FAILED`: the condition Succeeded says why. `CANCELLED`: as asked.
   */
  readonly phase?: RestorePhase;
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
  /** What is restored, once it was found. */
  readonly source?: RestoreStatusSource;
  /** UID of the Repository that was used. */
  readonly repositoryUID?: string;
  /** Its location, which stays readable here when the Repository is gone. */
  readonly location?: string;
  /** The database that is restored into. */
  readonly database?: string;
  /** The tables that are made or overwritten, 1000 at the most. */
  readonly targets?: readonly RestoreTarget[];
  /** After a failure, what state the target tables are in and what to do with them. */
  readonly targetState?: string;
  /** When it was seen first. */
  readonly startTime?: string;
  /** When the phase began. */
  readonly phaseStartTime?: string;
  /** When it ended, in whatever way. */
  readonly completionTime?: string;
  /** What it waits for, while it waits for its turn. */
  readonly queue?: RestoreQueue;
  /** The slot it has while an attempt runs. */
  readonly slot?: RestoreSlot;
  /**
   * The statement that is about to be sent or was sent. Recorded before, so that it is found again
   * after a crash and never sent twice.
   */
  readonly submission?: RestoreSubmission;
  /** When this attempt got its slot. */
  readonly attemptStartTime?: string;
  /** When StarRocks was seen to be done with the job. */
  readonly doneTime?: string;
  /** The snapshot's files were compared with its manifest, and all were there. */
  readonly verified?: boolean;
  /**
   * Tablets of which nothing says what files they have, as in snapshots without a manifest that
   * StarRocks 3.4 to 4.1 made: a missing file cannot be told there.
   */
  readonly unlistedTablets?: number;
  /** How far it is, written every 5 s at the most. */
  readonly progress?: RestoreProgress;
  /** While an attempt is being ended, how and why. */
  readonly ending?: RestoreEnding;
  /** Attempts that failed, the newest 20. */
  readonly attempts?: readonly RestoreAttempt[];
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

export type RestorePhase = "PENDING" | "SNAPSHOTING" | "DOWNLOADING" | "COMMIT" | "FINISHED" | "FAILED" | "CANCELLED";

/** What is restored, once it was found. */
export interface RestoreStatusSource {
  /** Name of the snapshot. */
  readonly snapshot?: string;
  /** Its time, exactly as StarRocks writes it. Example: `2026-11-21-01-35-06-837`. */
  readonly timestamp?: string;
  /** The database that it is of. */
  readonly database?: string;
  /** UID of the Backup that made it, where it is known. */
  readonly backupUid?: string;
}

export interface RestoreTarget {
  /** Name in the snapshot. */
  readonly table: string;
  /** Name in the target database. */
  readonly as: string;
  /** It was there before, and was named in `overwriteTables`. */
  readonly existed?: boolean;
}

/** What it waits for, while it waits for its turn. */
export interface RestoreQueue {
  /** Its place among those that wait, from 1. */
  readonly position?: number;
  /** For what. */
  readonly message?: string;
}

/** The slot it has while an attempt runs. */
export interface RestoreSlot {
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
export interface RestoreSubmission {
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
export interface RestoreProgress {
  /** What StarRocks says it does. Example: `UPLOADING`. */
  readonly state?: string;
  /** When these figures were read. */
  readonly time?: string;
  /** Calls of StarRocks that agents have answered. */
  readonly calls?: number;
  /** Bytes downloaded in this attempt. */
  readonly bytes?: number;
  /** Of all agents together, now. */
  readonly bytesPerSecond?: number;
  /** Files downloaded in this attempt. */
  readonly files?: number;
  /** Tablets, as far as StarRocks tells. */
  readonly tablets?: RestoreProgressTablets;
  /** Tasks that StarRocks waits for in this state. */
  readonly unfinishedTasks?: number;
  /** Of the tablets. */
  readonly percent?: number;
  /** `bytes` for a person. Example: `1.2 GiB`. */
  readonly transferred?: string;
  /** When something moved last; `noProgressTimeout` counts from here. */
  readonly lastChangeTime?: string;
  /** A line per agent, 200 at the most. */
  readonly nodes?: readonly RestoreProgressNode[];
}

/** Tablets, as far as StarRocks tells. */
export interface RestoreProgressTablets {
  /** Those downloaded. */
  readonly done?: number;
  /** All of them. */
  readonly total?: number;
}

export interface RestoreProgressNode {
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

/** While an attempt is being ended, how and why. */
export interface RestoreEnding {
  /** What comes after the clean-up. */
  readonly outcome: RestoreEndingOutcome;
  /** Why, in one word for programs. */
  readonly reason: string;
  /** Why, for a person. */
  readonly message: string;
  /** What the attempt had stored is gone. */
  readonly pruned?: boolean;
  /** StarRocks was told to cancel a job that it did not show. */
  readonly cancelled?: boolean;
  /** StarRocks has shown that its job is over; how far it came is in the phase. */
  readonly shown?: boolean;
  /** When that was decided. */
  readonly time?: string;
}

export type RestoreEndingOutcome = "RETRY" | "WAIT" | "FAILED" | "CANCELLED";

export interface RestoreAttempt {
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
