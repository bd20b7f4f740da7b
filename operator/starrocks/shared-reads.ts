// A Frontend whose reads of the whole StarRocks (its nodes, brokers and repositories) are asked once for all that want
// them at about the same time: with a hundred jobs they would be most of what StarRocks hears of us. What is asked
// about one job alone is never shared.
//
// What would surprise: what others change is seen up to a second and a half late. What is changed through this very
// Frontend is seen at once.
import type { Clock } from "../clock.ts";
import type {
  BackupRequest,
  BrokerRow,
  ClusterFacts,
  CreateRepositoryRequest,
  Frontend,
  JobRow,
  RepositoryRow,
  RestoreRequest,
  SnapshotDetails,
  SnapshotRow,
  TableInfo,
} from "./frontend.ts";

/** Shorter than the pause between two looks of one job: a job that is alone shares nothing. */
export const SHARED_MS = 1_500;

/** The last answer to one question; those that ask meanwhile wait for the same one. */
class SharedRead<T> {
  readonly #ask: () => Promise<T>;
  readonly #clock: Clock;
  #answer: { readonly askedMs: number; readonly value: Promise<T> } | undefined;

  constructor(ask: () => Promise<T>, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  async get(): Promise<T> {
    const nowMs = this.#clock.monotonic();
    if (this.#answer !== undefined && nowMs - this.#answer.askedMs < SHARED_MS) {
      return await this.#answer.value;
    }
    const answer = { askedMs: nowMs, value: this.#ask() };
    this.#answer = answer;
    try {
      return await answer.value;
    } catch (error) {
      // A refusal is nobody else's: the next one asks.
      if (this.#answer === answer) this.#answer = undefined;
      throw error;
    }
  }

  /** Whoever asks from now on gets a new answer, not one that is under way. */
  forget(): void {
    this.#answer = undefined;
  }
}

export class SharedReads implements Frontend {
  readonly #frontend: Frontend;
  readonly #facts: SharedRead<ClusterFacts>;
  readonly #brokers: SharedRead<readonly BrokerRow[]>;
  readonly #repositories: SharedRead<readonly RepositoryRow[]>;

  constructor(frontend: Frontend, clock: Clock) {
    this.#frontend = frontend;
    this.#facts = new SharedRead(() => frontend.facts(), clock);
    this.#brokers = new SharedRead(() => frontend.brokers(), clock);
    this.#repositories = new SharedRead(() => frontend.repositories(), clock);
  }

  async facts(): Promise<ClusterFacts> {
    return await this.#facts.get();
  }

  async brokers(): Promise<readonly BrokerRow[]> {
    return await this.#brokers.get();
  }

  async repositories(): Promise<readonly RepositoryRow[]> {
    return await this.#repositories.get();
  }

  async addBroker(name: string, address: string): Promise<void> {
    await this.#changing(this.#brokers, () => this.#frontend.addBroker(name, address));
  }

  async dropBroker(name: string): Promise<void> {
    await this.#changing(this.#brokers, () => this.#frontend.dropBroker(name));
  }

  async createRepository(request: CreateRepositoryRequest): Promise<void> {
    await this.#changing(this.#repositories, () => this.#frontend.createRepository(request));
  }

  async dropRepository(name: string): Promise<void> {
    await this.#changing(this.#repositories, () => this.#frontend.dropRepository(name));
  }

  async databases(): Promise<readonly string[]> {
    return await this.#frontend.databases();
  }

  async tables(database: string): Promise<readonly TableInfo[] | undefined> {
    return await this.#frontend.tables(database);
  }

  async tableIds(database: string): Promise<ReadonlyMap<string, number>> {
    return await this.#frontend.tableIds(database);
  }

  async partitions(database: string, table: string): Promise<readonly string[] | undefined> {
    return await this.#frontend.partitions(database, table);
  }

  async takesMaterializedViews(): Promise<boolean | undefined> {
    return await this.#frontend.takesMaterializedViews();
  }

  async replication(database: string, table: string): Promise<number | undefined> {
    return await this.#frontend.replication(database, table);
  }

  async jobs(database: string, kind?: JobRow["kind"]): Promise<readonly JobRow[]> {
    return await this.#frontend.jobs(database, kind);
  }

  async backup(request: BackupRequest): Promise<void> {
    await this.#frontend.backup(request);
  }

  async restore(request: RestoreRequest): Promise<void> {
    await this.#frontend.restore(request);
  }

  async cancel(kind: JobRow["kind"], database: string): Promise<void> {
    await this.#frontend.cancel(kind, database);
  }

  async snapshot(repository: string, label: string): Promise<SnapshotRow> {
    return await this.#frontend.snapshot(repository, label);
  }

  async snapshotDetails(
    repository: string,
    label: string,
    timestamp: string,
  ): Promise<SnapshotDetails> {
    return await this.#frontend.snapshotDetails(repository, label, timestamp);
  }

  async close(): Promise<void> {
    await this.#frontend.close();
  }

  /** Also when it was refused: the answer may have been lost on its way. */
  async #changing(read: { forget(): void }, change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } finally {
      read.forget();
    }
  }
}
