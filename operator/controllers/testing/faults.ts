// What can go wrong, as worlds in which it has, with the metric that tells and the alert that reads it.
import { BACKUP, REPOSITORY } from "../../api/kinds.ts";
import { must } from "../../assert.ts";
import { FrontendError } from "../../starrocks/frontend.ts";
import { ended, fate, phaseOf, putBackup, putRestore, readyWorld } from "./lives.ts";
import type { LabelValues } from "./metrics.ts";
import { repository } from "./samples.ts";
import { World } from "./world.ts";

const OTHER_UID = "dddddddd-4444-4444-8444-444444444444";
export const NO_RETRY = { maxAttempts: 1, backoff: "1s" };
export const BACKUPS = { kind: "Backup", namespace: "ops", repository: "prod" };

export interface Fault {
  readonly alert: string;
  readonly fault: string;
  readonly metric: string;
  readonly labels: LabelValues;
  /** A world in which the fault has come. */
  readonly given: () => Promise<World>;
  /** Of the series' value; of a time, its age in seconds. Undefined: there is no series. */
  readonly isTold: (value: number) => boolean;
  /** Ends the fault; after it the series is as in a world without it. */
  readonly mend?: (world: World) => Promise<void>;
}

const isOne = (value: number): boolean => value === 1;
const longerThan =
  (seconds: number) =>
  (age: number): boolean =>
    age > seconds;

export async function rounds(world: World, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await world.round();
}

/** A world of a Repository that was found ready, and whose fault a person sees after these rounds. */
async function aged(world: World, count: number): Promise<World> {
  await rounds(world, count);
  return world;
}

async function stalled(): Promise<World> {
  const world = readyWorld();
  putBackup(world);
  await world.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "the upload");
  must(world.starrocks.job("shop")).stalledBy = "capacity limit reached";
  return await aged(world, 220);
}

async function unready(spoil: (world: World) => void): Promise<World> {
  const world = new World();
  spoil(world);
  world.put(REPOSITORY, repository({}, { meta: { finalizers: [] } }));
  return await aged(world, 10);
}

async function failed(): Promise<World> {
  const world = readyWorld();
  fate(world, "agent", { exitCode: 1, reason: "Error", message: "it failed" });
  putBackup(world, { retry: NO_RETRY });
  await ended(world, "Backup", "nightly");
  return world;
}

export const isGone = new FrontendError("FrontendUnreachable", true, "no FE answers");

export const FAULTS: readonly Fault[] = [
  {
    alert: "StarRocksBackupTooOld",
    fault: "a Backup that is long ago",
    metric: "starrocks_backup_last_success_timestamp_seconds",
    labels: { namespace: "ops", repository: "prod", database: "shop" },
    given: async () => {
      const world = readyWorld();
      putBackup(world);
      await ended(world, "Backup", "nightly");
      await world.clock.advance(27 * 3_600_000);
      return world;
    },
    isTold: longerThan(26 * 3600),
    mend: async (world) => {
      putBackup(world, {}, { name: "second", uid: OTHER_UID });
      await ended(world, "Backup", "second");
    },
  },
  {
    alert: "StarRocksBackupNeverSucceeded",
    fault: "a database whose only Backup failed",
    metric: "starrocks_backup_never_succeeded_since_timestamp_seconds",
    labels: { namespace: "ops", repository: "prod", database: "shop" },
    given: async () => {
      const world = await failed();
      await world.clock.advance(27 * 3_600_000);
      return world;
    },
    isTold: longerThan(26 * 3600),
  },
  {
    alert: "StarRocksBackupFailed",
    fault: "agents that fail",
    metric: "starrocks_backup_last_job_failed",
    labels: { ...BACKUPS, database: "shop", reason: "AgentFailed" },
    given: failed,
    isTold: isOne,
    mend: async (world) => {
      world.kubelet.scripts.length = 0;
      putBackup(world, {}, { name: "second", uid: OTHER_UID });
      await ended(world, "Backup", "second");
    },
  },
  {
    alert: "StarRocksRestoreFailed",
    fault: "a Restore of a snapshot that is not there",
    metric: "starrocks_backup_last_job_failed",
    labels: { ...BACKUPS, kind: "Restore" },
    given: async () => {
      const world = readyWorld();
      const source = { snapshot: { name: "gone", timestamp: "2026-01-01-00-00-00-000" } };
      putRestore(world, { source, database: "shop" });
      await ended(world, "Restore", "again");
      return world;
    },
    isTold: isOne,
  },
  {
    alert: "StarRocksBackupNoProgress",
    fault: "an upload in which nothing moves",
    metric: "starrocks_backup_last_progress_timestamp_seconds",
    labels: BACKUPS,
    given: stalled,
    isTold: longerThan(600),
    mend: async (world) => {
      must(world.starrocks.job("shop")).stalledBy = undefined;
      await ended(world, "Backup", "nightly");
    },
  },
  {
    alert: "StarRocksBackupHindered",
    fault: "a StarRocks user whose password is wrong",
    metric: "starrocks_backup_jobs_since_timestamp_seconds",
    labels: { ...BACKUPS, phase: "PENDING", reason: "AccessDenied" },
    given: async () => {
      const world = readyWorld();
      const error = new FrontendError("AccessDenied", true, "wrong password");
      world.starrocks.fail("facts", { when: "before", error, times: 100_000 });
      putBackup(world);
      return await aged(world, 450);
    },
    isTold: longerThan(1200),
  },
  {
    alert: "StarRocksBackupQueuedLong",
    fault: "a Backup behind one that does not end",
    metric: "starrocks_backup_jobs_since_timestamp_seconds",
    labels: { ...BACKUPS, phase: "PENDING", reason: "Queued" },
    given: async () => {
      const world = readyWorld();
      putBackup(world, { noProgressTimeout: "24h" });
      await world.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "the upload");
      must(world.starrocks.job("shop")).stalledBy = "slow";
      const later = { creationTimestamp: "2026-01-02T03:01:00Z" };
      putBackup(world, {}, { name: "second", uid: OTHER_UID, ...later });
      await rounds(world, 2);
      await world.clock.advance(7 * 3_600_000);
      return world;
    },
    isTold: longerThan(6 * 3600),
  },
  {
    alert: "StarRocksBackupCommitSlow",
    fault: "a seal that never ends",
    metric: "starrocks_backup_jobs_since_timestamp_seconds",
    labels: { ...BACKUPS, phase: "COMMIT" },
    given: async () => {
      const world = readyWorld();
      fate(world, "seal", "neverReady");
      putBackup(world);
      const reason = () => world.job("Backup", "nightly").status?.reason;
      await world.until(() => reason() === "Sealing", "sealing");
      await world.clock.advance(3 * 3_600_000);
      return world;
    },
    isTold: longerThan(2 * 3600),
  },
  {
    alert: "StarRocksBackupAttemptsFail",
    fault: "attempts that fail one after the other",
    metric: "starrocks_backup_attempt",
    labels: BACKUPS,
    given: async () => {
      const world = readyWorld();
      fate(world, "agent", { exitCode: 1, reason: "Error", message: "it failed" });
      putBackup(world, { retry: { maxAttempts: 9, backoff: "1s" } });
      await world.until(() => (world.job("Backup", "nightly").status?.attempt ?? 0) >= 3, "three");
      return world;
    },
    isTold: (value) => value >= 3,
  },
  {
    alert: "StarRocksBackupCleanupStuck",
    fault: "a StarRocks that goes away before the broker is dropped",
    metric: "starrocks_backup_cleanup_since_timestamp_seconds",
    labels: BACKUPS,
    given: async () => {
      const world = readyWorld();
      putBackup(world);
      await world.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "the upload");
      world.starrocks.fail("facts", { when: "before", error: isGone, times: 100_000 });
      await world.edit(BACKUP, "nightly", { cancel: true });
      await rounds(world, 3);
      await world.clock.advance(3_600_000);
      return await aged(world, 1);
    },
    isTold: longerThan(1800),
  },
  {
    alert: "StarRocksBackupLeftBehind",
    fault: "a failed attempt whose folder the storage does not let go",
    metric: "starrocks_backup_left_behind",
    labels: BACKUPS,
    given: async () => {
      const world = readyWorld();
      world.reactions.push(() => {
        const job = world.starrocks.job("shop");
        if (job?.state === "UPLOADING") job.cancel("COMMON_ERROR", "no reason");
      });
      fate(world, "prune", { exitCode: 1, message: "storage is away" });
      putBackup(world, { retry: NO_RETRY });
      await world.until(() => phaseOf(world, "Backup", "nightly") === "FAILED", "the end", 600);
      return world;
    },
    isTold: (value) => value > 0,
  },
  {
    alert: "StarRocksBackupForeignEntries",
    fault: "mounts of another operator",
    metric: "starrocks_backup_repository_foreign_entries",
    labels: { namespace: "ops", repository: "prod" },
    given: () =>
      unready(({ starrocks }) => {
        const name = "k8s_00000000_0";
        const location = "backup://mount";
        const entry = { name, broker: name, location, readOnly: false, properties: {} };
        starrocks.world.repositories.set(name, entry);
      }),
    isTold: isOne,
    mend: async (world) => {
      world.starrocks.world.repositories.delete("k8s_00000000_0");
      await world.clock.advance(600_000);
      await rounds(world, 10);
    },
  },
  {
    alert: "StarRocksBackupRepositoryNotReady",
    fault: "a bucket that does not exist",
    metric: "starrocks_backup_repository_ready",
    labels: { namespace: "ops", repository: "prod" },
    given: () => unready((world) => fate(world, "probe", { exitCode: 42, reason: "NoSuchBucket" })),
    isTold: (value) => value === 0,
    mend: async (world) => {
      world.kubelet.scripts.length = 0;
      await world.edit(REPOSITORY, "prod", { bandwidth: "10Mi" });
      const isReady = () => world.get(REPOSITORY, "prod")?.status?.phase === "READY";
      await world.until(isReady, "Ready");
    },
  },
  {
    alert: "StarRocksBackupRepositoryUnchecked",
    fault: "a check that is never carried out",
    metric: "starrocks_backup_repository_next_check_timestamp_seconds",
    labels: { namespace: "ops", repository: "prod" },
    given: async () => {
      const world = await unready(() => {});
      await world.clock.advance(24 * 3_600_000);
      return world;
    },
    isTold: longerThan(1800),
    mend: (world) => rounds(world, 10),
  },
  {
    alert: "StarRocksBackupStarRocksUnreachable",
    fault: "FEs that do not answer",
    metric: "starrocks_backup_repository_condition",
    labels: { type: "StarRocksReady", reason: "FrontendUnreachable" },
    given: () =>
      unready(({ starrocks }) =>
        starrocks.fail("facts", { when: "before", error: isGone, times: 100_000 }),
      ),
    isTold: (value) => value === 0,
  },
  {
    alert: "StarRocksBackupStarRocksUnreachable",
    fault: "FEs that go while a Backup uploads",
    metric: "starrocks_backup_jobs",
    labels: { ...BACKUPS, phase: "UPLOADING", reason: "FrontendUnreachable" },
    given: async () => {
      const world = readyWorld();
      putBackup(world);
      await world.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "the upload");
      world.starrocks.fail("facts", { when: "before", error: isGone, times: 3 });
      return await aged(world, 1);
    },
    isTold: isOne,
    mend: async (world) => {
      await ended(world, "Backup", "nightly");
    },
  },
  {
    alert: "StarRocksBackupStatementsRefused",
    fault: "a user whose right was taken away",
    metric: "starrocks_backup_statements_total",
    labels: { namespace: "ops", repository: "prod", result: "RightMissing" },
    given: async () => {
      const world = readyWorld();
      putBackup(world);
      await world.until(() => phaseOf(world, "Backup", "nightly") === "UPLOADING", "the upload");
      const error = new FrontendError("RightMissing", false, "GRANT it");
      world.starrocks.fail("jobs", { when: "before", error, times: 100_000 });
      return await aged(world, 60);
    },
    isTold: (value) => value > 5,
  },
];
