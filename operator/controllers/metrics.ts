// What the operator counts of its work, in Prometheus' names. Labels are namespaces, Repositories and reasons
// of a closed set, never a job's name: a series per Backup would grow for ever.
import type { Backup } from "../api/backup.generated.ts";
import type { Store } from "../runtime/store.ts";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

const HOURS_SECONDS = [30, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600];

export class OperatorMetrics {
  /** Jobs that ended: kind, namespace, repository, phase (FINISHED, FAILED, CANCELLED), reason. */
  readonly ended: Counter<"kind" | "namespace" | "repository" | "phase" | "reason">;
  /** Attempts that were tried again, by reason. */
  readonly retries: Counter<"kind" | "namespace" | "repository" | "reason">;
  readonly seconds: Histogram<"kind" | "namespace" | "repository">;
  /** Bytes of the last FINISHED job. */
  readonly bytes: Gauge<"kind" | "namespace" | "repository">;
  /** 1 while a Repository is ready. */
  readonly repositoryReady: Gauge<"namespace" | "repository">;

  /** Unix time of the last FINISHED Backup of a database. */
  readonly lastSuccess: Gauge<"namespace" | "repository" | "database">;
  /** The Backups that are known; until then there is no last success. */
  backups: Store<Backup> | undefined;

  constructor(registry: Registry) {
    const registers = [registry];
    const job = ["kind", "namespace", "repository"] as const;
    this.ended = new Counter({
      name: "starrocks_backup_jobs_ended_total",
      help: "Backups and Restores that ended, by phase and reason",
      labelNames: [...job, "phase", "reason"],
      registers,
    });
    this.retries = new Counter({
      name: "starrocks_backup_retries_total",
      help: "Attempts that failed and were tried again, by reason",
      labelNames: [...job, "reason"],
      registers,
    });
    this.seconds = new Histogram({
      name: "starrocks_backup_duration_seconds",
      help: "From the start of a job to FINISHED",
      labelNames: job,
      buckets: HOURS_SECONDS,
      registers,
    });
    this.bytes = new Gauge({
      name: "starrocks_backup_bytes",
      help: "Bytes that the last FINISHED job moved",
      labelNames: job,
      registers,
    });
    const lastSuccesses = (): readonly LastSuccess[] => lastOf(this.backups?.list() ?? []);
    this.lastSuccess = new Gauge({
      name: "starrocks_backup_last_success_timestamp_seconds",
      help: "When the last FINISHED Backup of a database ended",
      labelNames: ["namespace", "repository", "database"],
      registers,
      // Read from the Backups themselves, so that it survives our restarts.
      collect() {
        this.reset();
        for (const { seconds, ...labels } of lastSuccesses()) this.set(labels, seconds);
      },
    });
    this.repositoryReady = new Gauge({
      name: "starrocks_backup_repository_ready",
      help: "1 while the Repository is ready",
      labelNames: ["namespace", "repository"],
      registers,
    });
  }
}

/** Of each database the newest FINISHED Backup that is still there. */
function lastOf(backups: readonly Backup[]): readonly LastSuccess[] {
  const last = new Map<string, LastSuccess>();
  for (const backup of backups) {
    const seconds = successOf(backup);
    if (seconds === undefined) continue;
    const { repository, database } = backup.spec;
    const labels = { namespace: backup.metadata.namespace ?? "", repository, database };
    const key = JSON.stringify(labels);
    if (seconds > (last.get(key)?.seconds ?? 0)) last.set(key, { ...labels, seconds });
  }
  return [...last.values()];
}

function successOf({ status }: Backup): number | undefined {
  if (status?.phase !== "FINISHED" || status.completionTime === undefined) return undefined;
  return Date.parse(status.completionTime) / 1000;
}

interface LastSuccess {
  readonly namespace: string;
  readonly repository: string;
  readonly database: string;
  readonly seconds: number;
}
