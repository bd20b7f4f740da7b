// What a Repository's plan looks at and decides. Plain data.
import type { Repository } from "../../api/repository.generated.ts";
import type {
  FrontendError,
  BrokerRow,
  ClusterFacts,
  RepositoryRow,
} from "../../starrocks/frontend.ts";
import type { Result } from "../../runtime/result.ts";
import type { TaskView } from "../pods.ts";
import type { SlotView } from "../job/model.ts";

export type RepositoryStatus = NonNullable<Repository["status"]>;
export type Snapshots = NonNullable<RepositoryStatus["snapshots"]>;
export type RepositoryTask = "probe" | "catalog";

export type StarRocksView =
  | { readonly kind: "notAsked" }
  | {
      readonly kind: "seen";
      readonly facts: ClusterFacts;
      readonly brokers: readonly BrokerRow[];
      readonly mounts: readonly RepositoryRow[];
    }
  | { readonly kind: "failed"; readonly error: FrontendError };

/** A slot's Service and whether the job that has it still exists. */
export interface RepositorySlot extends SlotView {
  /** It is lent, and no Backup or Restore with that UID is left (asked live). */
  readonly orphaned: boolean;
}

/** A Secret or ConfigMap that is not there, or lacks a key. */
export interface Missing {
  readonly reason: "CredentialsMissing" | "CaBundleMissing";
  readonly message: string;
}

export interface Seen {
  readonly nowMs: number;
  readonly repository: Repository;
  readonly status: RepositoryStatus;
  readonly invalid: readonly string[];
  readonly vanishing: boolean;
  readonly slots: readonly RepositorySlot[];
  /** Names of our Jobs whose Backup or Restore is gone for good. */
  readonly orphanJobs: readonly string[];
  /** All our Jobs of this Repository, for its deletion. */
  readonly allJobs: readonly string[];
  /** Backups and Restores that run on it now. */
  readonly users: readonly string[];
  /** UIDs of the other Repositories that this operator knows. */
  readonly others: readonly string[];
  /** When a Backup of it ended last; undefined: none did. */
  readonly lastEndedMs: number | undefined;
  readonly tasks: Readonly<Record<RepositoryTask, TaskView | undefined>>;
  /** What the finished catalogue Job printed. */
  readonly catalog: Snapshots | undefined;
  /** Generation, Secrets and ConfigMaps that a check made now would be of. */
  readonly checkedWith: string;
  /** Why pods cannot have what the spec refers to; undefined: they can. */
  readonly missing: Missing | undefined;
  readonly starrocks: StarRocksView;
}

export type Action =
  | { readonly kind: "addFinalizer" }
  | { readonly kind: "removeFinalizer" }
  | { readonly kind: "createSlot"; readonly index: number }
  | { readonly kind: "releaseSlot"; readonly slot: SlotView }
  /** With a resourceVersion only while it is as it was seen: a job may have taken it since. */
  | { readonly kind: "deleteSlot"; readonly service: string; readonly resourceVersion?: string }
  | { readonly kind: "runTask"; readonly task: RepositoryTask; readonly id: string }
  | { readonly kind: "deleteJob"; readonly name: string }
  | { readonly kind: "dropBroker"; readonly name: string }
  | { readonly kind: "dropMount"; readonly name: string }
  | {
      readonly kind: "event";
      readonly type: "Normal" | "Warning";
      readonly reason: string;
      readonly message: string;
    };

/** One condition as a step states it. */
export interface Finding {
  readonly type: "StorageReady" | "StarRocksReady" | "CatalogReady";
  readonly ok: boolean;
  readonly reason: string;
  readonly message: string;
  /** A person must act: it does not heal by itself. */
  readonly stalled?: boolean;
}

export interface Verdict {
  readonly actions?: readonly Action[];
  readonly status?: { readonly [K in keyof RepositoryStatus]?: RepositoryStatus[K] | undefined };
  readonly finding?: Finding;
  readonly reason: string;
  readonly result: Result;
}

export type Step = (seen: Seen) => Verdict | undefined;
export type Steps = Readonly<Record<string, Step>>;
