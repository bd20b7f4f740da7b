// The rights that the reconcilers need, as data: the chart's roles are made from it.
import { GROUP } from "../api/group.ts";
import { BACKUP, REPOSITORY, RESTORE } from "../api/kinds.ts";
import { MOUNT_KEY_SECRET } from "./mount-key.ts";
import { LEASE_NAME } from "./names.ts";

export interface RbacRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Why, for who reviews the chart. */
  readonly why: string;
  /** Of these names alone. The verbs are such that a name is known beforehand: not `create`, `list` or `watch`. */
  readonly resourceNames?: readonly string[];
  /** In the operator's own namespace only. */
  readonly own?: true;
  /** Of objects without a namespace: needs a ClusterRole also where only some namespaces are watched. */
  readonly clusterWide?: true;
  /** In the namespaces of `--starrocks-namespaces`. Where all are watched other rules include it. */
  readonly starRocks?: true;
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
    why: "slots: the addresses that StarRocks knows; the FE Service of a StarRocksCluster",
  },
  {
    apiGroups: ["starrocks.com"],
    resources: ["starrocksclusters"],
    verbs: ["get"],
    why: "the FE Service of a cluster that a Repository names; without the StarRocks operator it is of no effect",
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
    verbs: ["list", "watch"],
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
    apiGroups: [GROUP],
    resources: ["repositories", "backups", "restores"],
    verbs: ["get", "patch"],
    why: "to let go of what is in a namespace that is being deleted, and whose Roles went first",
    clusterWide: true,
  },
  {
    apiGroups: ["apiextensions.k8s.io"],
    resources: ["customresourcedefinitions"],
    resourceNames: [REPOSITORY, BACKUP, RESTORE].map(({ plural }) => `${plural}.${GROUP}`),
    verbs: ["get"],
    why: "whether our CRDs are being deleted: then all data is kept",
    clusterWide: true,
  },
  {
    apiGroups: ["coordination.k8s.io"],
    resources: ["leases"],
    resourceNames: [LEASE_NAME],
    verbs: ["get", "patch"],
    why: "leader election",
    own: true,
  },
  {
    apiGroups: ["coordination.k8s.io"],
    resources: ["leases"],
    verbs: ["create"],
    why: "the first one who would lead; Kubernetes knows no right to create by name",
    own: true,
  },
  {
    apiGroups: [""],
    resources: ["secrets"],
    resourceNames: [MOUNT_KEY_SECRET],
    verbs: ["get"],
    why: "the key of the mounts' tokens",
    own: true,
  },
  {
    apiGroups: [""],
    resources: ["secrets"],
    verbs: ["create"],
    why: "that key, once; Kubernetes knows no right to create by name",
    own: true,
  },
  {
    apiGroups: [""],
    resources: ["pods"],
    verbs: ["get", "list"],
    why: "which node a BE runs on, where StarRocks is in another namespace than its Repository",
    starRocks: true,
  },
  {
    apiGroups: [""],
    resources: ["services"],
    verbs: ["get"],
    why: "the FE Service of a StarRocksCluster there",
    starRocks: true,
  },
  {
    apiGroups: ["starrocks.com"],
    resources: ["starrocksclusters"],
    verbs: ["get"],
    why: "a StarRocksCluster there that a Repository names",
    starRocks: true,
  },
];
