// Each alert as Prometheus must see it: series of the fault from minute 0 on, the minute from which it fires, and not a
// minute before. A gauge that is a time is 0 here, so its age is the clock.

export interface FaultSeries {
  readonly alert: string;
  /** Series → values, one a minute, in promtool's notation. */
  readonly series: Readonly<Record<string, string>>;
  /** The minute in which it fires first. */
  readonly firesAt: number;
}

const HOUR = 60;
const PROD = 'namespace="ops",repository="prod"';
const SHOP = `${PROD},database="shop"`;
const BACKUP = `kind="Backup",${PROD}`;
const LONG = 2_000;
/** The same value all the time. */
const always = (value: number): string => `${value}x${LONG}`;
const since = (phase: string, reason: string): Readonly<Record<string, string>> => ({
  [`starrocks_backup_jobs_since_timestamp_seconds{${BACKUP},phase="${phase}",reason="${reason}"}`]:
    always(0),
});
const exits = (exit: string, values: string): Readonly<Record<string, string>> => ({
  [`starrocks_backup_agent_exits_total{${PROD},component="agent",exit="${exit}"}`]: values,
});

export const FAULTS: readonly FaultSeries[] = [
  {
    alert: "StarRocksBackupTooOld",
    series: { [`starrocks_backup_last_success_timestamp_seconds{${SHOP}}`]: always(0) },
    firesAt: 26 * HOUR + 11,
  },
  {
    alert: "StarRocksBackupNeverSucceeded",
    series: { [`starrocks_backup_never_succeeded_since_timestamp_seconds{${SHOP}}`]: always(0) },
    firesAt: 26 * HOUR + 11,
  },
  {
    alert: "StarRocksBackupFailed",
    series: {
      [`starrocks_backup_last_job_failed{kind="Backup",${SHOP},reason="TimedOut"}`]: `0x9 ${always(1)}`,
    },
    firesAt: 11,
  },
  {
    alert: "StarRocksRestoreFailed",
    series: {
      [`starrocks_backup_last_job_failed{kind="Restore",${SHOP},reason="SnapshotDamaged"}`]: `0x9 ${always(1)}`,
    },
    firesAt: 11,
  },
  {
    alert: "StarRocksBackupNoProgress",
    series: { [`starrocks_backup_last_progress_timestamp_seconds{${BACKUP}}`]: always(0) },
    firesAt: 16,
  },
  { alert: "StarRocksBackupHindered", series: since("PENDING", "AccessDenied"), firesAt: 31 },
  {
    alert: "StarRocksBackupQueuedLong",
    series: since("PENDING", "Queued"),
    firesAt: 6 * HOUR + 11,
  },
  {
    alert: "StarRocksBackupCommitSlow",
    series: since("COMMIT", "Sealing"),
    firesAt: 2 * HOUR + 11,
  },
  {
    alert: "StarRocksBackupStorageTaskFails",
    series: {
      [`starrocks_backup_agent_exits_total{${PROD},component="seal",exit="failed"}`]: `0x9 0+1x${LONG}`,
    },
    firesAt: 14,
  },
  {
    alert: "StarRocksBackupAttemptsFail",
    series: { [`starrocks_backup_attempt{${BACKUP}}`]: `1x9 2x9 ${always(3)}` },
    firesAt: 21,
  },
  {
    alert: "StarRocksBackupCleanupStuck",
    series: { [`starrocks_backup_cleanup_since_timestamp_seconds{${BACKUP}}`]: always(0) },
    firesAt: 36,
  },
  {
    alert: "StarRocksBackupSlotLost",
    series: {
      [`starrocks_backup_slots_lent{${PROD}}`]: always(1),
      [`starrocks_backup_jobs{${BACKUP},phase="UPLOADING",reason="Working"}`]: `1x9 stale`,
    },
    firesAt: 40,
  },
  {
    alert: "StarRocksBackupLeftBehind",
    series: { [`starrocks_backup_left_behind{${BACKUP}}`]: always(2) },
    firesAt: HOUR,
  },
  {
    alert: "StarRocksBackupSweepsOften",
    series: {
      [`starrocks_backup_leftovers_removed_total{${PROD},what="deleteJob"}`]: `0x9 0+3x4 ${always(12)}`,
    },
    firesAt: 14,
  },
  {
    alert: "StarRocksBackupForeignEntries",
    series: { [`starrocks_backup_repository_foreign_entries{${PROD}}`]: always(1) },
    firesAt: HOUR,
  },
  {
    alert: "StarRocksBackupRepositoryNotReady",
    series: { [`starrocks_backup_repository_ready{${PROD}}`]: `1x9 ${always(0)}` },
    firesAt: 25,
  },
  {
    alert: "StarRocksBackupRepositoryUnchecked",
    series: {
      [`starrocks_backup_repository_next_check_timestamp_seconds{${PROD}}`]: always(0),
    },
    firesAt: 36,
  },
  {
    alert: "StarRocksBackupStarRocksUnreachable",
    series: {
      [`starrocks_backup_repository_condition{${PROD},type="StarRocksReady",reason="Answers"}`]:
        "1x9 stale",
      [`starrocks_backup_repository_condition{${PROD},type="StarRocksReady",reason="FrontendUnreachable"}`]: `_x10 ${always(0)}`,
    },
    firesAt: 15,
  },
  {
    alert: "StarRocksBackupStarRocksUnreachable",
    series: {
      [`starrocks_backup_repository_condition{${PROD},type="StarRocksReady",reason="Answers"}`]:
        always(1),
      [`starrocks_backup_jobs{${BACKUP},phase="UPLOADING",reason="Working"}`]: "1x9 stale",
      [`starrocks_backup_jobs{${BACKUP},phase="UPLOADING",reason="FrontendUnreachable"}`]: `_x10 ${always(1)}`,
    },
    firesAt: 15,
  },
  {
    alert: "StarRocksBackupStatementsRefused",
    series: {
      [`starrocks_backup_statements_total{${PROD},result="AccessDenied"}`]: `0x9 0+1x${LONG}`,
    },
    firesAt: 21,
  },
  { alert: "StarRocksBackupAgentsCrash", series: exits("killed", `0x9 ${always(1)}`), firesAt: 10 },
  {
    alert: "StarRocksBackupAgentsMisconfigured",
    series: exits("misconfigured", `0x9 ${always(1)}`),
    firesAt: 10,
  },
  {
    alert: "StarRocksBackupSnapshotDamaged",
    series: exits("damaged", `0x9 ${always(1)}`),
    firesAt: 10,
  },
  {
    alert: "StarRocksBackupOperatorDown",
    series: { 'starrocks_backup_operator_leader{pod="a"}': `1x9 ${always(0)}` },
    firesAt: 15,
  },
  {
    alert: "StarRocksBackupOperatorTwoLeaders",
    series: {
      'starrocks_backup_operator_leader{pod="a"}': always(1),
      'starrocks_backup_operator_leader{pod="b"}': `0x9 ${always(1)}`,
    },
    firesAt: 12,
  },
  {
    alert: "StarRocksBackupOperatorHangs",
    series: {
      'starrocks_backup_operator_controller_reconciles_overdue{controller="backup"}': `0x9 ${always(1)}`,
    },
    firesAt: 20,
  },
  {
    alert: "StarRocksBackupOperatorErrors",
    series: {
      'starrocks_backup_operator_controller_reconciles_total{controller="backup",result="error"}': `0+1x${LONG}`,
    },
    firesAt: 31,
  },
  {
    alert: "StarRocksBackupKubernetesErrors",
    series: {
      'starrocks_backup_operator_kubernetes_requests_total{verb="get",kind="pods",status="200"}': `0+80x${LONG}`,
      'starrocks_backup_operator_kubernetes_requests_total{verb="get",kind="pods",status="503"}': `0+20x${LONG}`,
    },
    firesAt: 11,
  },
  {
    alert: "StarRocksBackupWatchesBreak",
    series: {
      'starrocks_backup_operator_informer_failures_total{kind="backups"}': `0+1x${LONG}`,
    },
    firesAt: 31,
  },
];
