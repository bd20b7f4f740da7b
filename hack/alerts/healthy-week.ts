// A week in which nothing is wrong, as Prometheus sees it: a Backup of two databases each night, the second in the
// queue behind the first, an attempt that fails and is repeated, a node that goes with its agent, an operator that is
// replaced, and an API server that hesitates at times.

export const HEALTHY_DAYS = 7;
const DAY = 24 * 60;
const NIGHT = 2 * 60;

const PROD = 'namespace="ops",repository="prod"';
const BACKUP = `kind="Backup",${PROD}`;

type Values = string;

/** Each day the same: pieces of values and their minutes, in promtool's notation; they must make a day. */
function daily(pieceOf: (day: number) => readonly (readonly [Values, minutes: number])[]): Values {
  const days = Array.from({ length: HEALTHY_DAYS }, (_, day) => {
    const pieces = pieceOf(day);
    const minutes = pieces.reduce((sum, [, length]) => sum + length, 0);
    if (minutes !== DAY) throw new Error(`a day of ${minutes} minutes`);
    return pieces.map(([value, length]) => repeated(value, length)).join(" ");
  });
  return days.join(" ");
}

function repeated(value: Values, minutes: number): Values {
  if (value === "_") return `_x${minutes}`;
  // The first minute without a series says that it ended; Prometheus marks it so when a target stops to show it.
  if (value === "gone") return minutes === 1 ? "stale" : `stale _x${minutes - 1}`;
  return `${value}x${minutes - 1}`;
}

const nightOf = (day: number): number => (day * DAY + NIGHT) * 60;

/** What is there only while it happens: from a minute of the night on, so many minutes, with this value. */
function nightly(from: number, minutes: number, valueOf: (day: number) => number): Values {
  return daily((day) => [
    ["_", NIGHT + from],
    [`${valueOf(day)}`, minutes],
    ["gone", DAY - NIGHT - from - minutes],
  ]);
}

/** In SECONDS: when the last success of a database was, whose Backup ends so many minutes into the night. */
function lastSuccess(minutes: number): Values {
  return daily((day) => [
    [`${nightOf(day - 1) + minutes * 60}`, NIGHT + minutes],
    [`${nightOf(day) + minutes * 60}`, DAY - NIGHT - minutes],
  ]);
}

export function healthyWeek(): Readonly<Record<string, Values>> {
  const all = HEALTHY_DAYS * DAY;
  const jobs = (phase: string, reason: string): string =>
    `starrocks_backup_jobs{${BACKUP},phase="${phase}",reason="${reason}"}`;
  const since = (phase: string, reason: string): string =>
    jobs(phase, reason).replace("_jobs{", "_jobs_since_timestamp_seconds{");
  const start = (from: number) => (day: number) => nightOf(day) + from * 60;
  return {
    [`starrocks_backup_last_success_timestamp_seconds{${PROD},database="shop"}`]: lastSuccess(50),
    [`starrocks_backup_last_success_timestamp_seconds{${PROD},database="crm"}`]: lastSuccess(115),
    [`starrocks_backup_last_job_failed{${BACKUP},database="shop",reason="Finished"}`]: `0x${all}`,
    [jobs("PENDING", "StartingAgents")]: nightly(0, 4, () => 1),
    [since("PENDING", "StartingAgents")]: nightly(0, 4, start(0)),
    [jobs("UPLOADING", "Working")]: nightly(4, 40, () => 1),
    [since("UPLOADING", "Working")]: nightly(4, 40, start(4)),
    [`starrocks_backup_last_progress_timestamp_seconds{${BACKUP}}`]: daily((day) => [
      ["_", NIGHT + 4],
      // Nothing moves for eight minutes: a disk was slow.
      [`${nightOf(day) + 240}`, 8],
      [`${nightOf(day) + 720}+60`, 32],
      ["gone", DAY - NIGHT - 44],
    ]),
    [jobs("COMMIT", "Sealing")]: nightly(44, 6, () => 1),
    [since("COMMIT", "Sealing")]: nightly(44, 6, start(44)),
    [jobs("PENDING", "Queued")]: nightly(0, 50, () => 1),
    [since("PENDING", "Queued")]: nightly(0, 50, start(0)),
    // The second one fails once and is tried again after a pause.
    [`starrocks_backup_attempt{${BACKUP}}`]: nightly(50, 65, (day) => (day === 3 ? 2 : 1)),
    [`starrocks_backup_cleanup_since_timestamp_seconds{${BACKUP}}`]: nightly(60, 3, start(60)),
    [jobs("PENDING", "WaitingToRetry")]: nightly(63, 30, () => 1),
    [since("PENDING", "WaitingToRetry")]: nightly(63, 30, start(63)),
    [`starrocks_backup_slots_lent{${PROD}}`]: daily(() => [
      ["0", NIGHT],
      ["1", 50],
      ["0", DAY - NIGHT - 50],
    ]),
    [`starrocks_backup_left_behind{${BACKUP}}`]: `0x${all}`,
    [`starrocks_backup_leftovers_removed_total{${PROD},what="dropBroker"}`]: `0x5000 1x${all - 5001}`,
    [`starrocks_backup_repository_foreign_entries{${PROD}}`]: `0x${all}`,
    // A new password once: six minutes until the Secret is right.
    [`starrocks_backup_repository_ready{${PROD}}`]: `1x3000 0x5 1x${all - 3008}`,
    [`starrocks_backup_repository_next_check_timestamp_seconds{${PROD}}`]: `300+60x${all}`,
    [`starrocks_backup_repository_condition{${PROD},type="StarRocksReady",reason="Answers"}`]: `1x${all}`,
    [`starrocks_backup_statements_total{${PROD},result="ok"}`]: `0+30x${all}`,
    [`starrocks_backup_statements_total{${PROD},result="AccessDenied"}`]: `0x3000 3x${all - 3001}`,
    [`starrocks_backup_agent_exits_total{${PROD},component="agent",exit="ok"}`]: `0+1x${all}`,
    [`starrocks_backup_agent_exits_total{${PROD},component="agent",exit="failed"}`]: `0x4000 1x${all - 4001}`,
    // Replaced once a week, from one minute to the next.
    'starrocks_backup_operator_leader{pod="a"}': "1x5999 stale",
    'starrocks_backup_operator_leader{pod="b"}': `0x6001 1x${all - 6002}`,
    'starrocks_backup_operator_controller_reconciles_overdue{controller="backup"}': `0x${all}`,
    'starrocks_backup_operator_controller_reconciles_total{controller="backup",result="transient"}': `0x4000 9x${all - 4001}`,
    'starrocks_backup_operator_controller_reconciles_total{controller="backup",result="conflict"}': `0+2x${all}`,
    'starrocks_backup_operator_kubernetes_requests_total{verb="get",kind="pods",status="200"}': `0+60x${all}`,
    'starrocks_backup_operator_kubernetes_requests_total{verb="get",kind="pods",status="429"}': `0+2x${all}`,
    'starrocks_backup_operator_informer_failures_total{kind="backups"}': `0x4000 6x${all - 4001}`,
  };
}
