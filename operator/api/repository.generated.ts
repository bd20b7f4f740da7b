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
   * Where the snapshots lie, without a slash at the end: a bucket of S3 (`s3://`, or `s3a://`,
   * which means the same), a bucket of Google Cloud Storage (`gs://`), an HDFS by its name service
   * (`hdfs://`, with `hdfs.nameNodes`) or by the WebHDFS address of its NameNode (`webhdfs://`,
   * with TLS `swebhdfs://`); and a folder there. Cannot be changed: another place is another
   * Repository. Examples: `s3://backups/starrocks/prod`, `gs://backups/starrocks`,
   * `hdfs://prod/backups`, `webhdfs://nn1.example.com:9870/backups`.
   */
  readonly location: string;
  /**
   * How an S3 store is reached, and what it does with what is written. Needed for an S3 location,
   * with `region` or `endpoint` at least; for no other.
   */
  readonly s3?: RepositoryS3;
  /**
   * How Google Cloud Storage is reached, and what it does with what is written. For a `gs://`
   * location alone, which needs nothing of it.
   */
  readonly gcs?: RepositoryGcs;
  /**
   * How an HDFS is reached: by WebHDFS, over HTTP or HTTPS. Needed for an `hdfs://` location, with
   * `nameNodes`; for no other than HDFS.
   */
  readonly hdfs?: RepositoryHdfs;
  /** The way from the agents to the storage, of whatever kind. */
  readonly connection?: RepositoryConnection;
  /**
   * Secret in the same namespace with what the kind of storage takes. S3: `accessKeyId` and
   * `secretAccessKey`, and `sessionToken` for temporary credentials. Google Cloud Storage:
   * `credentials.json`, a service account's key or the configuration of a workload identity
   * federation. HDFS: `user` and `password` for a gateway (Knox, HttpFS), or `delegationToken`.
   * Absent: the pods' own identity (`agent.serviceAccountName`); for HDFS `hdfs.user` alone. May be
   * changed; running jobs keep the Secret they started with, and take up what changes in it.
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
  /**
   * The StarRocks cluster that is backed up and restored: by addresses of its FEs, or by the name
   * of the StarRocks operator's resource.
   */
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
 * How an S3 store is reached, and what it does with what is written. Needed for an S3 location,
 * with `region` or `endpoint` at least; for no other.
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
  /**
   * Role that the agents take on (AssumeRole) with the keys in `credentialsSecret`, or with their
   * pod's own identity; with `agent.serviceAccountToken` by that token (AssumeRoleWithWebIdentity).
   * Absent: none. Example: `arn:aws:iam::123456789012:role/starrocks-backup`.
   */
  readonly roleArn?: string;
  /**
   * What the role's trust policy wants to hear beside the keys (`sts:ExternalId`). It is no secret.
   * Example: `starrocks-backup`.
   */
  readonly externalId?: string;
  /**
   * How long the role is taken for at a time, from `15m` to `12h`. It is taken anew before the end,
   * so a job may last longer; the role's own maximum bounds it. Absent: `1h`. Example: `30m`.
   */
  readonly sessionDuration?: string;
  /**
   * URL of the Security Token Service that gives the role. Absent: AWS's of `region`; a store with
   * an STS of its own has it at its endpoint. Example: `https://minio.storage.svc:9000`.
   */
  readonly stsEndpoint?: string;
  /**
   * Storage class of what stays, in the store's own word. Absent: the bucket's. Archives that are
   * not read at once (`GLACIER`, `DEEP_ARCHIVE`) are refused; nor may a lifecycle rule or
   * Intelligent-Tiering move snapshots there. What is staged and renamed is written without it, so
   * a minimum of days bills snapshots only. Example: `STANDARD_IA`.
   */
  readonly storageClass?: string;
  /**
   * Encryption at rest that is asked for with each write. Absent: what the bucket does by itself.
   */
  readonly encryption?: RepositoryS3Encryption;
  /**
   * Tags of what is written, 10 at the most; the identity needs s3:PutObjectTagging. Example:
   * `{team: data, purpose: backup}`.
   */
  readonly tags?: Readonly<Record<string, string>>;
}

export type RepositoryS3ChecksumMode = "Auto" | "WhenRequired";

/** Encryption at rest that is asked for with each write. Absent: what the bucket does by itself. */
export interface RepositoryS3Encryption {
  /**
   * `AES256`: keys of the store (SSE-S3). `aws:kms`: a key of KMS (SSE-KMS). `aws:kms:dsse`: the
   * same in two layers (DSSE-KMS).
   */
  readonly algorithm: RepositoryS3EncryptionAlgorithm;
  /**
   * Id, ARN or alias of the key; the identity needs kms:GenerateDataKey and kms:Decrypt on it.
   * Absent: the account's own key for S3. Example:
   * `arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab`.
   */
  readonly kmsKeyId?: string;
  /**
   * `true`: one key of KMS' for many objects (an S3 Bucket Key). A backup writes many small files,
   * each of which asks KMS otherwise, for money and up to KMS' rate. For `aws:kms` alone. Absent:
   * as the bucket says.
   */
  readonly bucketKey?: boolean;
}

export type RepositoryS3EncryptionAlgorithm = "AES256" | "aws:kms" | "aws:kms:dsse";

/**
 * How Google Cloud Storage is reached, and what it does with what is written. For a `gs://`
 * location alone, which needs nothing of it.
 */
export interface RepositoryGcs {
  /**
   * URL of the JSON API, without a path. Absent: Google's, `https://storage.googleapis.com`.
   * Example, for a place of Private Service Connect: `https://storage-backups.p.googleapis.com`.
   */
  readonly endpoint?: string;
  /**
   * Storage class of what stays; each is read at once. Absent: the bucket's. All but `STANDARD`
   * have a minimum of days (30, 90, 365) that is billed for what goes earlier. What is staged and
   * renamed is written without it, in the bucket's own. Example: `NEARLINE`.
   */
  readonly storageClass?: RepositoryGcsStorageClass;
  /**
   * Key of Cloud KMS that encrypts what is written; Google's service agent for storage needs
   * roles/cloudkms.cryptoKeyEncrypterDecrypter on it. Absent: the bucket's. Example:
   * `projects/acme/locations/europe-west3/keyRings/backups/cryptoKeys/starrocks`.
   */
  readonly kmsKeyName?: string;
}

export type RepositoryGcsStorageClass = "STANDARD" | "NEARLINE" | "COLDLINE" | "ARCHIVE";

/**
 * How an HDFS is reached: by WebHDFS, over HTTP or HTTPS. Needed for an `hdfs://` location, with
 * `nameNodes`; for no other than HDFS.
 */
export interface RepositoryHdfs {
  /**
   * WebHDFS addresses of all NameNodes (the active one is found among them), or of a gateway (Knox,
   * HttpFS) with its path before `/webhdfs/v1`. Needed for `hdfs://`; for `webhdfs://` and
   * `swebhdfs://` absent: the location's own host. Examples: `[https://nn1.example.com:9871,
   * https://nn2.example.com:9871]`, `[https://knox.example.com:8443/gateway/default]`.
   */
  readonly nameNodes?: readonly string[];
  /**
   * Name that the agents give (`user.name`), which a cluster without Kerberos believes. With `user`
   * and `password` or `delegationToken` in `credentialsSecret` those say who it is. Absent: what
   * the cluster takes strangers for (`dr.who`). Example: `starrocks`.
   */
  readonly user?: string;
}

/** The way from the agents to the storage, of whatever kind. */
export interface RepositoryConnection {
  /**
   * Certificates (PEM) of authorities that are trusted beside the public ones, for a store (and an
   * STS, a gateway) with certificates of a private authority. It is not secret; a ConfigMap is the
   * usual place.
   */
  readonly caBundle?: RepositoryConnectionCaBundle;
  /** HTTP proxy that the agents reach the storage through. Absent: none. */
  readonly proxy?: RepositoryConnectionProxy;
}

/**
 * Certificates (PEM) of authorities that are trusted beside the public ones, for a store (and an
 * STS, a gateway) with certificates of a private authority. It is not secret; a ConfigMap is the
 * usual place.
 */
export interface RepositoryConnectionCaBundle {
  /** ConfigMap in the same namespace that holds them. */
  readonly configMap?: RepositoryConnectionCaBundleConfigMap;
  /** Secret in the same namespace that holds them, such as one of cert-manager. */
  readonly secret?: RepositoryConnectionCaBundleSecret;
}

/** ConfigMap in the same namespace that holds them. */
export interface RepositoryConnectionCaBundleConfigMap {
  /** Name of the ConfigMap. Example: `company-ca`. */
  readonly name: string;
  /** Key under which they lie. */
  readonly key: string;
}

/** Secret in the same namespace that holds them, such as one of cert-manager. */
export interface RepositoryConnectionCaBundleSecret {
  /** Name of the Secret. Example: `minio-tls`. */
  readonly name: string;
  /** Key under which they lie. */
  readonly key: string;
}

/** HTTP proxy that the agents reach the storage through. Absent: none. */
export interface RepositoryConnectionProxy {
  /** URL of the proxy, without user and password. Example: `http://proxy.example.com:3128`. */
  readonly url: string;
  /**
   * Hosts that are reached without it: names, suffixes with a dot before them, IP addresses; each
   * may have a port. Example: `[minio.storage.svc, .internal.example.com]`.
   */
  readonly noProxy?: readonly string[];
  /**
   * Secret in the same namespace with the keys `user` and `password` for the proxy. Absent: it asks
   * for none.
   */
  readonly credentialsSecret?: RepositoryConnectionProxyCredentialsSecret;
}

/**
 * Secret in the same namespace with the keys `user` and `password` for the proxy. Absent: it asks
 * for none.
 */
export interface RepositoryConnectionProxyCredentialsSecret {
  /** Name of the Secret. Example: `proxy-user`. */
  readonly name: string;
}

/**
 * Secret in the same namespace with what the kind of storage takes. S3: `accessKeyId` and
 * `secretAccessKey`, and `sessionToken` for temporary credentials. Google Cloud Storage:
 * `credentials.json`, a service account's key or the configuration of a workload identity
 * federation. HDFS: `user` and `password` for a gateway (Knox, HttpFS), or `delegationToken`.
 * Absent: the pods' own identity (`agent.serviceAccountName`); for HDFS `hdfs.user` alone. May be
 * changed; running jobs keep the Secret they started with, and take up what changes in it.
 */
export interface RepositoryCredentialsSecret {
  /** Name of the Secret. Example: `s3-credentials`. */
  readonly name: string;
}

/**
 * The StarRocks cluster that is backed up and restored: by addresses of its FEs, or by the name of
 * the StarRocks operator's resource.
 */
export interface RepositoryCluster {
  /**
   * A `StarRocksCluster` (`starrocks.com/v1`) of the StarRocks operator. Its FE Service and query
   * port are looked up, again and again: what changes there is followed. Instead of `frontends`.
   */
  readonly starRocksCluster?: RepositoryClusterStarRocksCluster;
  /**
   * Addresses of FEs, `host` or `host:port`; the port of the MySQL protocol, 9030 when absent. One
   * is enough; the leader is found through any. Instead of `starRocksCluster`. Example:
   * `starrocks-fe-service.starrocks.svc:9030`.
   */
  readonly frontends?: readonly string[];
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
 * A `StarRocksCluster` (`starrocks.com/v1`) of the StarRocks operator. Its FE Service and query
 * port are looked up, again and again: what changes there is followed. Instead of `frontends`.
 */
export interface RepositoryClusterStarRocksCluster {
  /** Name of the resource. Example: `prod`. */
  readonly name: string;
  /**
   * Its namespace; absent: the Repository's own. In another one the operator must be allowed to
   * read it. Example: `starrocks`.
   */
  readonly namespace?: string;
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
   * Service account of the pods, for an identity that the cloud gives it. Its token for the cluster
   * is never mounted. Absent: `default`.
   */
  readonly serviceAccountName?: string;
  /**
   * A token of the service account for the storage's cloud, where no webhook of that cloud brings
   * one: S3 with `s3.roleArn` (web identity), Google Cloud Storage with the `credentials.json` of a
   * workload identity federation. It lies in the pods at `/etc/starrocks-backup/identity/token`
   * (what `credential_source.file` must say) and is renewed by Kubernetes. Absent: none.
   */
  readonly serviceAccountToken?: RepositoryAgentServiceAccountToken;
  /**
   * File content that one agent holds in memory at the most. The process needs up to 200 MiB more;
   * its request and limit are 256 MiB more, unless `resources` says otherwise. From `16Mi` to
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
  /**
   * How StarRocks reaches the pods. Only for a StarRocks outside of this Kubernetes, which reaches
   * no ClusterIP; what it sends and gets is not encrypted. May be changed; slots in use follow when
   * they are free. Absent: a ClusterIP.
   */
  readonly service?: RepositoryAgentService;
  /** Annotations of the pods, none of `backup.starrocks.io`. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Labels of the pods, none of `backup.starrocks.io`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Priority class of the pods. Example: `batch`. */
  readonly priorityClassName?: string;
  /** Secrets in the same namespace to pull `image` with. */
  readonly imagePullSecrets?: readonly RepositoryAgentImagePullSecret[];
}

/**
 * A token of the service account for the storage's cloud, where no webhook of that cloud brings
 * one: S3 with `s3.roleArn` (web identity), Google Cloud Storage with the `credentials.json` of a
 * workload identity federation. It lies in the pods at `/etc/starrocks-backup/identity/token` (what
 * `credential_source.file` must say) and is renewed by Kubernetes. Absent: none.
 */
export interface RepositoryAgentServiceAccountToken {
  /**
   * For whom the token is: what the cloud's side was told to accept. Never the API server itself,
   * nor what its `--api-audiences` says: agents have no rights in the cluster. Examples:
   * `sts.amazonaws.com`,
   * `//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/k8s/providers/cluster`.
   */
  readonly audience: string;
  /** Seconds that a token lasts; Kubernetes renews it after four fifths of them. */
  readonly expirationSeconds: number;
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

/**
 * How StarRocks reaches the pods. Only for a StarRocks outside of this Kubernetes, which reaches no
 * ClusterIP; what it sends and gets is not encrypted. May be changed; slots in use follow when they
 * are free. Absent: a ClusterIP.
 */
export interface RepositoryAgentService {
  /**
   * `ClusterIP`: from within the cluster. `NodePort`: a port of every node. `LoadBalancer`: a load
   * balancer for each slot, so `concurrency` of them.
   */
  readonly type: RepositoryAgentServiceType;
  /**
   * Name or IPv4 address that leads to nodes, without a port. Absent: the internal address of a
   * node that is ready, which may be another one with each attempt. Example: `nodes.example.com`.
   */
  readonly address?: string;
  /**
   * Annotations of the Services, none of `backup.starrocks.io`. Example:
   * `{service.beta.kubernetes.io/aws-load-balancer-scheme: internal}`.
   */
  readonly annotations?: Readonly<Record<string, string>>;
}

export type RepositoryAgentServiceType = "ClusterIP" | "NodePort" | "LoadBalancer";

export interface RepositoryAgentImagePullSecret {
  /** Name of the Secret. Example: `registry`. */
  readonly name: string;
}

/** What is seen. Written by the operator alone. */
export interface RepositoryStatus {
  /** The `metadata.generation` that this status is about; -1 before the first look. */
  readonly observedGeneration: number;
  /**
   * `CHECKING`: the first check, or the first of a changed spec, is under way. `READY`: jobs can
   * run. `NOT_READY`: they cannot; the condition Ready says why.
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
   * Broker and repository entries in StarRocks that look like ours but are of no Repository that
   * this operator knows, 20 at the most. They are shown, never touched.
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
