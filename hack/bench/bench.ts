// Everything the benchmark runs: the store, the load generator and the reference client, each a process
// of its own, and one agent at a time. Sections (sections.ts) say what is measured with them.
import { BenchAgent } from "./bench-agent.ts";
import type { FileSet } from "./content.ts";
import type { BeJob, GeneratorJobs } from "./generator.ts";
import { Helper } from "./jobs.ts";
import { cpuBetween, cpuOf, machineCpu } from "./process-stat.ts";
import type { ProfileSummary } from "./profile.ts";
import type { Measured } from "./comparison.ts";
import type { ReferenceJob, ReferenceJobs } from "./reference.ts";
import type { Settings } from "./settings.ts";
import type { Store, StoreJobs } from "./store.ts";
import type { StoreKind } from "../../operator/storage/store-kind.ts";
import type { StoreAddress } from "./stores/bench-store.ts";
import type { Moved } from "./streams.ts";

export interface BeLoad {
  readonly direction: "up" | "down";
  readonly streams: number;
  readonly set: FileSet;
  readonly callBytes: number;
}

export type ReferenceLoad = Omit<ReferenceJob, "store"> & { readonly direction: "up" | "down" };

export class Bench {
  readonly settings: Settings;
  readonly store: Store;
  readonly #storeProcess: Helper<StoreJobs>;
  readonly #generator: Helper<GeneratorJobs>;
  readonly #reference: Helper<ReferenceJobs>;
  #tablets = 10_000;

  private constructor(
    settings: Settings,
    store: Store,
    helpers: {
      readonly store: Helper<StoreJobs>;
      readonly generator: Helper<GeneratorJobs>;
      readonly reference: Helper<ReferenceJobs>;
    },
  ) {
    this.settings = settings;
    this.store = store;
    this.#storeProcess = helpers.store;
    this.#generator = helpers.generator;
    this.#reference = helpers.reference;
  }

  static async start(settings: Settings, kind: StoreKind): Promise<Bench> {
    const store = Helper.start<StoreJobs>("store.ts");
    const generator = Helper.start<GeneratorJobs>("generator.ts");
    const reference = Helper.start<ReferenceJobs>("reference.ts");
    const helpers = { store, generator, reference };
    try {
      return new Bench(settings, await store.run("start", kind), helpers);
    } catch (error) {
      await Promise.all(Object.values(helpers).map((helper) => helper.stop()));
      throw error;
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#generator.stop(), this.#reference.stop(), this.#storeProcess.stop()]);
  }

  /** Files that nobody has written before: a target's second rename would cost the agent nothing. */
  freshSet(files: number, fileBytes: number, filesPerTablet = 1): FileSet {
    const firstTablet = this.#tablets;
    this.#tablets += Math.ceil(files / filesPerTablet);
    return { firstTablet, files, filesPerTablet, fileBytes };
  }

  /** Runs `work` with an agent; resolves with its result and, with `--profile`, the agent's profile. */
  async withAgent<T>(
    mode: "backup" | "restore",
    work: (agent: BenchAgent) => Promise<T>,
    store: StoreAddress = this.store,
  ): Promise<{ readonly result: T; readonly profile: ProfileSummary | undefined }> {
    const { profile, partMiB } = this.settings;
    const agent = await BenchAgent.start({ mode, store, profile, partMiB });
    try {
      const result = await work(agent);
      return { result, profile: await agent.stop() };
    } catch (error) {
      await agent.stop().catch(() => undefined);
      throw new Error(`an agent's last lines:\n${agent.dump()}`, { cause: error });
    }
  }

  /** One run through an agent, until all is in place: large copies go on when a BE has long been answered. */
  async throughAgent(agent: BenchAgent, load: BeLoad): Promise<Measured> {
    const { direction, streams, set, callBytes } = load;
    const job: BeJob = { port: agent.port, streams, set, callBytes };
    const pids = { agent: agent.pid, load: this.#generator.pid, store: this.#storeProcess.pid };
    return measure(pids, async () => {
      const moved = await this.#generator.run(direction, job);
      if (direction === "down") return moved;
      const restSeconds = await this.#reference.run("settle", { store: this.store });
      return { ...moved, seconds: moved.seconds + restSeconds };
    });
  }

  /** One run of the client by itself. */
  async reference(load: ReferenceLoad): Promise<Measured> {
    const { direction, ...job } = load;
    const pids = { client: this.#reference.pid, store: this.#storeProcess.pid };
    return measure(pids, () => this.#reference.run(direction, { ...job, store: this.store }));
  }

  /** Puts files for a restore. */
  async prepare(set: FileSet): Promise<void> {
    await this.#reference.run("prepare", { store: this.store, streams: 8, set });
  }

  /** Deletes everything from the store. */
  async clear(): Promise<void> {
    await this.#reference.run("clear", { store: this.store });
  }
}

async function measure(
  pids: Readonly<Record<string, number>>,
  run: () => Promise<Moved>,
): Promise<Measured> {
  const before = Object.entries(pids).map(([role, pid]) => [role, pid, cpuOf(pid)] as const);
  const machineBefore = machineCpu();
  const moved = await run();
  const machineSeconds = machineCpu() - machineBefore;
  const cpu = Object.fromEntries(
    before.map(([role, pid, begun]) => [role, cpuBetween(begun, cpuOf(pid))] as const),
  );
  const own = Object.values(cpu).reduce((sum, { user, system }) => sum + user + system, 0);
  return { ...moved, cpu, othersSeconds: Math.max(0, machineSeconds - own) };
}
