// The broker's TCP server: accepts connections, bounds their number, and ends them in good order.
// What happens on a connection is server-connection.ts; what a call does is the handlers' business.
//
// It must never leave a call unanswered that it could answer: a BE without timeouts (3.1+, timeouts of
// value 0, starrocks.md 4.5) would wait for ever.
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";

import { assert } from "../assert.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { CALL_LIMITS } from "./codec-wire.ts";
import type { CodecLimits } from "./codec-wire.ts";
import { Connection, type Caller } from "./server-connection.ts";
import type { BrokerHandlers, InFlightCall } from "./server-handlers.ts";
import { RareWarnings } from "./server-rare-warnings.ts";
import { whoGivesWay } from "./server-room.ts";
import { Wire } from "./server-wire.ts";

export type { BrokerHandlers, CallContext, InFlightCall, Payload } from "./server-handlers.ts";

export interface ServerLimits extends CodecLimits {
  /** Beyond this, each new one is paid for with an old one (server-room.ts). */
  readonly connectionsMax: number;
  /** How long one call may wait for its caller, in all: for its bytes and for its answer to be taken. */
  readonly peerMsMax: number;
}

export const SERVER_LIMITS: ServerLimits = {
  ...CALL_LIMITS,
  connectionsMax: 1024,
  peerMsMax: 120_000,
};

export interface BrokerServerOptions {
  readonly handlers: BrokerHandlers;
  readonly log: Log;
  readonly clock: Clock;
  readonly limits?: Partial<ServerLimits>;
}

/** As many as the reference broker lets wait (TThreadPoolServer). */
const BACKLOG = 1024;
const KEEP_ALIVE_MS = 30_000;

interface OpenSocket {
  readonly wire: Wire;
  readonly closed: Promise<void>;
}

export class BrokerServer {
  readonly #options: BrokerServerOptions;
  readonly #limits: ServerLimits;
  readonly #warnings: RareWarnings;
  readonly #listener: Server;
  /** Connections whose socket is open or whose last call is still being handled. */
  readonly #open = new Map<Connection, OpenSocket>();
  #connections = 0;
  #stopping = false;

  constructor(options: BrokerServerOptions) {
    this.#options = options;
    this.#limits = { ...SERVER_LIMITS, ...options.limits };
    this.#warnings = new RareWarnings(options.log, options.clock);
    this.#listener = createServer({
      // The caller may close its sending side and still wait for the answer.
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    });
    this.#listener.on("connection", (socket) => this.#accept(socket));
  }

  /** Resolves with the bound address; port 0 lets the system choose. Call it once. */
  async listen(port: number, host: string): Promise<AddressInfo> {
    const listener = this.#listener;
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen({ port, host, backlog: BACKLOG }, () => {
        listener.off("error", reject);
        resolve();
      });
    });
    listener.on("error", (error) => {
      this.#options.log.error("cannot accept connections", { error: error.message });
    });
    const address = listener.address();
    assert(address !== null && typeof address === "object", "a TCP server has an address");
    return address;
  }

  /** Calls that were received and not answered yet, oldest connection first. */
  calls(): readonly InFlightCall[] {
    return [...this.#open.keys()].flatMap((connection) => connection.inFlight() ?? []);
  }

  /**
   * Accepts no more connections, answers every call that has begun to arrive, and closes each
   * connection behind its last answer. What is still open after `graceMs` is closed by force.
   * Resolves when all are closed. May be called again, and together with {@link close}.
   */
  async drain(graceMs: number): Promise<void> {
    this.#stop();
    // One turn of the event loop, for calls that have reached this machine and were not read yet.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    const cancel = this.#options.clock.after(graceMs, () => this.#cut(graceMs));
    for (const connection of this.#open.keys()) connection.stop();
    // Not for the handlers: one that ignores its signal must not hold the process.
    await Promise.all([...this.#open.values()].map(({ closed }) => closed));
    cancel();
  }

  /** Closes everything at once; calls in flight are aborted and get no answer. */
  close(): void {
    this.#stop();
    for (const { wire } of this.#open.values()) wire.destroy("the server was closed");
  }

  #stop(): void {
    this.#stopping = true;
    if (this.#listener.listening) this.#listener.close();
  }

  #cut(graceMs: number): void {
    const sockets = [...this.#open.values()].filter(({ wire }) => !wire.closed);
    const fields = { graceMs, open: sockets.length, calls: this.calls() };
    this.#options.log.warn("closing connections by force", fields);
    for (const { wire } of sockets) wire.destroy(`not done in ${graceMs} ms of draining`);
  }

  #accept(socket: Socket): void {
    const { handlers, log, clock } = this.#options;
    const caller = { address: socket.remoteAddress ?? "?", port: socket.remotePort ?? 0 };
    if (this.#open.size >= this.#limits.connectionsMax && !this.#makeRoom(caller)) {
      socket.destroy();
      return;
    }
    const wire = new Wire(socket, clock, this.#limits.peerMsMax);
    this.#connections += 1;
    const deps = { handlers, log, clock, warnings: this.#warnings, limits: this.#limits };
    const connection = new Connection(this.#connections, caller, wire, deps);
    const closed = new Promise<void>((resolve) => {
      socket.once("close", () => resolve());
    });
    this.#open.set(connection, { wire, closed });
    void Promise.all([connection.serve(), closed]).then(() => this.#open.delete(connection));
    if (this.#stopping) connection.stop();
  }

  /** False when nobody can give way. */
  #makeRoom(newcomer: Caller): boolean {
    const { connectionsMax } = this.#limits;
    const fields = { connectionsMax, newcomer: newcomer.address };
    const leaving = whoGivesWay(this.#open.keys());
    if (leaving === undefined) {
      this.#warnings.warn("refused a connection: too many are at work", fields);
      return false;
    }
    const { remote: closed } = leaving;
    this.#warnings.warn("closed a silent connection: too many are open", { ...fields, closed });
    this.#open.get(leaving)?.wire.destroy("it was silent, and the room was needed");
    this.#open.delete(leaving);
    return true;
  }
}
