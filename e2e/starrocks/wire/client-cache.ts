// The BE's broker connections (client_cache.cpp): per address a queue, first in first out, up to ten
// idle. That order is why the calls on one file wander over several sockets while a task's listing and
// renames stay on the one it holds. A stale socket is repaired only by a call that may be repeated.
import { setTimeout as sleepReal } from "node:timers/promises";
import { BrokerConnection, TransportProblem } from "./broker-connection.ts";
import type { MethodName, Requests, Responses } from "./broker-structs.ts";
import type { BackendProfile } from "../profile.ts";
import type { BrokerAddress } from "../sql/statement.ts";

const IDLE_MAX = 10;
/** thrift_connect_timeout_seconds. */
const CONNECT_TIMEOUT_MS = 3_000;

export interface CacheOptions {
  readonly profile: BackendProfile;
  readonly localAddress: string;
  readonly lookup: (host: string) => Promise<string>;
}

/** A place in the cache: the socket behind it may be replaced by `reopen`. */
export class CachedClient {
  readonly address: BrokerAddress;
  readonly #options: CacheOptions;
  #connection: BrokerConnection;

  private constructor(address: BrokerAddress, options: CacheOptions, connection: BrokerConnection) {
    this.address = address;
    this.#options = options;
    this.#connection = connection;
  }

  static async open(
    address: BrokerAddress,
    options: CacheOptions,
    timeoutMs: number,
  ): Promise<CachedClient> {
    return new CachedClient(address, options, await connectTo(address, options, timeoutMs));
  }

  call<M extends MethodName>(
    method: M,
    request: Requests[M],
    timeoutMs: number,
  ): Promise<Responses[M]> {
    return this.#connection.call(method, request, timeoutMs);
  }

  async reopen(timeoutMs: number): Promise<void> {
    this.#connection.destroy();
    this.#connection = await connectTo(this.address, this.#options, timeoutMs);
  }

  destroy(): void {
    this.#connection.destroy();
  }
}

export interface CallLimits {
  readonly timeoutMs: number;
  /** pwrite is never repeated; everything else once. */
  readonly repeat: boolean;
}

export class ClientCache {
  readonly #options: CacheOptions;
  readonly #idle = new Map<string, CachedClient[]>();
  readonly #all = new Set<CachedClient>();
  #ended = false;

  constructor(options: CacheOptions) {
    this.#options = options;
  }

  /** A client for the caller alone, until {@link release}. */
  async get(address: BrokerAddress, connectTimeoutMs = CONNECT_TIMEOUT_MS): Promise<CachedClient> {
    if (this.#ended) throw new TransportProblem("closed", "killed");
    const known = this.#idle.get(keyOf(address))?.shift();
    if (known !== undefined) return known;
    const client = await CachedClient.open(address, this.#options, connectTimeoutMs);
    if (this.#ended) client.destroy();
    else this.#all.add(client);
    return client;
  }

  release(client: CachedClient): void {
    const key = keyOf(client.address);
    const idle = this.#idle.get(key) ?? [];
    this.#idle.set(key, idle);
    if (idle.length < IDLE_MAX && !this.#ended) {
      idle.push(client);
    } else {
      this.#all.delete(client);
      client.destroy();
    }
  }

  /** One call over whichever client is first in the queue. */
  async call<M extends MethodName>(
    address: BrokerAddress,
    method: M,
    request: Requests[M],
    limits: CallLimits,
  ): Promise<Responses[M]> {
    const client = await this.get(address);
    try {
      return await this.callOn(client, method, request, limits);
    } finally {
      this.release(client);
    }
  }

  /** One call over a held client, repeated once where the release does so (thrift_rpc_helper.cpp). */
  async callOn<M extends MethodName>(
    client: CachedClient,
    method: M,
    request: Requests[M],
    limits: CallLimits,
  ): Promise<Responses[M]> {
    try {
      return await client.call(method, request, limits.timeoutMs);
    } catch (error) {
      if (!limits.repeat || !this.#mayRepeat(error)) throw error;
    }
    const { retryHasTimeout, retryDelayMs } = this.#options.profile;
    await client.reopen(CONNECT_TIMEOUT_MS);
    await sleepReal(retryDelayMs);
    // The process may have been killed meanwhile.
    if (this.#ended) client.destroy();
    return client.call(method, request, retryHasTimeout ? limits.timeoutMs : 0);
  }

  /** Ends every socket under its owner's hands; the clients stay in the cache, stale. */
  breakAll(): void {
    for (const client of this.#all) client.destroy();
  }

  destroy(): void {
    this.#ended = true;
    for (const client of this.#all) client.destroy();
    this.#all.clear();
    this.#idle.clear();
  }

  #mayRepeat(error: unknown): boolean {
    if (this.#ended) return false;
    return this.#options.profile.retryOn === "any" || error instanceof TransportProblem;
  }
}

function keyOf(address: BrokerAddress): string {
  return `${address.host}:${address.port}`;
}

async function connectTo(
  address: BrokerAddress,
  options: CacheOptions,
  timeoutMs: number,
): Promise<BrokerConnection> {
  try {
    const host = await options.lookup(address.host);
    const { localAddress } = options;
    return await BrokerConnection.open({ host, port: address.port, localAddress, timeoutMs });
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new TransportProblem(
      "refused",
      `Couldn't open transport for ${address.host}:${address.port} (connect() failed: ${cause})`,
    );
  }
}
