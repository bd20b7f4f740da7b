// `agent serve`: the broker of one attempt.
//
//   Starting   the staging note is written (backup) or the snapshot looked up (restore); what is wrong
//              with place, rights or credentials shows here, before StarRocks is told of this agent
//   Serving    calls are answered; intents of dead agents are finished behind them
//   Draining   by annotation (the job is done) or by signal (somebody wants this pod away): nothing is
//              opened any more, answered renames are finished, calls in flight are answered, sockets closed
//   Stopped    exit 0 after an ordered drain, else the code that makes the Job start another agent
//
// If we die on any line: what was acknowledged is stored, what was not is repeated by StarRocks, and what
// lies in staging is swept by the seal.
import type { AddressInfo } from "node:net";
import { Bandwidth } from "../broker/bandwidth.ts";
import { Counters } from "../broker/counters.ts";
import { RepositoryLayout, type StagingLayout } from "../broker/layout.ts";
import { BrokerServer } from "../broker/server.ts";
import type { SealedFolders } from "../broker/sealed-folders.ts";
import { BrokerService } from "../broker/service.ts";
import type { Clock } from "../clock.ts";
import { describeError, TerminalError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Storage } from "../storage/storage.ts";
import { watchOrders, type Orders } from "./annotations.ts";
import type { Flags } from "./arguments.ts";
import { outcomeOf } from "./commands/outcome-of.ts";
import { readStagingNote, writeStagingNote } from "./commands/staging-note.ts";
import type { AgentConfig } from "./config.ts";
import { EXIT, type Outcome } from "./outcome.ts";
import { Progress } from "./progress.ts";
import { readSealedFolders } from "./read-sealed-folders.ts";
import { startWatchdog } from "./watchdog.ts";

/** A large file's rename is answered after this part of the deadline at the latest. */
const ANSWER_SHARE = 0.3;
const EXPIRE_EVERY_MS = 30_000;
/** Of the 30 s that Kubernetes gives by default, this much is for finishing. */
const SIGNAL_GRACE_MS = 20_000;
/** After a finished job nothing hurries, but a drain ends. */
const ORDER_GRACE_MS = 300_000;
/** How long calls may go on once nothing else is waited for; then they are answered with an error. */
const CALLS_GRACE_MS = 3_000;
/** After this time connections are cut. */
const CLOSE_GRACE_MS = 5_000;
/** How long the storage may take to free what was given up; what stays, the seal sweeps. */
const STOP_GRACE_MS = 2_000;
const LOOP_MAX_MS = 20_000;

export interface ServeDeps {
  readonly config: AgentConfig;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted by SIGTERM or SIGINT. */
  readonly signalled: AbortSignal;
}

/** Serves until drained. Never rejects. */
export async function serve(deps: ServeDeps, flags: Flags<"serve">): Promise<Outcome> {
  try {
    const agent = new Agent(deps, flags);
    await agent.start();
    return await agent.run();
  } catch (error) {
    return outcomeOf(error, { location: deps.storage.location, signal: deps.signalled });
  }
}

type DrainCause = "ordered" | "signalled";

class Agent {
  readonly #deps: ServeDeps;
  readonly #flags: Flags<"serve">;
  readonly #layout: RepositoryLayout;
  readonly #bandwidth: Bandwidth;
  readonly #counters = new Counters();
  readonly #service: BrokerService;
  readonly #server: BrokerServer;
  readonly #progress: Progress;
  readonly #stopped = new AbortController();
  readonly #drain = Promise.withResolvers<DrainCause>();
  #sealed: SealedFolders | undefined;

  constructor(deps: ServeDeps, flags: Flags<"serve">) {
    const { config, clock, log } = deps;
    this.#deps = deps;
    this.#flags = flags;
    this.#layout = new RepositoryLayout(config.folder);
    this.#bandwidth = new Bandwidth(clock, config.limits.bandwidth);
    this.#service = this.#makeService();
    this.#server = new BrokerServer({ handlers: this.#service, clock, log });
    this.#progress = new Progress({
      label: flags.label,
      attempt: flags.attempt,
      counters: this.#counters,
      open: () => this.#service.open(),
      clock,
      log,
    });
  }

  async start(): Promise<void> {
    const { log } = this.#deps;
    if (this.#flags.mode === "backup") await this.#claimAttempt();
    else await this.#lookUpSnapshot();
    const { address, port } = await this.#listen();
    const { mode, label, attempt } = this.#flags;
    log.info("serving", {
      address,
      port,
      mode,
      label,
      attempt,
      storage: this.#deps.storage.location,
    });
  }

  async run(): Promise<Outcome> {
    const { clock, log, signalled } = this.#deps;
    const { signal } = this.#stopped;
    whenAborted(signalled, () => this.#drain.resolve("signalled"));
    const watchdog = startWatchdog({
      loopMaxMs: LOOP_MAX_MS,
      callMaxMs: this.#deadlineMs() * 2,
      calls: () => this.#server.calls(),
      terminationLog: this.#flags["termination-log"],
      clock,
      log,
    });
    const background = [
      this.#progress.run(signal),
      this.#expire(signal),
      this.#finishLeft(signal),
      this.#watchOrders(signal),
    ];
    const cause = await this.#drain.promise;
    await this.#drainNow(cause);
    this.#stopped.abort(new Error("the agent has ended"));
    await Promise.all(background);
    await watchdog.stop();
    this.#progress.line();
    return this.#outcome(cause);
  }

  /** Nothing of an attempt may be stored before its note: the note is what later proves whose it is. */
  async #claimAttempt(): Promise<void> {
    const { storage, clock, signalled: signal } = this.#deps;
    const { label, attempt } = this.#flags;
    const backupUid = this.#flags["backup-uid"];
    const staging = this.#staging();
    const note = await readStagingNote(storage, staging, { signal });
    if (note === undefined) {
      const createdAt = new Date(clock.now()).toISOString();
      const ours = { version: 1, backupUid, label, attempt, createdAt } as const;
      await writeStagingNote(storage, staging, ours, { signal });
      return;
    }
    if (note.backupUid === backupUid && note.label === label) return;
    throw new TerminalError(
      "AttemptTaken",
      `attempt ${attempt} in this repository belongs to Backup ${note.backupUid} and label ${note.label}`,
    );
  }

  async #lookUpSnapshot(): Promise<void> {
    await this.#requireSnapshot();
    const { storage, signalled: signal } = this.#deps;
    const snapshot = this.#layout.snapshot(this.#flags.label);
    this.#sealed = await readSealedFolders(storage, snapshot, { signal });
  }

  async #requireSnapshot(): Promise<void> {
    const { storage, signalled: signal } = this.#deps;
    const prefix = this.#layout.snapshot(this.#flags.label).infos();
    for await (const _info of storage.list(prefix, { signal })) return;
    throw new TerminalError(
      "SnapshotMissing",
      `${storage.location}/${prefix}* does not exist: check the snapshot's name and the Repository's location`,
    );
  }

  async #listen(): Promise<AddressInfo> {
    const at = this.#flags.listen.lastIndexOf(":");
    const host = this.#flags.listen.slice(0, at).replaceAll(/[[\]]/g, "");
    try {
      return await this.#server.listen(Number(this.#flags.listen.slice(at + 1)), host);
    } catch (error) {
      throw new Error(`cannot listen on ${this.#flags.listen}: ${describeError(error)}`, {
        cause: error,
      });
    }
  }

  #staging(): StagingLayout {
    return this.#layout.staging(this.#flags.attempt);
  }

  #deadlineMs(): number {
    return Number(this.#flags["deadline-seconds"]) * 1000;
  }

  #makeService(): BrokerService {
    const { config, storage, clock, log } = this.#deps;
    const { limits } = config;
    return new BrokerService({
      storage,
      layout: this.#layout,
      mount: {
        location: this.#flags["mount-location"],
        repository: this.#flags["mount-repository"],
      },
      mode: this.#flags.mode === "backup" ? "backup" : "restore",
      label: this.#flags.label,
      attempt: this.#flags.attempt,
      tokenSha256: this.#flags["token-sha256"],
      createTime: this.#flags["create-time"],
      deadlineMs: this.#deadlineMs(),
      answerAfterMs: this.#deadlineMs() * ANSWER_SHARE,
      slots: Math.floor(limits.memoryMiB / limits.partMiB),
      partBytes: limits.partMiB * 1024 * 1024,
      bandwidth: this.#bandwidth,
      counters: this.#counters,
      sealed: () => this.#sealed,
      clock,
      log,
    });
  }

  async #drainNow(cause: DrainCause): Promise<void> {
    this.#deps.log.info("draining", { cause, ...this.#service.open() });
    this.#service.beginDrain();
    await Promise.race([this.#service.settle(), this.#graceOver(cause)]);
    const drained = this.#server.drain(CLOSE_GRACE_MS);
    await Promise.race([drained, this.#passed(CALLS_GRACE_MS)]);
    await Promise.race([this.#service.stop(), this.#passed(STOP_GRACE_MS)]);
    await drained;
  }

  /** When answered renames are no longer waited for. A signal ends an ordered drain's patience. */
  #graceOver(cause: DrainCause): Promise<void> {
    return new Promise((resolve) => {
      if (cause === "ordered") this.#deps.clock.after(ORDER_GRACE_MS, resolve);
      whenAborted(this.#deps.signalled, () => {
        this.#deps.clock.after(SIGNAL_GRACE_MS, resolve);
      });
    });
  }

  #passed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#deps.clock.after(ms, resolve);
    });
  }

  async #expire(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#deps.clock.sleep(EXPIRE_EVERY_MS, signal).catch(() => {});
      this.#service.expire();
    }
  }

  /** A predecessor's intents. A failure is no reason to end: `__info` is refused until they are done. */
  async #finishLeft(signal: AbortSignal): Promise<void> {
    if (this.#flags.mode !== "backup") return;
    try {
      const finished = await this.#service.finishLeftIntents(signal);
      if (finished > 0) this.#deps.log.info("finished intents that were left open", { finished });
    } catch (error) {
      if (signal.aborted) return;
      this.#deps.log.warn("intents that were left open could not be finished yet", {
        error: describeError(error),
      });
    }
  }

  async #watchOrders(signal: AbortSignal): Promise<void> {
    const path = this.#flags.annotations;
    if (path === "") return;
    const { clock, log } = this.#deps;
    await watchOrders({ path, clock, log, signal, changed: (orders) => this.#obey(orders) });
  }

  #obey(orders: Orders): void {
    const { config, log } = this.#deps;
    const bandwidth = orders.bandwidth ?? config.limits.bandwidth;
    if (bandwidth !== this.#bandwidth.bytesPerSecond) {
      log.info("bandwidth changed", { bytesPerSecond: bandwidth ?? "unlimited" });
      this.#bandwidth.change(bandwidth);
    }
    if (orders.drain) this.#drain.resolve("ordered");
  }

  #outcome(cause: DrainCause): Outcome {
    const { bytesIn, bytesOut, files, failedCalls, callsByMethod } = this.#counters.totals();
    const { intents } = this.#service.open();
    const detail = { bytes: bytesIn + bytesOut, files, calls: callsByMethod, failedCalls, intents };
    if (cause === "signalled") {
      const message = "told to stop before the job was done; another agent takes over";
      return { exitCode: EXIT.failed, reason: "Interrupted", message, detail };
    }
    if (intents > 0) {
      const message = `${intents} answered renames were not finished in time; the seal finishes them`;
      return { exitCode: EXIT.failed, reason: "IntentsLeft", message, detail };
    }
    return { exitCode: EXIT.ok, reason: "Drained", message: "drained", detail };
  }
}

/** At once, when it is aborted already. */
function whenAborted(signal: AbortSignal, fn: () => void): void {
  if (signal.aborted) fn();
  else signal.addEventListener("abort", fn, { once: true });
}
