// StarRocks in memory that counts statements, and whose uploads take a while. A verb of the contract is one statement or
// several: so many as sql-frontend.ts sends.
import type { Clock } from "../../operator/clock.ts";
import type { Frontend } from "../../operator/starrocks/frontend.ts";
import { FakeFrontend, type FakeCall } from "../../operator/starrocks/testing/fake-frontend.ts";

export interface CountingFrontendOptions {
  readonly databases: readonly string[];
  readonly nodes: number;
  readonly clock: Clock;
  readonly uploadMs: number;
}

/** Of verbs that are more than one: version, FEs, BEs, run mode; CREATE and SHOW; two lists. */
const STATEMENTS: Readonly<Record<string, number>> = { facts: 4, createRepository: 2 };
const BOTH_KINDS = 2;
const TABLES_EACH = 4;

export class CountingFrontend extends FakeFrontend {
  /** `jobs` → statements. */
  readonly statements = new Map<string, number>();
  readonly #options: CountingFrontendOptions;
  /** Database → since when its job uploads. */
  readonly #uploads = new Map<string, number>();

  constructor(options: CountingFrontendOptions) {
    const tables = Array.from({ length: TABLES_EACH }, (_, i) => ({ name: `t${i}` }));
    super({
      databases: Object.fromEntries(options.databases.map((name) => [name, tables])),
      nowMs: () => options.clock.now(),
    });
    this.#options = options;
    this.world.backends = Array.from({ length: options.nodes }, (_, i) => ({
      id: String(10_003 + i),
      host: `be-${i}`,
      alive: true,
      decommissioned: false,
    }));
  }

  get total(): number {
    return [...this.statements.values()].reduce((a, b) => a + b, 0);
  }

  /** One of the operator's connections: closing it does not end StarRocks. */
  connection(): Frontend {
    return new Proxy(this, {
      get: (target, property) => {
        if (property === "close") return () => Promise.resolve();
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  }

  /** Counts what was asked since, and lets the FE's daemon go round once. */
  round(): void {
    this.#take(this.calls.splice(0));
    this.#holdUploads();
    this.tick();
  }

  #take(calls: readonly FakeCall[]): void {
    for (const { verb, args } of calls) {
      const isOfBoth = verb === "jobs" && args[1] === undefined;
      const count = isOfBoth ? BOTH_KINDS : (STATEMENTS[verb] ?? 1);
      this.statements.set(verb, (this.statements.get(verb) ?? 0) + count);
    }
  }

  #holdUploads(): void {
    const nowMs = this.#options.clock.monotonic();
    for (const database of this.#options.databases) {
      const job = this.job(database);
      if (job === undefined || job.isDone || job.state !== "UPLOADING") continue;
      const sinceMs = this.#uploads.get(job.spec.label) ?? nowMs;
      this.#uploads.set(job.spec.label, sinceMs);
      job.stalledBy = nowMs - sinceMs < this.#options.uploadMs ? "slow" : undefined;
    }
  }
}
