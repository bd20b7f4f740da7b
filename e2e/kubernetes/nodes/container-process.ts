// One life of a container: a process group with an environment of its own and its output in a log. The
// group ends with its first process, as a container does. `ended` is there when the log is whole.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { must } from "../../../operator/assert.ts";
import type { ContainerLog } from "./container-log.ts";
import type { Reaper } from "./reaper.ts";

export interface ProcessOptions {
  readonly command: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly log: ContainerLog;
  readonly reaper: Reaper;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class ContainerProcess {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, options: ProcessOptions) {
    this.#child = child;
    this.ended = this.#untilEnded(options);
    // Whoever awaits it hears of a failure; until then it is no unhandled one.
    this.ended.catch(() => undefined);
  }

  /** Rejects when the program cannot be started. */
  static async start(options: ProcessOptions): Promise<ContainerProcess> {
    const { command, environment, cwd, reaper } = options;
    const [program, ...args] = command;
    const child = spawn(must(program, "a command's first word"), args, {
      cwd,
      env: Object.fromEntries(environment),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    // In the same turn: the reaper knows it before anything else can happen here.
    if (child.pid !== undefined) reaper.watch(child.pid);
    const process = new ContainerProcess(child, options);
    await once(child, "spawn");
    return process;
  }

  get pid(): number {
    return must(this.#child.pid);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** To the first process alone, as a container runtime does. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** SIGKILL to all of it. */
  kill(): void {
    if (!this.hasEnded) this.#killGroup();
  }

  async #untilEnded({ log, reaper }: ProcessOptions): Promise<Ended> {
    const { stdout, stderr, pid } = this.#child;
    const output = [
      log.capture("stdout", must(stdout, "a container's output")),
      log.capture("stderr", must(stderr, "a container's output")),
    ];
    if (pid !== undefined) {
      this.#child.once("exit", () => {
        this.#killGroup();
        reaper.forget(pid);
      });
    }
    const [code, signal] = (await once(this.#child, "close")) as [
      number | null,
      NodeJS.Signals | null,
    ];
    await Promise.all(output);
    await log.close();
    return { code, signal };
  }

  #killGroup(): void {
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // Nothing of it is left.
    }
  }
}
