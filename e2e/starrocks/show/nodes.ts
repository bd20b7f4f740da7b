// SHOW BROKER, SHOW BACKENDS and SHOW FRONTENDS, by the profile's columns.
import type { Broker } from "../frontend-brokers.ts";
import type { Profile } from "../profile.ts";
import type { ResultTable } from "../sql/result.ts";
import { formatTime } from "../times.ts";

export function brokerTable(
  brokers: readonly (readonly [name: string, broker: Broker])[],
  timeZone: string,
): ResultTable {
  return {
    columns: ["Name", "IP", "Port", "Alive", "LastStartTime", "LastUpdateTime", "ErrMsg"],
    rows: brokers.map(([name, b]) => [
      name,
      b.host,
      String(b.port),
      String(b.alive),
      formatTime(b.lastStartTime, timeZone),
      formatTime(b.lastUpdateTime, timeZone),
      b.errorMessage,
    ]),
  };
}

export interface BackendRow {
  readonly id: number;
  readonly host: string;
  readonly alive: boolean;
  readonly lastStartTime: number;
  readonly lastHeartbeat: number;
  readonly errorMessage: string;
  readonly tablets: number;
  readonly usedBytes: number;
}

const TOTAL_BYTES = 100 * 1024 ** 3;

export function backendTable(
  rows: readonly BackendRow[],
  profile: Profile,
  timeZone: string,
): ResultTable {
  return fill(
    profile.show.backends,
    rows.map((r) => backendCells(r, profile, timeZone)),
  );
}

function backendCells(
  row: BackendRow,
  profile: Profile,
  timeZone: string,
): Readonly<Record<string, string | null>> {
  const used = row.usedBytes;
  return {
    BackendId: String(row.id),
    IP: row.host,
    HeartbeatPort: "9050",
    BePort: "9060",
    HttpPort: "8040",
    BrpcPort: "8060",
    LastStartTime: formatTime(row.lastStartTime, timeZone),
    LastHeartbeat: formatTime(row.lastHeartbeat, timeZone),
    Alive: String(row.alive),
    SystemDecommissioned: "false",
    ClusterDecommissioned: "false",
    TabletNum: String(row.tablets),
    DataUsedCapacity: sizeText(used),
    AvailCapacity: sizeText(TOTAL_BYTES - used),
    TotalCapacity: sizeText(TOTAL_BYTES),
    UsedPct: percent(used),
    MaxDiskUsedPct: percent(used),
    ErrMsg: row.errorMessage,
    Version: profile.version.replace(" ", "-"),
    Status: '{"lastSuccessReportTabletsTime":"N/A"}',
    DataTotalCapacity: sizeText(TOTAL_BYTES),
    DataUsedPct: percent(used),
    CpuCores: String(profile.backend.workers),
    MemLimit: "8.000GB",
    NumRunningQueries: "0",
    MemUsedPct: "1.00 %",
    CpuUsedPct: "0.5 %",
    DataCacheMetrics: "N/A",
    Location: "",
    StatusCode: "OK",
  };
}

export interface FrontendRow {
  readonly id: number;
  readonly name: string;
  readonly host: string;
  readonly queryPort: number;
  readonly role: "LEADER" | "FOLLOWER";
  readonly alive: boolean;
  readonly startTime: number;
  readonly journalId: number;
}

export function frontendTable(
  rows: readonly FrontendRow[],
  profile: Profile,
  now: number,
): ResultTable {
  return fill(
    profile.show.frontends,
    rows.map((row) => ({
      Id: String(row.id),
      Name: row.name,
      IP: row.host,
      EditLogPort: "9010",
      HttpPort: "8030",
      QueryPort: String(row.queryPort),
      RpcPort: "9020",
      Role: row.role,
      ClusterId: "1738213044",
      Join: "true",
      Alive: String(row.alive),
      ReplayedJournalId: String(row.journalId),
      LastHeartbeat: formatTime(now),
      IsHelper: "true",
      ErrMsg: "",
      StartTime: formatTime(row.startTime),
      Version: profile.version.replace(" ", "-"),
    })),
  );
}

/** Rows of named cells in the order of the columns. */
export function fill(
  columns: readonly string[],
  rows: readonly Readonly<Record<string, string | null>>[],
): ResultTable {
  return { columns, rows: rows.map((row) => columns.map((c) => row[c] ?? null)) };
}

/** DebugUtil.getByteUint: three decimals and a unit. */
export function sizeText(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(3)} ${units[unit] ?? ""}`;
}

function percent(bytes: number): string {
  return `${((bytes * 100) / TOTAL_BYTES).toFixed(2)} %`;
}
