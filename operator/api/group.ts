// The names that tie our objects together in Kubernetes. They are a contract: with what other releases of
// the operator left in a cluster, with agents that run, and with people's scripts. Never reuse one.

export const GROUP = "backup.starrocks.io";
export const VERSION = "v1alpha1";
export const API_VERSION = `${GROUP}/${VERSION}` as const;

/** On everything that the operator makes. */
export const LABELS = {
  repositoryUid: `${GROUP}/repository-uid`,
  /** UID of the Backup or Restore that it is for. */
  jobUid: `${GROUP}/job-uid`,
  /** `Backup` or `Restore`. */
  jobKind: `${GROUP}/job-kind`,
  attempt: `${GROUP}/attempt`,
  /** `agent`, `slot`, `probe`, `catalog`, `seal`, `verify`, `prune`. */
  component: `${GROUP}/component`,
  /** Number of the slot that an agent serves. */
  slot: `${GROUP}/slot`,
  /** What a one-shot Job was made for. */
  task: `${GROUP}/task`,
  /** The node whose BE an agent serves. */
  node: `${GROUP}/node`,
  name: "app.kubernetes.io/name",
  managedBy: "app.kubernetes.io/managed-by",
} as const;

/** Values of `app.kubernetes.io/name` and `managed-by`. */
export const APP_NAME = "starrocks-backup";
export const MANAGED_BY = "starrocks-backup-operator";

export const ANNOTATIONS = {
  /** On an agent's pod: finish and end. */
  drain: `${GROUP}/drain`,
  /** On an agent's pod: bytes per second. */
  bandwidth: `${GROUP}/bandwidth`,
  /** On an agent's pod: its configuration, which the downward API gives it as a file. */
  config: `${GROUP}/config`,
  /** On a slot's Service: the job and attempt that has it. */
  lentTo: `${GROUP}/lent-to`,
  /** Of a slot's Service: what it was made from, where that is not a plain ClusterIP. */
  service: `${GROUP}/service`,
} as const;

/** On every custom resource that has something outside Kubernetes to clean up. */
export const FINALIZER = `${GROUP}/cleanup`;

/** kstatus' three, what the Repository's Ready is made of, and what a job ends with. */
export const CONDITION = {
  ready: "Ready",
  reconciling: "Reconciling",
  stalled: "Stalled",
  succeeded: "Succeeded",
  storageReady: "StorageReady",
  starRocksReady: "StarRocksReady",
  catalogReady: "CatalogReady",
} as const;
