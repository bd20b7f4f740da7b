// The rights that the reconcilers need, as data: the chart's roles are made from it.

export interface RbacRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Why, for who reviews the chart. */
  readonly why: string;
  /** In the operator's own namespace only. */
  readonly own?: true;
  /** Needs a ClusterRole even where one namespace is watched. */
  readonly clusterWide?: true;
}

const READ = ["get", "list", "watch"] as const;

export const RBAC_RULES: readonly RbacRule[] = [
  {
    apiGroups: ["backup.starrocks.io"],
    resources: ["repositories", "backups", "restores"],
    verbs: [...READ, "patch"],
    why: "what is wished, and the finalizer on it",
  },
  {
    apiGroups: ["backup.starrocks.io"],
    resources: ["repositories/status", "backups/status", "restores/status"],
    verbs: ["patch"],
    why: "what is seen",
  },
  {
    apiGroups: ["batch"],
    resources: ["jobs"],
    verbs: [...READ, "create", "delete"],
    why: "agents and one-shot commands",
  },
  {
    apiGroups: [""],
    resources: ["pods"],
    verbs: [...READ, "patch"],
    why: "agents' states, and orders to them as annotations; which node a BE runs on",
  },
  { apiGroups: [""], resources: ["pods/log"], verbs: ["get"], why: "progress and the catalogue" },
  {
    apiGroups: [""],
    resources: ["services"],
    verbs: [...READ, "create", "patch", "delete"],
    why: "slots: the addresses that StarRocks knows",
  },
  {
    apiGroups: [""],
    resources: ["secrets"],
    verbs: ["get"],
    why: "the StarRocks user of a Repository; storage credentials are only looked at for their keys, and for changes",
  },
  {
    apiGroups: [""],
    resources: ["configmaps"],
    verbs: ["get"],
    why: "the certificate authorities that a Repository names, which are only looked at for their key, and for changes",
  },
  { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"], why: "kubectl describe" },
  {
    apiGroups: [""],
    resources: ["nodes"],
    verbs: [...READ],
    why: "which node a BE runs on",
    clusterWide: true,
  },
  {
    apiGroups: [""],
    resources: ["namespaces"],
    verbs: ["get"],
    why: "whether a namespace is being deleted: then all data is kept",
    clusterWide: true,
  },
  {
    apiGroups: ["apiextensions.k8s.io"],
    resources: ["customresourcedefinitions"],
    verbs: ["get"],
    why: "whether our CRDs are being deleted: then all data is kept",
    clusterWide: true,
  },
  {
    apiGroups: ["coordination.k8s.io"],
    resources: ["leases"],
    verbs: ["get", "create", "patch"],
    why: "leader election",
    own: true,
  },
  {
    apiGroups: [""],
    resources: ["secrets"],
    verbs: ["get", "create"],
    why: "the key of the mounts' tokens",
    own: true,
  },
];
