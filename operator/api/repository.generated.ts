// Made from crds/repository.yaml by `npm run generate`. Do not edit.
import type { KubernetesObject } from "../runtime/api.ts";
import type { Condition } from "./conditions.ts";

/** One place where snapshots lie, and the one StarRocks cluster that it serves. */
export interface Repository extends KubernetesObject {
  readonly apiVersion: "backup.starrocks.io/v1alpha1";
  readonly kind: "Repository";
  readonly spec: RepositorySpec;
  /** Absent until it is written first. */
  readonly status?: RepositoryStatus;
}

/** What is wished. */
export interface RepositorySpec {
  /**
   * Where the snapshots lie: a bucket, or a folder in one. `s3a://` means the same as `s3://`.
   * Without a slash at the end. Cannot be changed: another place is another Repository. Example:
   * `s3://backups/starrocks/prod`.
   */
  readonly location: string;
  /**
   * How to reach the object store. Needed for an S3 location, with `region` or `endpoint` at least.
   */
  readonly s3?: RepositoryS3;
  /**
   * Secret in the same namespace with the keys `accessKeyId` and `secretAccessKey`, and
   * `sessionToken` for temporary credentials. Absent: the pods' own identity
   * (`agent.serviceAccountName`). May be changed; running jobs keep what they started with.
   */
  readonly credentialsSecret?: RepositoryCredentialsSecret;
  /**
   * Name of the repository in the storage: its folder is `__starrocks_repository_<repositoryName>`.
   * Absent: the name of this resource, with `_` for `-`. Say it to use snapshots that StarRocks or
   * another Repository made. Cannot be changed, nor added later. Example: `prod`.
   */
  readonly repositoryName?: string;
  /**
   * `true`: nothing is written there; Restores alone may use it. For a repository that another
   * cluster writes. May be changed.
   */
  readonly readOnly: boolean;
  /** The StarRocks cluster that is backed up and restored. */
  readonly cluster: RepositoryCluster;
  /**
   * Databases that Backups and Restores may name, as their own (Backup) or as their target
   * (Restore). Absent: every one that the StarRocks user may. Example: `[shop, billing]`.
   */
  readonly allowedDatabases?: readonly string[];
  /**
   * How many jobs run at a time; others wait in the order of their creation. Each has a slot: a
   * Service, and an entry in StarRocks. StarRocks itself runs one job in a database at a time. May
   * be changed; running jobs end as they are.
   */
  readonly concurrency: number;
  /**
   * Bytes per second that one agent (so one node) moves at the most; a number or a quantity. At
   * least `1Mi`. Absent: no limit. A Backup or Restore may say its own. May be changed, also for
   * running jobs. Example: `100Mi`.
   */
  readonly bandwidth?: number | string;
  /**
   * How often storage and StarRocks are checked and the snapshots are counted, while nothing
   * changes. At least `1m`, at most `8760h`. Example: `30m`.
   */
  readonly checkInterval: string;
  /**
   * The pods that carry the bytes: one per node with a BE while a job runs, and one at a time for
   * checks.
   */
  readonly agent: RepositoryAgent;
}

/**
 * How to reach the object store. Needed for an S3 location, with `region` or `endpoint` at least.
 */
export interface RepositoryS3 {
  /**
   * Region of the bucket. Absent: what the store at `endpoint` takes for `us-east-1`, which most
   * stores other than AWS do. Example: `eu-central-1`.
   */
  readonly region?: string;
  /**
   * URL of the store, without a path. Absent: AWS itself, by `region`. Example:
   * `https://minio.storage.svc:9000`.
   */
  readonly endpoint?: string;
  /**
   * `true`: `endpoint/bucket/key`, `false`: `bucket.endpoint/key`. Absent: `true` when `endpoint`
   * is given.
   */
  readonly forcePathStyle?: boolean;
  /**
   * `Auto`: a CRC32 goes with every write and the store checks it. `WhenRequired`: only where S3
   * insists, for stores that refuse it: old ones, and Google's with HMAC keys.
   */
  readonly checksumMode: RepositoryS3ChecksumMode;
}

export type RepositoryS3ChecksumMode = "Auto" | "WhenRequired";

/**
 * Secret in the same namespace with the keys `accessKeyId` and `secretAccessKey`, and
 * `sessionToken` for temporary credentials. Absent: the pods' own identity
 * (`agent.serviceAccountName`). May be changed; running jobs keep what they started with.
 */
export interface RepositoryCredentialsSecret {
  /** Name of the Secret. Example: `s3-credentials`. */
  readonly name: string;
}

/** The StarRocks cluster that is backed up and restored. */
export interface RepositoryCluster {
  /**
   * Addresses of FEs, `host` or `host:port`; the port of the MySQL protocol, 9030 when absent. One
   * is enough; the leader is found through any. Example: `starrocks-fe-service.starrocks.svc:9030`.
   */
  readonly frontends: readonly string[];
  /**
   * Secret in the same namespace with the keys `user` and `password` (which may be empty). The user
   * needs REPOSITORY on SYSTEM and the rights on the objects; see docs/spec/repository.md.
   */
  readonly credentialsSecret: RepositoryClusterCredentialsSecret;
  /**
   * Secret with the keys `user` and `password` of a second user, for `ALTER SYSTEM ADD BROKER` and
   * `DROP BROKER` alone: they need the role cluster_admin (the NODE privilege). Absent: the user of
   * `credentialsSecret` runs them.
   */
  readonly mountCredentialsSecret?: RepositoryClusterMountCredentialsSecret;
}

/**
 * Secret in the same namespace with the keys `user` and `password` (which may be empty). The user
 * needs REPOSITORY on SYSTEM and the rights on the objects; see docs/spec/repository.md.
 */
export interface RepositoryClusterCredentialsSecret {
  /** Name of the Secret. Example: `starrocks-backup-user`. */
  readonly name: string;
}

/**
 * Secret with the keys `user` and `password` of a second user, for `ALTER SYSTEM ADD BROKER` and
 * `DROP BROKER` alone: they need the role cluster_admin (the NODE privilege). Absent: the user of
 * `credentialsSecret` runs them.
 */
export interface RepositoryClusterMountCredentialsSecret {
  /** Name of the Secret. Example: `starrocks-mount-user`. */
  readonly name: string;
}

/**
 * The pods that carry the bytes: one per node with a BE while a job runs, and one at a time for
 * checks.
 */
export interface RepositoryAgent {
  /**
   * Image of the pods. Absent: the operator's own, which fits. Example:
   * `registry.example.com/starrocks-backup:0.1.0`.
   */
  readonly image?: string;
  /**
   * Service account of the pods, for an identity that the cloud gives it. Its token is not mounted
   * by us. Absent: `default`.
   */
  readonly serviceAccountName?: string;
  /**
   * File content that one agent holds in memory at the most. The process needs about 100 MiB more;
   * its request and limit are 192 MiB more, unless `resources` says otherwise. From `16Mi` to
   * `64Gi`. More lets more files be uploaded at a time. Example: `512Mi`.
   */
  readonly memory: number | string;
  /** Requests and limits of the pods' container, as in a pod. */
  readonly resources?: RepositoryAgentResources;
  /**
   * Labels that a node must have to run the pods of checks. Pods of a job go where the BEs are,
   * whatever is said here.
   */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** Taints that the pods tolerate, as in a pod. Say here those of the BEs' nodes. */
  readonly tolerations?: readonly RepositoryAgentToleration[];
  /** Annotations of the pods, none of `backup.starrocks.io`. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Labels of the pods, none of `backup.starrocks.io`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Priority class of the pods. Example: `batch`. */
  readonly priorityClassName?: string;
  /** Secrets in the same namespace to pull `image` with. */
  readonly imagePullSecrets?: readonly RepositoryAgentImagePullSecret[];
}

/** Requests and limits of the pods' container, as in a pod. */
export interface RepositoryAgentResources {
  /** What is reserved. Example: `{cpu: 500m, memory: 400Mi}`. */
  readonly requests?: Readonly<Record<string, number | string>>;
  /** What is the most. Example: `{memory: 400Mi}`. */
  readonly limits?: Readonly<Record<string, number | string>>;
}

export interface RepositoryAgentToleration {
  /** Key of the taint; absent (with `operator: Exists`): every key. Example: `dedicated`. */
  readonly key?: string;
  /** `Equal`: `value` counts too. `Exists`: any value. Absent: `Equal`. */
  readonly operator?: RepositoryAgentTolerationOperator;
  /** Value of the taint. Example: `starrocks`. */
  readonly value?: string;
  /** Effect of the taint; absent: every one. */
  readonly effect?: RepositoryAgentTolerationEffect;
  /** Seconds until a `NoExecute` taint ends the pod after all; absent: never. */
  readonly tolerationSeconds?: number;
}

export type RepositoryAgentTolerationOperator = "Exists" | "Equal";

export type RepositoryAgentTolerationEffect = "NoSchedule" | "PreferNoSchedule" | "NoExecute";

export interface RepositoryAgentImagePullSecret {
  /** Name of the Secret. Example: `registry`. */
  readonly name: string;
}

/** What is seen. Written by the operator alone. */
export interface RepositoryStatus {
  /** The `metadata.generation` that this status is about; -1 before the first look. */
  readonly observedGeneration: number;
  /**
   * `CHECKING`: the first check, or one after a change, is under way. `READY`: jobs can run.
   * `NOT_READY`: they cannot; the condition Ready says why.
   */
  readonly phase?: RepositoryPhase;
  /**
   * `Ready`, `Reconciling`, `Stalled` (a person must act), and what Ready is made of:
   * `StorageReady`, `StarRocksReady`, `CatalogReady`.
   */
  readonly conditions?: readonly Condition[];
  /** Name of the repository in the storage, as said or as made from the name of this resource. */
  readonly repositoryName?: string;
  /** Its folder below `location`. Example: `__starrocks_repository_prod`. */
  readonly folder?: string;
  /**
   * What our broker and repository entries in StarRocks begin with, made from this resource's UID.
   * Example: `k8s_1a2b3c4d_`.
   */
  readonly brokerPrefix?: string;
  /** When the snapshots were listed last. */
  readonly catalogTime?: string;
  /** What the last check was made with; another generation or Secret leads to a new one at once. */
  readonly checkedWith?: string;
  /** When storage and StarRocks were checked last. */
  readonly lastCheckTime?: string;
  /** When they are checked next, if nothing happens before. */
  readonly nextCheckTime?: string;
  /** The cluster, as it said at the last check. */
  readonly starrocks?: RepositoryStarrocks;
  /** The broker addresses of this Repository, `concurrency` of them. */
  readonly slots?: readonly RepositorySlot[];
  /** What lies in the repository, as the last catalogue read it. */
  readonly snapshots?: RepositorySnapshots;
  /**
   * Broker and repository entries in StarRocks that look like ours but are not of this Repository,
   * 20 at the most. They are shown, never touched.
   */
  readonly foreign?: readonly string[];
  /** Checks of the storage that failed in a row. */
  readonly probeFailures?: number;
}

export type RepositoryPhase = "CHECKING" | "READY" | "NOT_READY";

/** The cluster, as it said at the last check. */
export interface RepositoryStarrocks {
  /** Version. Example: `3.5.3 6a7b8c9`. */
  readonly version?: string;
  /** How it stores its data. Only `shared_nothing` can be backed up this way. */
  readonly runMode?: RepositoryStarrocksRunMode;
  /** Host of the leading FE. */
  readonly leader?: string;
  /** FEs alive. */
  readonly frontends?: number;
  /** BEs alive. */
  readonly backends?: number;
}

export type RepositoryStarrocksRunMode = "shared_nothing" | "shared_data" | "unknown";

export interface RepositorySlot {
  /** Name of its Service. */
  readonly name: string;
  /** Address in StarRocks, `host:port`. */
  readonly address?: string;
  /**
   * The attempt that has it: the first 8 of the job's UID and its number, such as `1a2b3c4d-1`;
   * absent: free.
   */
  readonly lentTo?: string;
}

/** What lies in the repository, as the last catalogue read it. */
export interface RepositorySnapshots {
  /** Folders of snapshots, also of failed ones. */
  readonly total?: number;
  /** Snapshots that StarRocks can restore from. */
  readonly complete?: number;
  /** Snapshots that we made and checked against our manifest. */
  readonly sealed?: number;
  /** Bytes of the sealed snapshots together. */
  readonly bytes?: number;
  /** The newest snapshots, 100 at the most. */
  readonly catalog?: readonly RepositorySnapshotsCatalogItem[];
}

export interface RepositorySnapshotsCatalogItem {
  /** Name of the snapshot, which StarRocks calls its label. */
  readonly name: string;
  /** Its times, as StarRocks writes them. Example: `2026-11-21-01-35-06-837`. */
  readonly timestamps?: readonly string[];
  /** StarRocks can restore from it. */
  readonly complete?: boolean;
  /** We made it and checked it. */
  readonly sealed?: boolean;
  /** The database that it is of. Sealed snapshots only. */
  readonly database?: string;
  /** UID of the Backup that made it. Sealed snapshots only. */
  readonly backupUid?: string;
  /** Its size. Sealed snapshots only. */
  readonly bytes?: number;
  /** When it was sealed. */
  readonly sealedAt?: string;
}
