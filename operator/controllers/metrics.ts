// What the operator counts of its work, in Prometheus' names. Labels are namespaces, Repositories and reasons
// of a closed set, never a job's name: a series per Backup would grow for ever.
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
  /** Unix time of the last FINISHED Backup of a database. */
  readonly lastSuccess: Gauge<"namespace" | "repository" | "database">;
  /** 1 while a Repository is ready. */
  readonly repositoryReady: Gauge<"namespace" | "repository">;

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
    this.lastSuccess = new Gauge({
      name: "starrocks_backup_last_success_timestamp_seconds",
      help: "When the last FINISHED Backup of a database ended",
      labelNames: ["namespace", "repository", "database"],
      registers,
    });
    this.repositoryReady = new Gauge({
      name: "starrocks_backup_repository_ready",
      help: "1 while the Repository is ready",
      labelNames: ["namespace", "repository"],
      registers,
    });
  }
}
