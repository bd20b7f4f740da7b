{{- /* Made from operator/controllers/rbac.ts by `npm run generate`. Do not edit. */ -}}
{{- define "starrocks-backup.rules.all" -}}
# what is wished, and the finalizer on it
- apiGroups: ["backup.starrocks.io"]
  resources: ["repositories", "backups", "restores"]
  verbs: ["get", "list", "watch", "patch"]
# what is seen
- apiGroups: ["backup.starrocks.io"]
  resources: ["repositories/status", "backups/status", "restores/status"]
  verbs: ["patch"]
# agents and one-shot commands
- apiGroups: ["batch"]
  resources: ["jobs"]
  verbs: ["get", "list", "watch", "create", "delete"]
# agents' states, and orders to them as annotations; which node a BE runs on
- apiGroups: [""]
  resources: ["pods"]
  verbs: ["get", "list", "watch", "patch"]
# progress and the catalogue
- apiGroups: [""]
  resources: ["pods/log"]
  verbs: ["get"]
# slots: the addresses that StarRocks knows; the FE Service of a StarRocksCluster
- apiGroups: [""]
  resources: ["services"]
  verbs: ["get", "list", "watch", "create", "patch", "delete"]
# the FE Service of a cluster that a Repository names; without the StarRocks operator it is of no effect
- apiGroups: ["starrocks.com"]
  resources: ["starrocksclusters"]
  verbs: ["get"]
# the StarRocks user of a Repository; storage credentials are only looked at for their keys, and for changes
- apiGroups: [""]
  resources: ["secrets"]
  verbs: ["get"]
# the certificate authorities that a Repository names, which are only looked at for their key, and for changes
- apiGroups: [""]
  resources: ["configmaps"]
  verbs: ["get"]
# kubectl describe
- apiGroups: [""]
  resources: ["events"]
  verbs: ["create", "patch"]
{{- end -}}
{{- define "starrocks-backup.rules.cluster" -}}
# which node a BE runs on
- apiGroups: [""]
  resources: ["nodes"]
  verbs: ["list", "watch"]
# whether a namespace is being deleted: then all data is kept
- apiGroups: [""]
  resources: ["namespaces"]
  verbs: ["get"]
# to let go of what is in a namespace that is being deleted, and whose Roles went first
- apiGroups: ["backup.starrocks.io"]
  resources: ["repositories", "backups", "restores"]
  verbs: ["get", "patch"]
# whether our CRDs are being deleted: then all data is kept
- apiGroups: ["apiextensions.k8s.io"]
  resources: ["customresourcedefinitions"]
  resourceNames: ["repositories.backup.starrocks.io", "backups.backup.starrocks.io", "restores.backup.starrocks.io"]
  verbs: ["get"]
{{- end -}}
{{- define "starrocks-backup.rules.own" -}}
# leader election
- apiGroups: ["coordination.k8s.io"]
  resources: ["leases"]
  resourceNames: ["starrocks-backup-operator"]
  verbs: ["get", "patch"]
# the first one who would lead; Kubernetes knows no right to create by name
- apiGroups: ["coordination.k8s.io"]
  resources: ["leases"]
  verbs: ["create"]
# the key of the mounts' tokens
- apiGroups: [""]
  resources: ["secrets"]
  resourceNames: ["starrocks-backup-mount-key"]
  verbs: ["get"]
# that key, once; Kubernetes knows no right to create by name
- apiGroups: [""]
  resources: ["secrets"]
  verbs: ["create"]
{{- end -}}
{{- define "starrocks-backup.rules.starrocks" -}}
# which node a BE runs on, where StarRocks is in another namespace than its Repository
- apiGroups: [""]
  resources: ["pods"]
  verbs: ["get", "list"]
# the FE Service of a StarRocksCluster there
- apiGroups: [""]
  resources: ["services"]
  verbs: ["get"]
# a StarRocksCluster there that a Repository names
- apiGroups: ["starrocks.com"]
  resources: ["starrocksclusters"]
  verbs: ["get"]
{{- end -}}
