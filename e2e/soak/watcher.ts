// Looks at every status that any watcher of the API could see, as it comes: phases go forward, nothing waits
// without a reason, an end stays the end. What it learns it writes into the ledger.
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { BACKUP, RESTORE } from "../../operator/api/kinds.ts";
import { must } from "../../operator/assert.ts";
import type { Kind } from "../../operator/runtime/api.ts";
import type { KubernetesClient } from "../kubernetes/client.ts";
import { Mirror } from "../kubernetes/mirror.ts";
import type { History } from "./history.ts";
import { FINAL, Ledger, type Job, type JobKind } from "./ledger.ts";

const KINDS = [BACKUP, RESTORE] as unknown as readonly Kind<Backup | Restore>[];
type Status = NonNullable<Backup["status"] & Restore["status"]>;

const ORDER: Readonly<Record<JobKind, readonly string[]>> = {
  Backup: ["PENDING", "SNAPSHOTING", "UPLOADING", "COMMIT"],
  Restore: ["PENDING", "SNAPSHOTING", "DOWNLOADING", "COMMIT"],
};

export interface WatcherOptions {
  readonly client: KubernetesClient;
  readonly ledger: Ledger;
  readonly history: History;
  readonly broken: (invariant: string, about: string, text: string) => void;
}

export class Watcher {
  readonly #options: WatcherOptions;
  readonly #life = new AbortController();
  readonly #mirrors: readonly Mirror<Backup | Restore>[];
  /** When an attempt was first seen to be past its snapshot, by job and attempt. */
  readonly #pastSnapshot = new Map<string, number>();
  /** How ended jobs ended: `Backup FINISHED`, `Restore FAILED TargetExists`, … */
  readonly ends = new Map<string, number>();

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#mirrors = KINDS.map(
      (kind) =>
        new Mirror({
          client: options.client,
          kind,
          changed: (object, isGone) => this.#changed(object, isGone),
          signal: this.#life.signal,
        }),
    );
  }

  async synced(): Promise<void> {
    await Promise.all(this.#mirrors.map((m) => m.synced));
  }

  async stop(): Promise<void> {
    this.#life.abort();
    await Promise.all(this.#mirrors.map((m) => m.ended));
  }

  #changed(object: Backup | Restore, isGone: boolean): void {
    const { ledger, history } = this.#options;
    const about = Ledger.keyOf(object.kind, object.metadata.namespace ?? "", object.metadata.name);
    const job = ledger.jobs.get(about);
    if (job === undefined) return;
    job.uid = object.metadata.uid ?? "";
    const status = object.status as Status | undefined;
    history.note(about, { gone: isGone, ...essence(object) });
    if (status !== undefined) {
      this.#requireReasons(about, status);
      this.#requireForward(about, job, status);
      this.#learn(about, job, status);
      job.status = status;
    }
    if (isGone) this.#gone(job);
  }

  #requireReasons(about: string, status: Status): void {
    const { broken } = this.#options;
    const says = status.reason !== undefined && (status.message ?? "") !== "";
    if (status.phase !== undefined && !says) {
      broken("every wait has a reason", about, `${status.phase} without reason or message`);
    }
    const of = (type: string) => status.conditions?.find((c) => c.type === type)?.status;
    const isFinal = FINAL.includes(status.phase ?? "");
    if (isFinal && of("Reconciling") === "True") {
      broken("conditions fit the phase", about, `${status.phase} and still Reconciling`);
    }
    if (isFinal && (of("Succeeded") === "True") !== (status.phase === "FINISHED")) {
      broken("conditions fit the phase", about, `${status.phase}, Succeeded=${of("Succeeded")}`);
    }
  }

  #requireForward(about: string, job: Job, status: Status): void {
    const before = job.status as Status | undefined;
    if (before?.phase === undefined || status.phase === undefined) return;
    const [was, is] = [before.phase, status.phase];
    const { broken } = this.#options;
    const grown = attemptOf(status) - attemptOf(before);
    if (FINAL.includes(was)) {
      if (was !== is) broken("an end stays the end", about, `${was} became ${is}`);
    } else if (grown < 0) {
      broken("attempts count up", about, `${before.attempt} became ${status.attempt}`);
    } else if (grown === 0 && isBackward(job.kind, was, is) && !isRetry(before, status)) {
      broken("phases go forward", about, `${was} became ${is} in attempt ${status.attempt}`);
    }
  }

  #learn(about: string, job: Job, status: Status): void {
    const phase: string = status.phase ?? "PENDING";
    const attempt = `${about} ${attemptOf(status)}`;
    const isPast = phase !== "PENDING" && phase !== "SNAPSHOTING";
    if (isPast && !this.#pastSnapshot.has(attempt)) this.#pastSnapshot.set(attempt, Date.now());
    const wasOver = FINAL.includes(job.status?.phase ?? "PENDING");
    if (FINAL.includes(phase) && !wasOver) this.#ended(job, status, attempt);
  }

  #ended(job: Job, status: Status, attempt: string): void {
    const { phase = "", reason } = status;
    job.endedMs = Date.now();
    const end = [job.kind, phase, ...(phase === "FAILED" ? [reason] : [])].join(" ");
    this.ends.set(end, (this.ends.get(end) ?? 0) + 1);
    if (job.kind === "Backup" && phase === "FINISHED") {
      this.#options.ledger.finished(job, status, must(this.#pastSnapshot.get(attempt)));
    }
  }

  #gone(job: Job): void {
    const { broken, ledger } = this.#options;
    if (job.deletion === "none") {
      broken("nothing goes by itself", `${job.kind} ${job.name}`, "it is gone, nobody deleted it");
    }
    job.deletion = "gone";
    const snapshot = ledger.snapshotOf(job);
    if (snapshot !== undefined) {
      snapshot.state = job.deletionPolicy === "Delete" ? "deleted" : "kept";
    }
  }
}

function attemptOf({ attempt = 1 }: Status): number {
  return attempt;
}

function isBackward(kind: JobKind, was: string, is: string): boolean {
  return !FINAL.includes(is) && ORDER[kind].indexOf(is) < ORDER[kind].indexOf(was);
}

/** Told before the attempt's number grows. */
function isRetry(before: Status, after: Status): boolean {
  return before.ending?.outcome === "RETRY" || after.retryAfter !== undefined;
}

function essence({ metadata, status }: Backup | Restore): object {
  const told = { ...status } as Partial<Record<string, unknown>>;
  delete told["conditions"];
  delete told["progress"];
  return { deleting: metadata.deletionTimestamp !== undefined, status: told };
}
