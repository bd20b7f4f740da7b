// The agent under test: the program as it runs in a pod, with its default limits, in a process of its
// own; optionally with a profiler inside.
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AgentProcess, Place } from "../../e2e/scenarios/agent-process.ts";
import { ATTEMPT, LABEL, MOUNT, TOKEN } from "./content.ts";
import { summarize, type CpuProfile, type ProfileSummary } from "./profile.ts";
import type { StoreAddress } from "./stores/bench-store.ts";

export interface BenchAgentOptions {
  readonly mode: "backup" | "restore";
  readonly store: StoreAddress;
  readonly profile: boolean;
  readonly partMiB: number | undefined;
}

export class BenchAgent {
  readonly #process: AgentProcess;
  readonly #dir: string;
  readonly #profilePath: string | undefined;
  readonly port: number;
  #recording = false;

  private constructor(
    process: AgentProcess,
    where: { readonly dir: string; readonly port: number; readonly profilePath?: string },
  ) {
    this.#process = process;
    this.#dir = where.dir;
    this.port = where.port;
    this.#profilePath = where.profilePath;
  }

  /** Starts one and waits until it serves. */
  static async start({ mode, store, profile, partMiB }: BenchAgentOptions): Promise<BenchAgent> {
    const dir = await mkdtemp(join(tmpdir(), "bench-agent-"));
    const server = { ...store, location: () => store.location };
    const ownIdentity = Object.keys(store.credentials).length === 0;
    const limits = partMiB === undefined ? {} : { partMiB };
    const place = await Place.create({ dir, server, ownIdentity, limits });
    const profilePath = profile ? join(dir, "agent.cpuprofile") : undefined;
    const process = new AgentProcess(place, {
      command: "serve",
      flags: flagsOf(mode),
      environment: profilePath === undefined ? {} : profilerEnvironment(profilePath),
    });
    const { port } = await process.line("serving");
    const where = { dir, port: Number(port) };
    return new BenchAgent(process, profilePath === undefined ? where : { ...where, profilePath });
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Begins to record until its end; nothing without `profile`, or when it records already. */
  startProfile(): void {
    if (this.#profilePath === undefined || this.#recording) return;
    this.#recording = true;
    this.#process.kill("SIGUSR2");
  }

  /** Stops the agent; resolves with what was recorded. */
  async stop(): Promise<ProfileSummary | undefined> {
    this.#process.kill("SIGTERM");
    await this.#process.ended;
    try {
      if (this.#profilePath === undefined || !this.#recording) return undefined;
      return summarize(JSON.parse(await readFile(this.#profilePath, "utf8")) as CpuProfile);
    } finally {
      await rm(this.#dir, { recursive: true, force: true });
    }
  }

  /** Its last log lines, for a failure's message. */
  dump(): string {
    return this.#process.dump();
  }
}

function flagsOf(mode: "backup" | "restore"): Record<string, string> {
  return {
    mode,
    label: LABEL,
    attempt: ATTEMPT,
    "backup-uid": "bench",
    "mount-location": MOUNT.location,
    "mount-repository": MOUNT.repository,
    "token-sha256": createHash("sha256").update(TOKEN).digest("hex"),
    listen: "127.0.0.1:0",
  };
}

function profilerEnvironment(path: string): Record<string, string> {
  const preload = new URL("profiler-preload.ts", import.meta.url).href;
  return { NODE_OPTIONS: `--import=${preload}`, BENCH_PROFILE: path };
}
