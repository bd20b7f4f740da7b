// One long-lived program of the cluster: its output goes to a file, and whoever waits for something of it learns what it
// said last when that does not come.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 50;
const TAIL_LINES = 25;

export interface Start {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** Appended to: a program that is started again goes on in the same file. */
  readonly log: string;
}

export class Component {
  readonly name: string;
  readonly child: ChildProcess;
  readonly #log: string;

  /**
   * It lives in a process group of its own: a Ctrl-C at the terminal is for the tests to hear, not for it. It dies with
   * this process, however that ends (setpriv becomes the program: the pid is the program's).
   */
  constructor({ name, command, log }: Start) {
    this.name = name;
    this.#log = log;
    mkdirSync(dirname(log), { recursive: true });
    const output = openSync(log, "a");
    this.child = spawn("setpriv", ["--pdeathsig", "KILL", ...command], {
      stdio: ["ignore", output, output],
      detached: true,
    });
    this.child.on("error", () => {}); // Its end says it: {@link until}.
    closeSync(output);
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  get hasEnded(): boolean {
    return (
      this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null
    );
  }

  /** Resolves when it has ended; one that has already is left. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.child, "exit");
    this.child.kill(signal);
    await ended;
  }

  /** Its last lines. */
  tail(): string {
    return readFileSync(this.#log, "utf8").trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
  }
}

export interface Wait {
  /** For the error: "etcd to answer". */
  readonly what: string;
  readonly withinMs: number;
  /** Whose end ends the waiting, and whose last lines are shown. */
  readonly of?: Component;
}

/** Asks again until it says true; what it throws counts as false, and is shown when time is over. */
export async function until(wait: Wait, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + wait.withinMs;
  let last: unknown;
  do {
    try {
      if (await isSo()) return;
    } catch (error) {
      last = error;
    }
    await sleep(POLL_MS);
  } while (wait.of?.hasEnded !== true && performance.now() < end);
  throw new Error(inVain(wait), { cause: last });
}

function inVain({ what, withinMs, of }: Wait): string {
  const why = of?.hasEnded === true ? `${of.name} has ended` : `not within ${withinMs / 1000} s`;
  const said = of === undefined ? "" : `\n${of.name} said last:\n${of.tail()}`;
  return `waiting for ${what}: ${why}${said}`;
}
