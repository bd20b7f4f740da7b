// The benchmark's helper processes: each is a program that is given jobs over Node's IPC channel and
// answers with what came of them. A process of its own for each role keeps their CPU seconds apart and
// their event loops out of each other's way. This file is both ends of the channel.
//
// A helper ends when its parent is gone: a benchmark that is killed leaves nothing behind.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What a helper can do: the input and the output of each job, plain data. */
export type JobTable = Readonly<
  Record<string, { readonly input: unknown; readonly output: unknown }>
>;

type Handlers<J extends JobTable> = {
  readonly [N in keyof J]: (input: J[N]["input"]) => Promise<J[N]["output"]>;
};

interface Ordered {
  readonly id: number;
  readonly job: string;
  readonly input: unknown;
}

type Answered =
  | { readonly id: number; readonly output: unknown }
  | { readonly id: number; readonly error: string };

/** The helper's end: carries out jobs until the parent is gone, then cleans up and ends. */
export function serveJobs<J extends JobTable>(
  handlers: Handlers<J>,
  cleanUp: () => Promise<void> = async () => {},
): void {
  const byName = handlers as Readonly<Record<string, (input: unknown) => Promise<unknown>>>;
  process.on("message", (message) => {
    const { id, job, input } = message as Ordered;
    const handler = byName[job];
    const done =
      handler === undefined ? Promise.reject(new Error(`no job ${job}`)) : handler(input);
    done.then(
      (output) => process.send?.({ id, output } satisfies Answered),
      (error: unknown) => {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        process.send?.({ id, error: text } satisfies Answered);
      },
    );
  });
  process.on("disconnect", () => {
    void cleanUp().finally(() => process.exit(0));
  });
}

/** The parent's end: one running helper. */
export class Helper<J extends JobTable> {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #jobs = 0;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    child.on("message", (message) => this.#answered(message as Answered));
    child.on("exit", (code, signal) => this.#ended(`ended (${code ?? signal})`));
  }

  /** Starts a script of this folder. */
  static start<J extends JobTable>(script: string, environment: NodeJS.ProcessEnv = {}): Helper<J> {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const env = { ...process.env, ...environment };
    return new Helper<J>(
      script,
      fork(path, [], { env, execArgv: [], stdio: ["ignore", 1, 2, "ipc"] }),
    );
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Has one job carried out. Rejects with what went wrong there. */
  run<N extends keyof J & string>(job: N, input: J[N]["input"]): Promise<J[N]["output"]> {
    this.#jobs += 1;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(this.#jobs, answer);
    this.#child.send({ id: this.#jobs, job, input } satisfies Ordered);
    return answer.promise;
  }

  /** Lets it end. Safe to repeat. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }

  #answered(message: Answered): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ("error" in message) waiting?.reject(new Error(`${this.name}: ${message.error}`));
    else waiting?.resolve(message.output);
  }

  #ended(how: string): void {
    for (const waiting of this.#waiting.values()) waiting.reject(new Error(`${this.name} ${how}`));
    this.#waiting.clear();
  }
}
