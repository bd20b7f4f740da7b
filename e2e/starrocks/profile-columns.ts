// The columns of the SHOW statements that differ between releases, in their order.

export const FRONTENDS = [
  "Name",
  "IP",
  "EditLogPort",
  "HttpPort",
  "QueryPort",
  "RpcPort",
  "Role",
  "ClusterId",
  "Join",
  "Alive",
  "ReplayedJournalId",
  "LastHeartbeat",
  "IsHelper",
  "ErrMsg",
  "StartTime",
  "Version",
] as const;
export const FRONTENDS_3_5 = ["Id", ...FRONTENDS] as const;

const BACKENDS_START = [
  "BackendId",
  "IP",
  "HeartbeatPort",
  "BePort",
  "HttpPort",
  "BrpcPort",
  "LastStartTime",
  "LastHeartbeat",
  "Alive",
  "SystemDecommissioned",
  "ClusterDecommissioned",
  "TabletNum",
  "DataUsedCapacity",
  "AvailCapacity",
  "TotalCapacity",
  "UsedPct",
  "MaxDiskUsedPct",
  "ErrMsg",
  "Version",
  "Status",
  "DataTotalCapacity",
  "DataUsedPct",
  "CpuCores",
] as const;
const LOAD = ["NumRunningQueries", "MemUsedPct", "CpuUsedPct"] as const;
export const BACKENDS = [...BACKENDS_START, ...LOAD] as const;
export const BACKENDS_3_3 = [
  ...BACKENDS_START,
  "MemLimit",
  ...LOAD,
  "DataCacheMetrics",
  "Location",
] as const;
export const BACKENDS_3_4 = [...BACKENDS_3_3, "StatusCode"] as const;

export const COMPUTE_NODES = [
  "ComputeNodeId",
  "IP",
  "HeartbeatPort",
  "BePort",
  "HttpPort",
  "BrpcPort",
  "LastStartTime",
  "LastHeartbeat",
  "Alive",
  "SystemDecommissioned",
  "ClusterDecommissioned",
  "ErrMsg",
  "Version",
] as const;
export const COMPUTE_NODES_3_1 = [...COMPUTE_NODES, "CpuCores", ...LOAD, "HasStoragePath"] as const;
export const COMPUTE_NODES_3_3 = [
  ...COMPUTE_NODES,
  "CpuCores",
  "MemLimit",
  ...LOAD,
  "DataCacheMetrics",
  "HasStoragePath",
] as const;
export const COMPUTE_NODES_3_4 = [...COMPUTE_NODES_3_3, "StatusCode"] as const;

export const SNAPSHOTS = ["Snapshot", "Timestamp", "Status"] as const;
export const SNAPSHOT_DETAILS = ["Snapshot", "Timestamp", "Database", "Details", "Status"] as const;
/** #78092. Their place is not known, so they stand where they hurt: who counts columns finds another one. */
const EXPIRY = ["ClusterId", "FinishTime", "Ttl", "ExpireTime"] as const;
export const SNAPSHOTS_4_2 = [...EXPIRY, ...SNAPSHOTS] as const;
export const SNAPSHOT_DETAILS_4_2 = [...EXPIRY, ...SNAPSHOT_DETAILS] as const;
