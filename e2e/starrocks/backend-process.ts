// A BE as a process of its own: the same Backend behind Node's IPC channel. The parent (cluster.ts) starts
// it with `fork`, so that a scenario can stop or kill a real process; sockets then end as the kernel ends
// them, and a stopped one answers nobody. Files on disk are shared, calls go as JSON.
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../operator/clock.ts";
import { Backend, type BackendFaults } from "./backend.ts";
import type { ForkBackend } from "./cluster-options.ts";
import { ClusterClock } from "./cluster-clock.ts";
import type { BackendPort, FrontendPort } from "./messages.ts";
import type { BackendProfile } from "./profile.ts";
import { Violations } from "./violations.ts";
import { NameService, resolveBy, type Dns } from "./wire/name-service.ts";

/** What the child needs to know; plain data. */
export interface BackendProcessOptions {
  readonly id: number;
  readonly host: string;
  readonly dir: string;
  readonly profile: BackendProfile;
  readonly speed: number;
  readonly pingTimeoutMs: number;
  readonly faults: BackendFaults;
  readonly hosts: Readonly<Record<string, string>>;
  readonly dns: Dns | undefined;
}

interface Parent {
  readonly frontend: FrontendPort;
  readonly violations: Violations;
  readonly fork: ForkBackend | undefined;
}

type Message =
  | { readonly kind: "start"; readonly options: BackendProcessOptions }
  | {
      readonly kind: "call";
      readonly id: number;
      readonly method: string;
      readonly args: unknown[];
    }
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly result?: unknown;
      readonly error?: string;
    }
  | { readonly kind: "violation"; readonly text: string }
  | { readonly kind: "break" };

type Methods = Readonly<Record<string, ((...args: never[]) => Promise<unknown>) | undefined>>;

interface Channel {
  send(message: Message): void;
}

/** Calls in one direction over a channel that both directions share. */
class Calls {
  readonly #channel: Channel;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #next = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  call(method: string, ...args: readonly unknown[]): Promise<unknown> {
    const id = this.#next;
    this.#next += 1;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#channel.send({ kind: "call", id, method, args: [...args] });
    return waiting.promise;
  }

  answered(message: Extract<Message, { readonly kind: "answer" }>): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error === undefined) waiting?.resolve(message.result);
    else waiting?.reject(new Error(message.error));
  }

  /** The other side is gone. */
  end(): void {
    for (const waiting of this.#waiting.values()) {
      waiting.reject(new Error("java.net.ConnectException: Connection refused"));
    }
    this.#waiting.clear();
  }
}

async function answer(
  channel: Channel,
  message: Extract<Message, { readonly kind: "call" }>,
  target: Methods,
): Promise<void> {
  const { id, method, args } = message;
  try {
    const result = await target[method]?.(...(args as never[]));
    channel.send({ kind: "answer", id, result });
  } catch (error) {
    channel.send({
      kind: "answer",
      id,
      error: error instanceof Error ? error.message : String(error),
    });
  }
}

/** The parent's side: a BE that lives elsewhere. */
export class BackendProcess implements BackendPort {
  readonly #child: ChildProcess;
  readonly #calls: Calls;

  constructor(options: BackendProcessOptions, { frontend, violations, ...parent }: Parent) {
    const module = fileURLToPath(import.meta.url);
    const child = parent.fork?.(options.host, module) ?? fork(module, { stdio: "inherit" });
    this.#child = child;
    const channel: Channel = {
      send: (message) => {
        if (child.connected) child.send(message, () => undefined);
      },
    };
    this.#calls = new Calls(channel);
    const methods: Methods = {
      finishTask: (done) => frontend.finishTask(done),
      reportTasks: (id, signatures) => frontend.reportTasks(id, signatures),
      reportProgress: (progress) => frontend.reportProgress(progress),
    };
    child.on("message", (message: Message) => {
      if (message.kind === "answer") this.#calls.answered(message);
      if (message.kind === "call") void answer(channel, message, methods);
      if (message.kind === "violation") violations.note(message.text);
    });
    child.on("exit", () => this.#calls.end());
    channel.send({ kind: "start", options });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async heartbeat(): Promise<void> {
    await this.#call("heartbeat");
  }

  async submitTasks(tasks: Parameters<BackendPort["submitTasks"]>[0]): Promise<void> {
    await this.#call("submitTasks", tasks);
  }

  async createTablet(tabletId: number): Promise<void> {
    await this.#call("createTablet", tabletId);
  }

  async dropTablets(tabletIds: readonly number[]): Promise<void> {
    await this.#call("dropTablets", tabletIds);
  }

  async tabletStats(): ReturnType<BackendPort["tabletStats"]> {
    return (await this.#call("tabletStats")) as Awaited<ReturnType<BackendPort["tabletStats"]>>;
  }

  /** A real kill -9. */
  kill(): void {
    this.#child.kill("SIGKILL");
    this.#calls.end();
  }

  breakConnections(): void {
    if (this.#child.connected) this.#child.send({ kind: "break" } satisfies Message);
  }

  #call(method: keyof BackendPort, ...args: readonly unknown[]): Promise<unknown> {
    if (!this.#child.connected) {
      return Promise.reject(new Error("java.net.ConnectException: Connection refused"));
    }
    return this.#calls.call(method, ...args);
  }
}

/** The child's side; it ends with its parent. */
function serve(): void {
  const channel: Channel = {
    send: (message) => {
      process.send?.(message, () => undefined);
    },
  };
  const calls = new Calls(channel);
  let backend: Backend | undefined;
  process.on("message", (message: Message) => {
    if (message.kind === "start") backend = startBackend(message.options, channel, calls);
    if (message.kind === "answer") calls.answered(message);
    if (message.kind === "break") backend?.breakConnections();
    if (message.kind === "call" && backend !== undefined) {
      const port = backend;
      void answer(channel, message, {
        heartbeat: () => port.heartbeat(),
        submitTasks: (tasks) => port.submitTasks(tasks),
        createTablet: (id) => port.createTablet(id),
        dropTablets: (ids) => port.dropTablets(ids),
        tabletStats: () => port.tabletStats(),
      });
    }
  });
  process.on("disconnect", () => process.exit(0));
}

function startBackend(options: BackendProcessOptions, channel: Channel, calls: Calls): Backend {
  const { dns, hosts } = options;
  const names = new NameService(dns === undefined ? undefined : resolveBy(dns));
  for (const [host, address] of Object.entries(hosts)) names.set(host, address);
  const violations = new Violations((text) => channel.send({ kind: "violation", text }));
  const frontend: FrontendPort = {
    finishTask: async (done) => {
      await calls.call("finishTask", done);
    },
    reportTasks: async (id, signatures) => {
      await calls.call("reportTasks", id, signatures);
    },
    reportProgress: async (progress) => (await calls.call("reportProgress", progress)) === true,
  };
  const clock = new ClusterClock(systemClock, options.speed);
  return new Backend({ ...options, clock, names, violations, frontend });
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.send !== undefined) serve();
