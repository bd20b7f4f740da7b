// Ends the processes of pods when this process ends in a way that it cannot answer: a crash, a SIGKILL. A
// small process of its own is told of each process that begins and ends; when the pipe to it breaks, it
// kills what is left. (Linux' parent-death signal would do, but Node cannot ask for it.)
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { must } from "../../../operator/assert.ts";

const MAIN = fileURLToPath(new URL("reaper-main.ts", import.meta.url));

export class Reaper {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(): Promise<Reaper> {
    // A session of its own: Ctrl-C in a terminal is for the harness, which then ends its pods in order.
    const child = spawn(process.execPath, [MAIN], {
      stdio: ["pipe", "ignore", "ignore"],
      env: { PATH: process.env["PATH"] },
      detached: true,
    });
    await once(child, "spawn");
    child.unref();
    // Nothing waits for the pipe either, and a reaper that died must not take the harness with it.
    (must(child.stdin) as Socket).unref().on("error", () => undefined);
    return new Reaper(child);
  }

  get pid(): number {
    return must(this.#child.pid);
  }

  /** To be called at once after the process was started; `pid` leads a process group. */
  watch(pid: number): void {
    this.#child.stdin?.write(`+${pid}\n`);
  }

  forget(pid: number): void {
    this.#child.stdin?.write(`-${pid}\n`);
  }

  /** Kills what is still watched. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.ref();
    this.#child.stdin?.end();
    await once(this.#child, "exit");
  }
}
