// A container of a pod over all of its lives: what it is doing now, and how its last life ended.
//
//   waiting      for its image, its configuration or a back-off; nothing runs
//   running      a process; `started` and `ready` as its probes say
//   terminated   with an exit code; the pod decides whether it starts again
import { constants } from "node:os";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describeError } from "../../../operator/errors.ts";
import type { Clock } from "../../../operator/clock.ts";
import type { ContainerSpec, ContainerState, ContainerStatus, Pod, Terminated } from "../core.ts";
import { timestamp } from "../core.ts";
import { ContainerLog } from "./container-log.ts";
import { ContainerProcess, type Ended } from "./container-process.ts";
import type { PodPlace } from "./downward.ts";
import { LaunchError, prepareLaunch, type Launch } from "./launch.ts";
import type { NodeContext } from "./node-context.ts";
import { startProbing } from "./probing.ts";
import type { ReadSource } from "./sources.ts";

const MESSAGE_BYTES_MAX = 4096;
const FALLBACK_BYTES_MAX = 2048;
const FALLBACK_LINES_MAX = 80;
/** What container runtimes report for a program that could not be started. */
const START_ERROR_CODE = 128;
/** What containerd reports for a container that was running when its node went down. */
const LOST_CODE = 255;

export interface ContainerOptions {
  readonly node: NodeContext;
  readonly spec: ContainerSpec;
  /** As it is now. */
  readonly pod: () => Pod;
  readonly place: PodPlace;
  readonly read: ReadSource;
  /** The pod's folder. */
  readonly dir: string;
  /** What it waits for at first, as a reason. */
  readonly waitsFor: string;
  readonly changed: () => void;
  /** Before this node's restart. */
  readonly before?: ContainerStatus;
}

/** A container's folder that stands for `/`. */
export function rootOf(podDir: string, container: string): string {
  return join(podDir, "containers", container, "root");
}

export class Container {
  readonly spec: ContainerSpec;
  readonly #options: ContainerOptions;
  readonly #clock: Clock;
  #state: ContainerState;
  #last: Terminated | undefined;
  /** Its present life has ended. */
  #lived = false;
  #restarts = 0;
  #started = false;
  #ready = false;
  #process: ContainerProcess | undefined;
  /** The process that got its SIGTERM. */
  #told: ContainerProcess | undefined;
  #containerID: string | undefined;
  #endReason: string | undefined;
  /** By life: 0 is the first. */
  readonly #logs = new Map<number, ContainerLog>();

  constructor(options: ContainerOptions) {
    this.spec = options.spec;
    this.#options = options;
    this.#clock = options.node.clock;
    this.#state = { waiting: { reason: options.waitsFor } };
    if (options.before !== undefined) this.#recall(options.before);
  }

  get status(): ContainerStatus {
    const { name, image } = this.spec;
    return {
      name,
      image,
      imageID: this.#containerID === undefined ? "" : `local/${image}`,
      ...(this.#containerID === undefined ? {} : { containerID: this.#containerID }),
      state: this.#state,
      lastState: this.#last === undefined ? {} : { terminated: this.#last },
      ready: this.#ready,
      started: this.#started,
      restartCount: this.#restarts,
    };
  }

  get end(): Terminated | undefined {
    return "terminated" in this.#state ? this.#state.terminated : undefined;
  }

  get pid(): number | undefined {
    return this.#process?.hasEnded === false ? this.#process.pid : undefined;
  }

  /** The log of its present life, or of the one before; undefined when there was none. */
  log(previous: boolean): ContainerLog | undefined {
    const life = this.#restarts - (previous ? 1 : 0);
    return life < 0 || (this.#containerID === undefined && !previous)
      ? undefined
      : this.#logOf(life);
  }

  /** Between two lives. */
  backOff(message: string): void {
    this.#last = this.end ?? this.#last;
    this.#wait("CrashLoopBackOff", message);
  }

  /** One life, from its image to its end. Undefined: stopped before it began. */
  async live(stopping: AbortSignal): Promise<Terminated | undefined> {
    if (this.#lived) this.#beginAgain();
    try {
      const launch = await this.#prepare(stopping);
      if (launch === undefined) return undefined;
      return await this.#runToEnd(launch, stopping);
    } catch (error) {
      return await this.#notStarted(describeError(error));
    }
  }

  /** SIGTERM, and SIGKILL after the grace. Resolves when it has ended. */
  async stop(graceMs: number): Promise<void> {
    const process = this.#process;
    if (process === undefined || process.hasEnded) return;
    if (graceMs <= 0) process.kill();
    // Told once: many programs take a second SIGTERM as "at once".
    else if (this.#told !== process) process.signal("SIGTERM");
    this.#told = process;
    const cancel = this.#clock.after(graceMs, () => process.kill());
    await process.ended.catch(() => undefined);
    cancel();
  }

  /** At once; `reason` is what its status will say in place of Error. */
  kill(signal: NodeJS.Signals = "SIGKILL", reason?: string): void {
    if (this.pid === undefined) return;
    this.#endReason = reason;
    if (signal === "SIGKILL") this.#process?.kill();
    else this.#process?.signal(signal);
  }

  /** Waits for what is missing. Undefined: it is stopping. */
  async #prepare(stopping: AbortSignal): Promise<Launch | undefined> {
    const { times } = this.#options.node;
    for (let tries = 0; !stopping.aborted; tries += 1) {
      const launch = await this.#tryToPrepare(tries);
      if (launch !== undefined) return launch;
      const ms = Math.min(times.retryMs * 2 ** tries, times.backOffMaxMs);
      await sleep(ms, undefined, { signal: stopping }).catch(() => undefined);
    }
    return undefined;
  }

  async #tryToPrepare(tries: number): Promise<Launch | undefined> {
    const { node, pod, place, read, dir } = this.#options;
    const image = node.images[this.spec.image];
    if (image === undefined) {
      this.#waitForImage(tries);
      return undefined;
    }
    const root = rootOf(dir, this.spec.name);
    try {
      return await prepareLaunch({ pod: pod(), place, read, container: this.spec, image, root });
    } catch (error) {
      if (error instanceof LaunchError) throw error;
      this.#complain("CreateContainerConfigError", describeError(error));
      return undefined;
    }
  }

  #waitForImage(tries: number): void {
    const { image, imagePullPolicy } = this.spec;
    if (imagePullPolicy === "Never") {
      this.#complain("ErrImageNeverPull", `Container image "${image}" is not present`);
    } else if (tries === 0) {
      this.#complain("ErrImagePull", `failed to pull image "${image}": not found`);
    } else {
      this.#complain("ImagePullBackOff", `Back-off pulling image "${image}"`);
    }
  }

  #complain(reason: string, message: string): void {
    this.#wait(reason, message);
    const event = reason === "ImagePullBackOff" ? "BackOff" : "Failed";
    this.#options.node.events.warning(this.#options.pod(), event, message);
  }

  async #runToEnd(launch: Launch, stopping: AbortSignal): Promise<Terminated> {
    const { node, pod } = this.#options;
    const log = this.#logOf(this.#restarts);
    this.#endReason = undefined;
    const process = await ContainerProcess.start({ ...launch, log, reaper: node.reaper });
    this.#process = process;
    this.#containerID = `process://${process.pid}`;
    const startedAt = timestamp(this.#clock.now());
    const life = new AbortController();
    this.#change({ running: { startedAt } });
    node.events.normal(pod(), "Started", `Started container ${this.spec.name}`);
    // The pod was deleted while the program was being started.
    if (stopping.aborted) process.kill();
    this.#probe(launch, life.signal);
    try {
      return await this.#ended(await process.ended, { launch, log, startedAt });
    } finally {
      life.abort();
    }
  }

  async #ended(
    ended: Ended,
    life: { readonly launch: Launch; readonly log: ContainerLog; readonly startedAt: string },
  ): Promise<Terminated> {
    const number = ended.signal === null ? undefined : constants.signals[ended.signal];
    const exitCode = ended.code ?? 128 + (number ?? 0);
    const message = await this.#message(exitCode, life.launch.terminationPath, life.log);
    return this.#terminate({
      exitCode,
      ...(number === undefined ? {} : { signal: number }),
      reason: this.#endReason ?? (exitCode === 0 ? "Completed" : "Error"),
      ...(message === "" ? {} : { message }),
      startedAt: life.startedAt,
      finishedAt: timestamp(this.#clock.now()),
    });
  }

  async #notStarted(message: string): Promise<Terminated> {
    const log = this.#logOf(this.#restarts);
    await log.close();
    this.#options.node.events.warning(this.#options.pod(), "Failed", `Error: ${message}`);
    const now = timestamp(this.#clock.now());
    return this.#terminate({
      exitCode: START_ERROR_CODE,
      reason: "StartError",
      message,
      startedAt: "1970-01-01T00:00:00Z",
      finishedAt: now,
    });
  }

  #terminate(end: Terminated): Terminated {
    const containerID = this.#containerID;
    const terminated = { ...end, ...(containerID === undefined ? {} : { containerID }) };
    this.#lived = true;
    this.#started = false;
    this.#ready = false;
    this.#change({ terminated });
    return terminated;
  }

  #beginAgain(): void {
    this.#last = this.end ?? this.#last;
    this.#lived = false;
    this.#restarts += 1;
    this.#containerID = undefined;
  }

  async #message(exitCode: number, path: string, log: ContainerLog): Promise<string> {
    const written = await readFile(path).catch(() => Buffer.alloc(0));
    if (written.length > 0) return written.subarray(0, MESSAGE_BYTES_MAX).toString("utf8");
    const fallback = this.spec.terminationMessagePolicy === "FallbackToLogsOnError";
    if (!fallback || exitCode === 0) return "";
    const tail = await log.text({ tailLines: FALLBACK_LINES_MAX });
    return Buffer.from(tail).subarray(-FALLBACK_BYTES_MAX).toString("utf8");
  }

  #probe(launch: Launch, signal: AbortSignal): void {
    const { node, place, pod } = this.#options;
    startProbing({
      target: {
        container: this.spec,
        podIP: place.podIP,
        nodeIP: node.address,
        command: launch.rewrite,
        environment: launch.environment,
        cwd: launch.cwd,
      },
      clock: this.#clock,
      signal,
      changed: ({ started, ready }) => {
        this.#started = started;
        this.#ready = ready;
        this.#options.changed();
      },
      failed: (name) => void this.#failProbe(name),
      unhealthy: (message) => node.events.warning(pod(), "Unhealthy", message),
    });
  }

  async #failProbe(name: string): Promise<void> {
    const { node, pod } = this.#options;
    const message = `Container ${this.spec.name} failed ${name} probe, will be restarted`;
    node.events.normal(pod(), "Killing", message);
    await this.stop((pod().spec.terminationGracePeriodSeconds ?? 30) * 1000);
  }

  /** After the node's restart: what ran has ended in an unknown way. */
  #recall(before: ContainerStatus): void {
    this.#restarts = before.restartCount;
    this.#last = before.lastState.terminated;
    this.#containerID = before.containerID;
    this.#state = before.state;
    this.#lived = !("waiting" in before.state) || this.#last !== undefined;
    if (!("running" in before.state)) return;
    this.#state = {
      terminated: {
        exitCode: LOST_CODE,
        reason: "Unknown",
        startedAt: before.state.running.startedAt,
        finishedAt: timestamp(this.#clock.now()),
        ...(before.containerID === undefined ? {} : { containerID: before.containerID }),
      },
    };
  }

  #logOf(life: number): ContainerLog {
    const known = this.#logs.get(life);
    if (known !== undefined) return known;
    const log = new ContainerLog(join(this.#options.dir, "logs", this.spec.name, `${life}.log`));
    this.#logs.set(life, log);
    // Of earlier lives the last one can be asked for.
    for (const old of this.#logs.keys()) if (old < this.#restarts - 1) this.#logs.delete(old);
    return log;
  }

  #wait(reason: string, message: string): void {
    this.#change({ waiting: { reason, message } });
  }

  #change(state: ContainerState): void {
    this.#state = state;
    this.#options.changed();
  }
}
