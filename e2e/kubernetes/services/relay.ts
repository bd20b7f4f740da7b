// One port of a Service: a listener on its ClusterIP that passes each connection on to an endpoint. It
// listens only while there are endpoints, so that without one a connect is refused by the kernel at once.
// A connection stays at its endpoint to its end; half-closes, resets and backpressure pass through, and
// nothing is kept beyond the two sockets' own buffers.
//
// Where it differs from kube-proxy: a connection is accepted before its endpoint is chosen. So one that
// should be swallowed connects and then hangs, and one to an endpoint that died this moment is reset
// instead of refused.
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { Partitions } from "../../partitions.ts";
import { StallablePair } from "../../servers/stallable-pair.ts";
import { usable, type Caller, type Chooser, type Endpoint, type Rules } from "./choice.ts";

export interface RelayOptions {
  readonly host: string;
  readonly port: number;
  readonly chooser: Chooser;
  /** Which node an address belongs to. */
  readonly nodeOf: (address: string) => string | undefined;
  /** It cannot listen: somebody else has the port. */
  readonly failed: (error: Error) => void;
  /** Connections across one stand still. Default: everybody reaches everybody. */
  readonly partitions?: Partitions;
}

/** A connection that was passed on, and between whom. */
interface Passed {
  readonly caller: string;
  readonly endpoint: string;
  readonly pair: StallablePair;
}

/** So long a connect is tried across a partition: Linux gives up after two minutes. */
const CONNECT_TRIES_MS = 127_000;

export class Relay {
  readonly #options: RelayOptions;
  readonly #sockets = new Set<Socket>();
  readonly #passed = new Set<Passed>();
  readonly #partitions: Partitions;
  readonly #forget: () => void;
  #endpoints: readonly Endpoint[] = [];
  #rules: Rules = { preferSameNode: false, local: false };
  #server: Server | undefined;
  #closed = false;
  #last: Promise<void> = Promise.resolve();

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#partitions = options.partitions ?? new Partitions();
    this.#forget = this.#partitions.onChange(() => {
      for (const passed of this.#passed) this.#settlePair(passed);
    });
  }

  /** What holds from the next connection on. Resolves when the listener is as it should be. */
  async update(endpoints: readonly Endpoint[], rules: Rules): Promise<void> {
    this.#endpoints = endpoints;
    this.#rules = rules;
    await this.#settle();
  }

  /** The Service is gone: nothing new is taken. What runs goes on, as conntrack would have it. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#settle();
  }

  /** No connection is left. */
  get idle(): boolean {
    return this.#sockets.size === 0;
  }

  /** Cuts what runs. */
  cut(): void {
    this.#forget();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #settle(): Promise<void> {
    this.#last = this.#last.then(() => this.#openOrClose());
    await this.#last;
  }

  async #openOrClose(): Promise<void> {
    const wanted = !this.#closed && usable(this.#endpoints).length > 0;
    if (wanted && this.#server === undefined) await this.#open();
    if (!wanted && this.#server !== undefined) {
      // Stops listening in this turn; connections that were made stay.
      this.#server.close();
      this.#server = undefined;
    }
  }

  async #open(): Promise<void> {
    const { host, port, failed } = this.#options;
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    try {
      server.listen(port, host);
      await once(server, "listening");
      this.#server = server;
    } catch (error) {
      failed(new Error(`Service address ${host}:${port} cannot be listened on`, { cause: error }));
    }
  }

  #accept(client: Socket): void {
    this.#keep(client);
    const address = client.remoteAddress;
    // It went away before it was looked at.
    if (address === undefined) {
      client.destroy();
      return;
    }
    const choice = this.#options.chooser.choose(
      this.#endpoints,
      this.#rules,
      callerOf(address, this.#options.nodeOf),
    );
    if (choice.kind === "refuse") client.resetAndDestroy();
    if (choice.kind === "connect") void this.#pass(client, choice.endpoint, address);
    // Swallowed: nobody reads and nobody answers, until the caller gives up.
    if (choice.kind === "swallow") client.pause();
  }

  async #pass(client: Socket, endpoint: Endpoint, caller: string): Promise<void> {
    const upstream = await this.#partitions
      .passable(caller, endpoint.address, CONNECT_TRIES_MS)
      .then(async () => await reach(endpoint, caller))
      .catch(() => undefined);
    if (upstream === undefined || client.destroyed) {
      upstream?.destroy();
      if (!client.destroyed) client.resetAndDestroy();
      return;
    }
    this.#keep(upstream);
    const pair = new StallablePair(client, upstream);
    const passed = { caller, endpoint: endpoint.address, pair };
    this.#passed.add(passed);
    for (const socket of [client, upstream]) {
      socket.once("close", () => this.#passed.delete(passed));
    }
    this.#settlePair(passed);
  }

  #settlePair({ caller, endpoint, pair }: Passed): void {
    pair.stall(this.#partitions.separate(caller, endpoint));
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

function callerOf(address: string, nodeOf: RelayOptions["nodeOf"]): Caller {
  const node = nodeOf(address);
  return node === undefined ? { address } : { address, node };
}

/** From the caller's own address, so that the endpoint sees who calls; else from any. */
async function reach(endpoint: Endpoint, caller: string): Promise<Socket | undefined> {
  for (const localAddress of [caller, undefined]) {
    const socket = connect({
      host: endpoint.address,
      port: endpoint.port,
      allowHalfOpen: true,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    try {
      await once(socket, "connect");
      return socket;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRNOTAVAIL") return undefined;
    }
  }
  return undefined;
}
