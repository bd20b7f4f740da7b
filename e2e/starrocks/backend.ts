// A BE process: worker pools for the leader's tasks, a cache of broker connections, a report each 10 s
// and a ping each 5 s to every broker address it ever used, until it ends. An object is one life of
// the process; `kill` ends it as kill -9 does, and what lies on disk is found by the next one.
import { assertNever } from "../../operator/assert.ts";
import type { Clock } from "../../operator/clock.ts";
import { BackendStatus, BrokerFiles } from "./backend-files.ts";
import { runDaemon, Stoppable } from "./cluster-clock.ts";
import type {
  AgentTask,
  BackendPort,
  FrontendPort,
  SnapshotTask,
  TabletStat,
  TaskDone,
} from "./messages.ts";
import type { BackendProfile } from "./profile.ts";
import { download, upload, type LoaderOptions } from "./snapshot-loader.ts";
import type { BrokerAddress } from "./sql/statement.ts";
import { AlreadyMerged, TabletStore } from "./tablets.ts";
import type { Violations } from "./violations.ts";
import { ClientCache } from "./wire/client-cache.ts";
import type { NameService } from "./wire/name-service.ts";

/** Not listened on; brokers see it in client ids. */
const BE_PORT = 9060;
const REPORT_PERIOD_MS = 10_000;
const PING_PERIOD_MS = 5_000;
const PING_TIMEOUT_MS = 500;

/** Things that can be made to go wrong in one BE; a scenario changes them at any time. */
export interface BackendFaults {
  /** The next `times` uploads of a file whose name matches fail to read at or after `atByte`. */
  localRead: { match: RegExp; atByte: number; times: number } | undefined;
  /** Free space for downloads. */
  capacityBytes: number;
  /** The next `times` snapshots are refused because compaction came first. */
  alreadyMerged: number;
}

export function noFaults(): BackendFaults {
  return {
    localRead: undefined,
    capacityBytes: Number.MAX_SAFE_INTEGER,
    alreadyMerged: 0,
  };
}

export interface BackendOptions {
  readonly id: number;
  readonly host: string;
  readonly dir: string;
  readonly profile: BackendProfile;
  readonly clock: Clock;
  readonly names: NameService;
  readonly violations: Violations;
  readonly faults: BackendFaults;
  /** The leading FE; rejects while there is none. */
  readonly frontend: FrontendPort;
  readonly pingTimeoutMs?: number;
}

export class Backend implements BackendPort {
  readonly tablets: TabletStore;
  /** Its daemons and workers stand still while it is stopped. */
  readonly stoppable = new Stoppable();
  readonly #options: BackendOptions;
  readonly #cache: ClientCache;
  readonly #life = new AbortController();
  readonly #running = new Map<number, AgentTask>();
  readonly #usedBrokers = new Map<string, BrokerAddress>();
  readonly #pools: Readonly<Record<AgentTask["type"], WorkerPool>>;

  constructor(options: BackendOptions) {
    this.#options = options;
    const { profile, host, names } = options;
    this.tablets = new TabletStore(options.dir);
    this.#cache = new ClientCache({
      profile,
      localAddress: host,
      lookup: (name) => names.lookup(name, host),
    });
    const snapshots = new WorkerPool(profile.snapshotWorkers);
    this.#pools = {
      MAKE_SNAPSHOT: snapshots,
      RELEASE_SNAPSHOT: new WorkerPool(profile.snapshotWorkers),
      UPLOAD: new WorkerPool(profile.workers),
      DOWNLOAD: new WorkerPool(profile.workers),
      MOVE: new WorkerPool(profile.workers),
    };
    this.#startDaemons();
  }

  async heartbeat(): Promise<void> {
    await this.#requireAlive();
  }

  async submitTasks(tasks: readonly AgentTask[]): Promise<void> {
    await this.#requireAlive();
    for (const task of tasks) this.#submit(task);
  }

  async createTablet(tabletId: number): Promise<void> {
    await this.#requireAlive();
    await this.tablets.create(tabletId);
  }

  async dropTablets(tabletIds: readonly number[]): Promise<void> {
    await this.#requireAlive();
    await this.tablets.drop(tabletIds);
  }

  async tabletStats(): Promise<readonly TabletStat[]> {
    await this.#requireAlive();
    return this.tablets.stats();
  }

  /** kill -9: sockets close, memory is gone, files stay as they are. */
  kill(): void {
    this.#life.abort(new BackendStatus("killed"));
    this.stoppable.go();
    this.#cache.destroy();
  }

  /** Breaks every broker connection, as a network that forgets its flows. */
  breakConnections(): void {
    this.#cache.breakAll();
  }

  #startDaemons(): void {
    const { clock, frontend, id } = this.#options;
    const { signal } = this.#life;
    void runDaemon(clock, REPORT_PERIOD_MS, signal, async () => {
      await this.stoppable.awake();
      await frontend.reportTasks(id, [...this.#running.keys()]);
    });
    void runDaemon(clock, PING_PERIOD_MS, signal, async () => {
      await this.stoppable.awake();
      await this.#pingAll();
    });
  }

  #submit(task: AgentTask): void {
    // A signature that is being worked on is not taken twice (register_task_info).
    if (this.#running.has(task.signature)) return;
    this.#running.set(task.signature, task);
    this.#pools[task.type].run(async () => {
      await this.stoppable.awake();
      if (this.#life.signal.aborted) return;
      const done = await this.#carryOut(task);
      await this.stoppable.awake();
      if (this.#life.signal.aborted) return;
      await this.#options.frontend.finishTask(done).catch(() => undefined);
      this.#running.delete(task.signature);
    });
  }

  async #carryOut(task: AgentTask): Promise<TaskDone> {
    const done = { backendId: this.#options.id, signature: task.signature, type: task.type };
    try {
      return { ...done, ...(await this.#run(task)) };
    } catch (error) {
      const alreadyMerged = error instanceof AlreadyMerged;
      const text = error instanceof Error ? error.message : String(error);
      return { ...done, error: text, ...(alreadyMerged ? { alreadyMerged } : {}) };
    }
  }

  async #run(task: AgentTask): Promise<Partial<TaskDone>> {
    switch (task.type) {
      case "MAKE_SNAPSHOT":
        return this.#makeSnapshot(task);
      case "RELEASE_SNAPSHOT":
        await this.tablets.releaseSnapshot(task.localPath);
        return {};
      case "UPLOAD":
        return { uploaded: await upload(task, this.#loader(task.broker, task.properties)) };
      case "DOWNLOAD":
        await download(task, this.#loader(task.broker, task.properties));
        return {};
      case "MOVE":
        await this.tablets.move(task.tabletId, task.localPath);
        return {};
      default:
        return assertNever(task);
    }
  }

  async #makeSnapshot(task: SnapshotTask): Promise<Partial<TaskDone>> {
    const { tabletId, schemaHash, version } = task;
    const { faults } = this.#options;
    if (version !== undefined && faults.alreadyMerged > 0) {
      faults.alreadyMerged -= 1;
      throw new AlreadyMerged();
    }
    const localPath = await this.tablets.snapshot(tabletId, schemaHash, version);
    return { localPath, files: await this.tablets.snapshotFiles(localPath) };
  }

  #loader(address: BrokerAddress, properties: Readonly<Record<string, string>>): LoaderOptions {
    const { profile, host, violations, frontend, faults } = this.#options;
    // get_client_id registers the address for the pings of the rest of this life.
    this.#usedBrokers.set(`${address.host}:${address.port}`, address);
    const files = new BrokerFiles({
      cache: this.#cache,
      profile,
      address,
      properties,
      clientId: `${host}:${BE_PORT}`,
      violations,
    });
    return {
      files,
      bufferSizeBytes: profile.bufferSizeBytes,
      tabletManifest: profile.tabletManifest,
      signal: this.#life.signal,
      report: (progress) => frontend.reportProgress(progress),
      beforeLocalRead: (tabletId, file, offset) => this.#mayFailRead(tabletId, file, offset),
      capacityLeftBytes: () => faults.capacityBytes,
    };
  }

  #mayFailRead(tabletId: number, file: string, offset: number): void {
    const fault = this.#options.faults.localRead;
    if (fault === undefined || fault.times <= 0) return;
    if (offset < fault.atByte || !fault.match.test(file)) return;
    fault.times -= 1;
    throw new BackendStatus(`IO error: ${tabletId}/${file}: Input/output error`);
  }

  async #pingAll(): Promise<void> {
    await Promise.all([...this.#usedBrokers.values()].map((address) => this.#ping(address)));
  }

  async #ping(address: BrokerAddress): Promise<void> {
    const timeoutMs = this.#options.pingTimeoutMs ?? PING_TIMEOUT_MS;
    const client = await this.#cache.get(address, timeoutMs).catch(() => undefined);
    if (client === undefined) return;
    const request = { clientId: `${this.#options.host}:${BE_PORT}` };
    try {
      await client.call("ping", request, timeoutMs).catch(async () => {
        this.#life.signal.throwIfAborted();
        await client.reopen(timeoutMs);
        return client.call("ping", request, timeoutMs);
      });
    } catch {
      // A dead broker costs a log line, for ever.
    } finally {
      this.#cache.release(client);
    }
  }

  #requireAlive(): Promise<void> {
    const { aborted } = this.#life.signal;
    return aborted
      ? Promise.reject(new Error("java.net.ConnectException: Connection refused"))
      : Promise.resolve();
  }
}

/** So many at a time, the rest in order of arrival. */
class WorkerPool {
  readonly #size: number;
  readonly #queue: (() => Promise<void>)[] = [];
  #busy = 0;

  constructor(size: number) {
    this.#size = size;
  }

  run(work: () => Promise<void>): void {
    this.#queue.push(work);
    this.#next();
  }

  #next(): void {
    if (this.#busy >= this.#size) return;
    const work = this.#queue.shift();
    if (work === undefined) return;
    this.#busy += 1;
    void work()
      .catch(() => undefined)
      .finally(() => {
        this.#busy -= 1;
        this.#next();
      });
  }
}
