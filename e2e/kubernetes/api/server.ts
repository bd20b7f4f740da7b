// The embedded Kubernetes API server: in this process, in memory, plain HTTP on a loopback address, nobody
// is asked who they are. What it does and leaves out: ../README.md. It never leaves this machine: other than
// loopback addresses are refused.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { isIPv4 } from "node:net";
import type { Clock } from "../../../operator/clock.ts";
import { systemClock } from "../../../operator/clock.ts";
import { freePort, LOOPBACK } from "../../servers/loopback.ts";
import type { ControllerOptions } from "../controllers/start.ts";
import { startControllers } from "../controllers/start.ts";
import { Listener } from "./http/listener.ts";
import type { PodLogs } from "./http/pod-logs.ts";
import type { ApiRequest, Faults } from "./http/requests.ts";
import { namespaces } from "./kinds/cluster.ts";
import { definitions } from "./kinds/definitions.ts";
import { AppliedFields } from "./patches/server-side-apply.ts";
import type { Validate } from "./registry.ts";
import { Registry } from "./registry.ts";
import { Store } from "./store.ts";

export interface ApiServerOptions {
  /** A loopback address. Default 127.0.0.1. */
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** CustomResourceDefinitions that are there from the start. */
  readonly crds?: readonly object[];
  /** The first three bytes of the addresses of Services. Default 127.96.0. */
  readonly clusterIpPrefix?: string;
  readonly clock?: Clock;
  /** How many changes watches can go back, at least. Default 5000. */
  readonly historyWindow?: number;
  /** Default 60 000, about what the real one does. */
  readonly bookmarkMs?: number;
  /** A watch that has this much unread is cut. Default 8 MiB. */
  readonly watchBufferBytes?: number;
  /** Asked about every valid custom resource that is written: a place to evaluate CEL rules. */
  readonly validate?: Validate;
  /** How fast the controllers are; false: there are none. */
  readonly controllers?: Omit<ControllerOptions, "failed"> | false;
}

export interface ApiServer {
  readonly url: string;
  /** For controllers in this process: the same rules as over HTTP, without it. */
  readonly registry: Registry;
  /** The last requests, oldest first; at most 21 000. */
  readonly requests: readonly ApiRequest[];
  readonly faults: Faults;
  /** What went wrong inside, in a controller; always a bug. The last 100. */
  readonly problems: readonly Error[];
  /** Who answers `kubectl logs`; the nodes set it. */
  podLogs: PodLogs | undefined;
  /** Every older resourceVersion is Expired (410) from now on; watches that run go on. */
  compact(): void;
  /**
   * Drops all connections and forgets history, keeps objects and address. Nobody is listening while `down`
   * runs.
   */
  restart(down?: () => Promise<void>): Promise<void>;
  /** SIGSTOP: connections are taken and stay, nobody is answered. What was asked meanwhile is answered later. */
  hang(): void;
  /** The end of {@link hang}. */
  goOn(): void;
  stop(): Promise<void>;
}

const REQUESTS_MAX = 20_000;
/** As the real one: Node's own 5 s end connections that a client that stood still for a moment is about to use. */
const KEEP_ALIVE_MS = 90_000;
const NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const { host = LOOPBACK, port = await freePort() } = options;
  if (!isIPv4(host) || !host.startsWith("127.")) {
    throw new Error(`the API server listens on loopback addresses alone, not on ${host}`);
  }
  const registry = makeRegistry(options);
  const server = new EmbeddedApiServer(registry, options);
  await server.listen(host, port);
  prepare(registry, options);
  return server;
}

function makeRegistry(options: ApiServerOptions): Registry {
  const { clock = systemClock, clusterIpPrefix = "127.96.0", historyWindow = 5000 } = options;
  return new Registry(new Store(historyWindow), {
    clock,
    clusterIpPrefix,
    ...(options.validate === undefined ? {} : { validate: options.validate }),
  });
}

function prepare(registry: Registry, { crds = [] }: ApiServerOptions): void {
  for (const name of NAMESPACES) registry.create(namespaces, undefined, { metadata: { name } });
  for (const crd of crds) registry.create(definitions, undefined, crd);
}

class EmbeddedApiServer implements ApiServer {
  readonly registry: Registry;
  readonly requests: ApiRequest[] = [];
  readonly faults: Faults = {};
  readonly problems: Error[] = [];
  podLogs: PodLogs | undefined;
  readonly #listener: Listener;
  readonly #stopControllers: () => void;
  readonly #sockets = new Set<Socket>();
  #hanging: PromiseWithResolvers<void> | undefined;
  #server = createServer();
  #host = "";
  #port = 0;

  constructor(registry: Registry, options: ApiServerOptions) {
    this.registry = registry;
    this.#listener = new Listener({
      registry,
      applied: new AppliedFields(),
      faults: this.faults,
      podLogs: () => this.podLogs,
      seen: (request) => this.#remember(request),
      bookmarkMs: options.bookmarkMs ?? 60_000,
      watchBufferBytes: options.watchBufferBytes ?? 8 * 1024 * 1024,
    });
    const { controllers = {} } = options;
    const failed = (error: Error): void => this.#fail(error);
    this.#stopControllers =
      controllers === false ? () => {} : startControllers(registry, { ...controllers, failed });
  }

  get url(): string {
    return `http://${this.#host}:${this.#port}`;
  }

  async listen(host: string, port: number): Promise<void> {
    this.#server = createServer((request, response) => {
      // serve() answers its own errors; it never rejects.
      void Promise.resolve(this.#hanging?.promise).then(
        async () => await this.#listener.serve(request, response),
      );
    });
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#server.on("connection", (socket: Socket) => this.#keep(socket));
    this.#server.listen(port, host);
    await once(this.#server, "listening");
    this.#host = host;
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  compact(): void {
    this.registry.store.compact();
  }

  async restart(down: () => Promise<void> = async () => {}): Promise<void> {
    await this.#close();
    // A turn, in which clients in this process hear of it: their next calls take no connection that is gone.
    await new Promise((resolve) => setImmediate(resolve));
    this.compact();
    await down();
    await this.listen(this.#host, this.#port);
  }

  hang(): void {
    if (this.#hanging !== undefined) return;
    this.#hanging = Promise.withResolvers<void>();
    // Watches that are open say nothing, either.
    for (const socket of this.#sockets) socket.cork();
  }

  goOn(): void {
    for (const socket of this.#sockets) socket.uncork();
    this.#hanging?.resolve();
    this.#hanging = undefined;
  }

  async stop(): Promise<void> {
    this.goOn();
    this.#stopControllers();
    await this.#close();
  }

  #fail(error: Error): void {
    this.problems.push(error);
    if (this.problems.length > 100) this.problems.shift();
  }

  async #close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    if (this.#hanging !== undefined) socket.cork();
  }

  #remember(request: ApiRequest): void {
    this.requests.push(request);
    // In bulk, because shifting an array for each request would cost more than it saves.
    if (this.requests.length > REQUESTS_MAX + 1000) this.requests.splice(0, 1000);
  }
}
