// What the operator tells of its work, in Prometheus' names. Labels are kinds, namespaces, Repositories and databases
// that are there, and reasons of a bounded set, never a job's name: a series per Backup would grow for ever.
//
// What objects say is read from them at each scrape (metrics/*-readings.ts); what only happens is counted here, and
// begins at zero with each process.
import { Counter, Histogram, type Metric, type Registry } from "prom-client";
import { LABELS } from "../api/group.ts";
import type { Change, Informer } from "../runtime/informer.ts";
import type { Pod } from "../runtime/objects.ts";
import type { Caches } from "./deps.ts";
import { AgentExits } from "./metrics/agent-exits.ts";
import { registerDatabaseReadings } from "./metrics/database-readings.ts";
import { registerJobReadings } from "./metrics/job-readings.ts";
import { ReasonLabels } from "./metrics/reason-label.ts";
import { registerRepositoryReadings } from "./metrics/repository-readings.ts";
import type { JobResource } from "./job/model.ts";

const HOURS_SECONDS = [30, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600];
const STATEMENT_SECONDS = [0.01, 0.05, 0.2, 1, 5, 10, 30, 60, 150];

const REPOSITORY = ["namespace", "repository"] as const;
const JOB = ["kind", ...REPOSITORY] as const;

/** Before the names of the runtime's own metrics. */
export const RUNTIME_PREFIX = "starrocks_backup_operator_";

export class OperatorMetrics {
  readonly reasons = new ReasonLabels();
  /** Jobs that ended: kind, namespace, repository, phase (FINISHED, FAILED, CANCELLED), reason. */
  readonly ended: Counter<"kind" | "namespace" | "repository" | "phase" | "reason">;
  readonly attempts: Counter<"kind" | "namespace" | "repository">;
  /** Attempts that were tried again, by reason. */
  readonly retries: Counter<"kind" | "namespace" | "repository" | "reason">;
  readonly seconds: Histogram<"kind" | "namespace" | "repository">;
  readonly transferred: Counter<"namespace" | "repository" | "direction">;
  readonly swept: Counter<"namespace" | "repository" | "what">;
  readonly statements: Counter<"namespace" | "repository" | "result">;
  readonly statementSeconds: Histogram<"verb">;
  readonly agentExits: AgentExits;

  /** What informers know; until then nothing is read. */
  caches: Caches | undefined;
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.ended = this.#counter(
      "starrocks_backup_jobs_ended_total",
      "Backups and Restores that ended, by phase and reason",
      [...JOB, "phase", "reason"],
    );
    this.attempts = this.#counter(
      "starrocks_backup_attempts_total",
      "Attempts that began: that got a slot",
      JOB,
    );
    this.retries = this.#counter(
      "starrocks_backup_retries_total",
      "Attempts that failed and are followed by another, by reason",
      [...JOB, "reason"],
    );
    this.seconds = this.#seconds(
      "starrocks_backup_duration_seconds",
      "From the start of a job to FINISHED",
      JOB,
      HOURS_SECONDS,
    );
    this.transferred = this.#counter(
      "starrocks_backup_transferred_bytes_total",
      "Bytes that agents moved, also in attempts that failed, by direction (upload, download)",
      [...REPOSITORY, "direction"],
    );
    this.swept = this.#counter(
      "starrocks_backup_leftovers_removed_total",
      "Leftovers of jobs that are gone which were found and removed, by what they were (deleteJob, dropBroker, releaseSlot)",
      [...REPOSITORY, "what"],
    );
    this.statements = this.#counter(
      "starrocks_backup_statements_total",
      "Verbs asked of StarRocks by result: ok, or the reason of the refusal",
      [...REPOSITORY, "result"],
    );
    this.statementSeconds = this.#seconds(
      "starrocks_backup_statement_seconds",
      "Time of a verb asked of StarRocks, with its repeats",
      ["verb"],
      STATEMENT_SECONDS,
    );
    this.agentExits = new AgentExits(registry);
    const { reasons } = this;
    const jobs = { jobs: () => this.#jobs(), reasons };
    registerJobReadings(registry, jobs);
    registerDatabaseReadings(registry, jobs);
    registerRepositoryReadings(registry, { caches: () => this.caches, reasons });
  }

  /** From now on it reads what these informers know, and counts how pods end. */
  follow(caches: Caches, pods: Pick<Informer<Pod>, "subscribe">): void {
    this.caches = caches;
    pods.subscribe((change) => this.#countExit(change));
  }

  /** A Repository is gone: so are all series that name it. */
  async forget(namespace: string, repository: string): Promise<void> {
    this.agentExits.forget(namespace, repository);
    for (const metric of this.#registry.getMetricsAsArray() as unknown as readonly Metric[]) {
      await removeSeries(metric, { namespace, repository });
    }
  }

  #jobs(): readonly JobResource[] {
    return [...(this.caches?.backups.list() ?? []), ...(this.caches?.restores.list() ?? [])];
  }

  #countExit(change: Change<Pod>): void {
    const { metadata } = change.after ?? change.before ?? {};
    const uid = metadata?.labels?.[LABELS.repositoryUid];
    const repository = this.caches?.repositories
      .list(metadata?.namespace)
      .find((one) => one.metadata.uid === uid);
    if (repository !== undefined) this.agentExits.count(change, repository.metadata.name);
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #seconds<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: number[],
  ): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.#registry] });
  }
}

type Series = Readonly<Record<string, string | number | undefined>>;

/** Of a histogram each bucket is a value of its own: their common labels are the series. */
async function removeSeries(metric: Metric, of: Series): Promise<void> {
  const { values } = await metric.get();
  const all = values.map(({ labels }) => {
    const { le: _, ...series } = labels as Series & { readonly le?: unknown };
    return series;
  });
  const named = all.filter((series) =>
    Object.entries(of).every(([label, value]) => series[label] === value),
  );
  for (const series of named) metric.remove(series as Record<string, string>);
}
