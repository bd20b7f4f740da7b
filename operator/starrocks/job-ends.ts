// The texts with which StarRocks ends a job (its Status) and reports a task (TaskErrMsg), as tables (§2.3, §2.7,
// §2.8). SHOW BACKUP and SHOW RESTORE are the only place that has them.

export type JobEndReason =
  | "UserCancelled"
  | "TimedOut"
  /** Compaction was quicker than the snapshot. */
  | "VersionMerged"
  /** A tablet without a healthy replica. */
  | "ReplicaUnhealthy"
  | "BrokerNotAlive"
  | "BrokerCallFailed"
  | "ObjectNotFound"
  | "ObjectUnsupported"
  /** The target table is in use by a schema change or another restore. */
  | "TargetBusy"
  /** The target table is not like the one in the snapshot. */
  | "TargetConflict"
  /** The existing partitions have another number of replicas. */
  | "ReplicationConflict"
  /** More replicas asked for than there are BEs. */
  | "TooFewBackends"
  | "SnapshotDamaged"
  | "JobFailed";

/** A row: which text, what it means, what to do. */
export interface JobEndCause {
  readonly text: RegExp;
  readonly reason: JobEndReason;
  readonly heals?: true;
  readonly advice: string;
}

/** The first match counts; the text is code and message of the Status. */
export const JOB_END_CAUSES: readonly JobEndCause[] = [
  { text: /user cancelled/i, reason: "UserCancelled", advice: "somebody ran CANCEL" },
  {
    text: /^TIMEOUT\b/,
    reason: "TimedOut",
    heals: true,
    advice: "it did not end in the job's timeout: raise it, or look for what was slow",
  },
  {
    text: /version already merged/i,
    reason: "VersionMerged",
    heals: true,
    advice: "compaction was quicker than the snapshot; another attempt mostly goes well",
  },
  {
    text: /failed to choose replica to make snapshot/i,
    reason: "ReplicaUnhealthy",
    heals: true,
    advice: "a tablet has no healthy replica: look at SHOW BACKENDS and ADMIN SHOW REPLICA STATUS",
  },
  {
    text: /failed to get address of broker|failed to find alive broker|Unknown broker name/i,
    reason: "BrokerNotAlive",
    heals: true,
    advice: "no agent answered StarRocks when it sent the tasks",
  },
  {
    text: /different replication num/i,
    reason: "ReplicationConflict",
    advice: "set replicationNum to that of the existing table",
  },
  {
    text: /already exist but with different schema|different key type|has different range with partition|has conflict range with existing|No partition exist in single partitioned table|is automatic bucket partition|has existed and it is not a View|already exist but is not/i,
    reason: "TargetConflict",
    advice: "restore under another name (`as`), or drop the existing table first",
  },
  {
    text: /state is not NORMAL/i,
    reason: "TargetBusy",
    heals: true,
    advice: "a schema change or another restore uses the table; wait for it",
  },
  {
    text: /different hosts to create table/i,
    reason: "TooFewBackends",
    advice: "set replicationNum to at most the number of alive BEs",
  },
  {
    text: /Failed to create replicas for restore/i,
    reason: "ReplicaUnhealthy",
    heals: true,
    advice: "BEs did not make the tablets in time: look at their disks and load",
  },
  {
    text: /check colocate restore failed/i,
    reason: "TargetConflict",
    advice: "set enable_colocate_restore to false on the FE",
  },
  {
    text: /with temp partitions|List partition table|is not a OLAP table|can not support backup restore/i,
    reason: "ObjectUnsupported",
    advice: "leave it out, or change the table first",
  },
  {
    text: /has been dropped|(?:table|partition|database) \S+ does not exist|Unknown (?:table|partition|database)/i,
    reason: "ObjectNotFound",
    advice: "it went away while the job ran",
  },
  {
    // The FE swallows why: an agent that ended in that moment looks as a damaged file does (§2.3).
    text: /Failed to read backup meta/i,
    reason: "BrokerCallFailed",
    heals: true,
    advice:
      "StarRocks got no usable __meta of the snapshot from an agent: try again; if it comes again, __meta is damaged",
  },
  {
    text: /md5sum does not equal|file name should contains checksum|Expected one file with path/i,
    reason: "SnapshotDamaged",
    advice: "the snapshot's files are not what was written; restore another one",
  },
  {
    text: /failed to (?:list remote path|open reader on broker|open writer on broker|rename|delete remote path|check remote path exist|get broker client|get a broker address)|write exception/i,
    reason: "BrokerCallFailed",
    heals: true,
    advice: "an agent's answer to StarRocks; the agent's log has more",
  },
];

/** What a BE says, and what it means. */
export const TASK_HINTS: readonly (readonly [text: RegExp, hint: string])[] = [
  [
    /Cannot truncate a file by broker/i,
    "a BE met a leftover .part file, which our agents never show: does another broker serve this repository?",
  ],
  [/invalid md5 of downloaded file/i, "a file of the snapshot is corrupt; it will never pass"],
  [/get nothing from remote path/i, "a tablet's folder is missing in the snapshot"],
  [/invalid tablet file name/i, "a file in the snapshot is none of StarRocks'"],
  [/capacity limit reached/i, "a BE's disk is full"],
  [/unexpected file list size/i, "an agent listed a file twice or not at all"],
  [
    /closed by peer|Connection refused|Couldn't open transport|broker client/i,
    "a BE cannot reach its agent",
  ],
];
