// The operator, its real controllers, informers and queues, in a simulated world of any size: Kubernetes and StarRocks in
// memory, and time that moves when told. Only the outside is simulated: what is counted is what the product asks for.
import { setImmediate as turn } from "node:timers/promises";
import { Registry } from "prom-client";
import { BACKUP, REPOSITORY } from "../../operator/api/kinds.ts";
import type { Backup } from "../../operator/api/backup.generated.ts";
import { Frontends } from "../../operator/controllers/frontends.ts";
import { controllers, makeInformers } from "../../operator/controllers/index.ts";
import { slotService } from "../../operator/controllers/jobs.ts";
import { OperatorMetrics } from "../../operator/controllers/metrics.ts";
import { backup, repository } from "../../operator/controllers/testing/samples.ts";
import { silentLog } from "../../operator/log.ts";
import type { ObjectKey } from "../../operator/runtime/api.ts";
import { keyOf } from "../../operator/runtime/keys.ts";
import { Manager } from "../../operator/runtime/manager.ts";
import { RuntimeMetrics } from "../../operator/runtime/metrics.ts";
import { NODES, SECRETS, SERVICES } from "../../operator/runtime/objects.ts";
import { MemoryApi } from "../../operator/runtime/testing/memory-api.ts";
import { Secret } from "../../operator/secret.ts";
import { ManualClock } from "../../operator/testing/manual-clock.ts";
import { CountingApi } from "./counting-api.ts";
import { CountingFrontend } from "./counting-frontend.ts";
import { FastKubelet } from "./fast-kubelet.ts";

export interface Size {
  readonly repositories: number;
  readonly backups: number;
  /** Slots of each Repository: so many Backups of it run at a time. */
  readonly slots: number;
  readonly nodes: number;
  /** How long StarRocks uploads. Default 60 s. */
  readonly uploadSeconds?: number;
}

const NAMESPACE = "ops";
/** As `--workers` has it by default. */
const WORKERS = 8;
const STEP_MS = 250;
/** The FE's daemon (starrocks.md §2.2). */
const TICK_MS = 3_000;
const IDLE_TURNS = 6;

export class ScaleWorld {
  readonly clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5));
  readonly memory = new MemoryApi({ clock: this.clock, collects: false });
  readonly api = new CountingApi(this.memory, this.clock, () => this.#log());
  readonly starrocks: CountingFrontend;
  /** Simulated milliseconds that each reconcile took. */
  readonly reconciles: number[] = [];
  readonly size: Size;
  readonly #backups: ObjectKey[] = [];
  readonly #kubelet = new FastKubelet(this.memory, this.clock);
  readonly #end = new AbortController();
  readonly #running: Promise<void>;
  readonly #begunMs: number;
  #sinceTickMs = 0;

  constructor(size: Size) {
    this.size = size;
    this.#begunMs = this.clock.monotonic();
    this.starrocks = new CountingFrontend({
      databases: Array.from({ length: size.backups }, (_, i) => databaseOf(i)),
      nodes: size.nodes,
      clock: this.clock,
      uploadMs: (size.uploadSeconds ?? 60) * 1000,
    });
    this.#seed();
    this.#running = this.#manager().run(this.#end.signal);
  }

  /** Milliseconds of simulated time since the beginning. */
  get elapsedMs(): number {
    return this.clock.monotonic() - this.#begunMs;
  }

  /** Makes a Backup, as a person does. */
  putBackup(i: number): void {
    const uid = `${(0xb0000000 + i).toString(16)}-0000-4000-8000-000000000000`;
    const meta = {
      name: `backup-${String(i).padStart(5, "0")}`,
      namespace: NAMESPACE,
      uid,
      finalizers: [],
      creationTimestamp: new Date(this.clock.now()).toISOString().replace(/\.\d+/, ""),
    };
    const { resourceVersion: _, ...metadata } = backup({}, { meta }).metadata;
    const spec = { repository: repositoryOf(i % this.size.repositories), database: databaseOf(i) };
    this.#backups.push(keyOf(this.memory.seed(BACKUP, { ...backup(spec), metadata })));
  }

  putBackups(): void {
    for (let i = 0; i < this.size.backups; i += 1) this.putBackup(i);
  }

  /** Backups that are FINISHED. */
  get finished(): number {
    return this.#backups.filter((key) => this.#look(key)?.status?.phase === "FINISHED").length;
  }

  /** Lets time pass until it is so; looks every simulated two seconds. */
  async until(isDone: () => boolean, what: string, seconds: number): Promise<void> {
    const endsMs = this.clock.monotonic() + seconds * 1000;
    while (this.clock.monotonic() < endsMs) {
      if (isDone()) return;
      await this.pass(2);
    }
    const phases = new Map<string, number>();
    for (const key of this.#backups) {
      const status = this.#look(key)?.status;
      const told = `${status?.phase} ${status?.reason}`;
      phases.set(told, (phases.get(told) ?? 0) + 1);
    }
    const told = JSON.stringify([...phases]);
    throw new Error(`${what} did not come within ${seconds} simulated seconds: ${told}`);
  }

  async pass(seconds: number): Promise<void> {
    for (let ms = 0; ms < seconds * 1000; ms += STEP_MS) {
      await this.#idle();
      this.#kubelet.step();
      this.#sinceTickMs += STEP_MS;
      if (this.#sinceTickMs >= TICK_MS) {
        this.#sinceTickMs = 0;
        this.starrocks.round();
      }
      await this.#idle();
      await this.clock.advance(STEP_MS);
    }
  }

  #look(key: ObjectKey): Backup | undefined {
    return this.memory.peek(BACKUP, key);
  }

  async stop(): Promise<void> {
    this.#end.abort(new Error("the world ends"));
    await this.#running;
  }

  #manager(): Manager {
    const { clock, api } = this;
    const metrics = new RuntimeMetrics();
    const common = { clock, metrics, log: silentLog, random: () => 0.5, register: () => {} };
    const manager = new Manager({ api, ...common });
    const informers = makeInformers(manager, undefined);
    const operatorMetrics = new OperatorMetrics(new Registry());
    const deps = {
      api,
      clock,
      log: silentLog,
      caches: informers.caches,
      frontends: new Frontends({
        api,
        clock,
        log: silentLog,
        open: () => this.starrocks.connection(),
        metrics: operatorMetrics,
      }),
      events: { emit: () => {} },
      metrics: operatorMetrics,
      requireLead: () => Promise.resolve(),
      mountKey: () => Promise.resolve(new Secret("the key of the operator")),
      lookup: (host: string) => Promise.resolve([addressOf(Number(host.slice(3)))]),
      starRocksNamespaces: undefined,
      agentImage: "agent:1",
    };
    for (const options of controllers(deps, informers, WORKERS)) {
      manager.add({
        ...options,
        reconcile: async (key, context) => {
          const begunMs = clock.monotonic();
          try {
            return await options.reconcile(key, context);
          } finally {
            this.reconciles.push(clock.monotonic() - begunMs);
          }
        },
      });
    }
    return manager;
  }

  #seed(): void {
    const { nodes, repositories } = this.size;
    const value = Buffer.from("value").toString("base64");
    for (const name of ["starrocks-user", "s3-credentials"]) {
      const data = { user: value, password: value, accessKeyId: value, secretAccessKey: value };
      const metadata = { name, namespace: NAMESPACE };
      this.memory.seed(SECRETS, { apiVersion: "v1", kind: "Secret", metadata, data });
    }
    for (let i = 0; i < nodes; i += 1) {
      this.memory.seed(NODES, {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name: `worker-${i}` },
        status: { addresses: [{ type: "InternalIP", address: addressOf(i) }] },
      });
    }
    for (let i = 0; i < repositories; i += 1) this.#seedRepository(i);
  }

  #seedRepository(i: number): void {
    const meta = {
      name: repositoryOf(i),
      namespace: NAMESPACE,
      uid: `${(0xa0000000 + i).toString(16)}-0000-4000-8000-000000000000`,
    };
    const ready = repository({ concurrency: this.size.slots }, { meta, status: READY });
    const { resourceVersion: _, ...metadata } = ready.metadata;
    const seeded = this.memory.seed(REPOSITORY, { ...ready, metadata });
    for (let slot = 0; slot < this.size.slots; slot += 1) {
      this.memory.seed(SERVICES, slotService(seeded, slot));
    }
  }

  /** An agent that moves a megabyte a second. */
  #log(): string {
    const bytes = this.elapsedMs * 1000;
    const line = { level: "info", message: "progress", bytes, bytesPerSecond: 1e6, files: 100 };
    return `${JSON.stringify({ ...line, calls: Math.round(bytes / 1e6) })}\n`;
  }

  /** Nobody has anything to do but wait for time. */
  async #idle(): Promise<void> {
    for (let quiet = 0; quiet < IDLE_TURNS; quiet += 1) {
      await turn();
      if (this.api.active > 0) quiet = 0;
    }
  }
}

const READY = {
  observedGeneration: 1,
  phase: "READY",
  conditions: (["Ready", "StorageReady", "StarRocksReady"] as const).map((type) => ({
    type,
    status: "True" as const,
    reason: "Ready",
    message: "",
    lastTransitionTime: "2026-01-02T03:00:00Z",
  })),
} as const;

function repositoryOf(i: number): string {
  return `repository-${i}`;
}

function databaseOf(i: number): string {
  return `db_${i}`;
}

function addressOf(i: number): string {
  return `10.0.${Math.floor(i / 250)}.${i % 250}`;
}
