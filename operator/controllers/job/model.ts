// What Backup and Restore share: the observed world, the actions, and the verdict of a step. All plain
// data: `observe` fills Seen, steps read it, `apply` carries Actions out.
import type {
  BackupRequest,
  BrokerRow,
  ClusterFacts,
  FrontendError,
  JobRow,
  RepositoryRow,
  RestoreRequest,
  SnapshotDetails,
  SnapshotRow,
  TableInfo,
} from "../../starrocks/frontend.ts";
import type { Repository } from "../../api/repository.generated.ts";
import type { Backup } from "../../api/backup.generated.ts";
import type { Restore } from "../../api/restore.generated.ts";
import type { Jump } from "../../jumps.ts";
import type { Result } from "../../runtime/result.ts";
import type { AgentView, TaskView } from "../pods.ts";
import type { Turn } from "../turn.ts";
import type { JobStatus, JobPhase, Ending } from "./status.ts";

export type JobResource = Backup | Restore;
export type JobKind = JobResource["kind"];

/** The spec of a job with defaults and units settled: what steps of both kinds read. */
export interface JobSettings {
  readonly kind: JobKind;
  readonly verb: "backup" | "restore";
  readonly repository: string;
  readonly timeoutMs: number;
  readonly noProgressMs: number;
  readonly attemptsMax: number;
  readonly backoffMs: number;
  /** Bytes per second and agent. */
  readonly bandwidth: number | undefined;
  readonly cancel: boolean;
  /** Restore: in UTC ms; not begun after it. */
  readonly startBefore: number | undefined;
}

export interface LeftPod {
  /** `<name> on node <node>`. */
  readonly where: string;
  /** Kubernetes takes it away because of its node, and does not hear that it ended. */
  readonly disrupted: boolean;
  /** When it is to be gone, its grace included; undefined: nobody has deleted it. */
  readonly deletionTime: string | undefined;
}

/** A slot of the Repository: its Service as the cache has it. */
export interface SlotView {
  readonly index: number;
  readonly service: string;
  readonly resourceVersion: string;
  /** What StarRocks is told; undefined: it has no address yet. */
  readonly address: string | undefined;
  /** Its Service is as the Repository's `agent.service` says. */
  readonly isAsWished: boolean;
  /** The attempt it is lent to (`attemptId`); undefined: free. */
  readonly lentTo: string | undefined;
  /** Its address leads to the pods of whom it is lent to. */
  readonly open: boolean;
  /** Pods of whoever had it are still there. */
  readonly busy: boolean;
  /** Those pods, for people. */
  readonly pods: readonly LeftPod[];
}

/** What StarRocks said in this reconcile. */
export interface FrontendSeen {
  readonly facts: ClusterFacts;
  readonly brokers: readonly BrokerRow[];
  readonly repositories: readonly RepositoryRow[];
  /** The job's database; undefined: none is known yet. */
  readonly database: string | undefined;
  /** The last backup and restore of the database. */
  readonly jobs: readonly JobRow[];
  /** Tables of the database, while it matters; undefined: no such database, or not asked. */
  readonly tables: readonly TableInfo[] | undefined;
  /** Ids of the database's tables, when a Restore has just made its own; else empty. */
  readonly tableIds: ReadonlyMap<string, number>;
  /** Partitions of the named tables, as far as StarRocks tells. */
  readonly partitions: ReadonlyMap<string, readonly string[]>;
  /** Whether a Backup of the whole database takes its materialized views along; undefined: not told or not asked. */
  readonly takesMaterializedViews: boolean | undefined;
  /** Replicas of existing tables that a Restore may overwrite. */
  readonly replication: ReadonlyMap<string, number>;
  /** SHOW SNAPSHOT of this attempt's label, once the job is done or cannot be seen. */
  readonly snapshot: SnapshotRow | undefined;
  /** Restore: what is in the snapshot, or why StarRocks cannot read it. */
  readonly details: SnapshotDetails | FrontendError | undefined;
}

/** StarRocks was not asked, answered, or refused. */
export type FrontendView =
  | { readonly kind: "notAsked" }
  | { readonly kind: "seen"; readonly seen: FrontendSeen }
  | { readonly kind: "failed"; readonly error: FrontendError };

export interface Seen {
  readonly nowMs: number;
  /** Of the clock that says `nowMs`. */
  readonly jumps: readonly Jump[];
  readonly job: JobResource;
  readonly settings: JobSettings;
  readonly status: JobStatus;
  /** What the schema and the rules say against the spec. */
  readonly invalid: readonly string[];
  readonly repository: Repository | undefined;
  /** The namespace or our CRDs are going away: create nothing, keep all data. */
  readonly vanishing: boolean;
  readonly turn: Turn;
  readonly slots: readonly SlotView[];
  readonly nodes: Placement;
  readonly agents: readonly AgentView[];
  readonly tasks: Readonly<Record<TaskName, TaskView | undefined>>;
  readonly frontend: FrontendView;
  /** Restore: the Backup it names. */
  readonly source: Backup | undefined;
  /** Backup: unfinished Restores of its snapshot. */
  readonly usedBy: readonly string[];
  /** Statements of other jobs, of any Repository, whose ends have not been read yet. */
  readonly unread: readonly UnreadStatement[];
}

/** StarRocks shows one job of a database: the next one that it takes there hides how this one ended. */
export interface UnreadStatement {
  /** Whose it is, as `Restore prod/again`. */
  readonly who: string;
  readonly verb: JobSettings["verb"];
  readonly label: string;
  /** The database's last jobs before it was sent; they are not it. */
  readonly before: string;
}

/** Where agents belong. */
export interface Placement {
  /** Nodes that run a BE. */
  readonly nodes: readonly string[];
  /** Hosts of BEs that no node is known for. */
  readonly unplaced: readonly string[];
}

export type TaskName = "seal" | "verify" | "prune";

export type Action =
  | { readonly kind: "addFinalizer" }
  | { readonly kind: "removeFinalizer" }
  | { readonly kind: "lendSlot"; readonly slot: SlotView; readonly attempt: number }
  | { readonly kind: "openSlot"; readonly slot: SlotView }
  | { readonly kind: "releaseSlot"; readonly slot: SlotView }
  | { readonly kind: "createAgent"; readonly node: string | undefined; readonly slot: number }
  | { readonly kind: "deleteAgents" }
  | {
      readonly kind: "annotateAgents";
      readonly annotations: Readonly<Record<string, string | null>>;
    }
  | {
      readonly kind: "runTask";
      readonly task: TaskName;
      readonly flags: Flags;
      readonly id: string;
    }
  | { readonly kind: "deleteTask"; readonly task: TaskName; readonly id: string }
  | { readonly kind: "addBroker"; readonly slot: number; readonly address: string }
  | { readonly kind: "dropBroker"; readonly slot: number }
  | { readonly kind: "createMount"; readonly slot: number }
  | { readonly kind: "dropMount"; readonly slot: number }
  | { readonly kind: "submit"; readonly request: SubmitRequest; readonly before: string }
  | { readonly kind: "cancelStatement"; readonly database: string }
  | {
      readonly kind: "event";
      readonly type: "Normal" | "Warning";
      readonly reason: string;
      readonly message: string;
    };

export type Flags = Readonly<Record<string, string>>;

export type SubmitRequest =
  ({ readonly kind: "backup" } & BackupRequest) | ({ readonly kind: "restore" } & RestoreRequest);

/** What a step says when it does not pass. */
export interface Verdict {
  readonly actions?: readonly Action[];
  /** Merged into the status; `undefined` fields are removed. */
  readonly status?: StatusPatch;
  /** The job goes over to this phase. */
  readonly phase?: JobPhase;
  /** The attempt is over: clean up, then this. */
  readonly end?: Ending;
  /** Why the job is not further: condition Reconciling says so. */
  readonly reason: string;
  readonly result: Result;
}

export type StatusPatch = { readonly [K in keyof JobStatus]?: JobStatus[K] | undefined };

/** `undefined`: done here, go on with the next step. */
export type Step = (seen: Seen) => Verdict | undefined;

/** A row of a phase's table. The name is for tests and logs. */
export interface StepRow {
  readonly name: string;
  readonly step: Step;
}
