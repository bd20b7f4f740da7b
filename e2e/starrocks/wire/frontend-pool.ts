// The FE's broker connections (ClientPool / ThriftConnectionPool): per address, last in first out, up
// to 128 idle, NOT looked at on borrow. A socket whose agent is gone is found out by the call that
// uses it, one failed call each; only a failed heartbeat empties an address (§4.3, §12).
import type { BrokerConnection } from "./broker-connection.ts";

const IDLE_MAX = 128;

export class FrontendPool {
  readonly #open: (host: string, port: number) => Promise<BrokerConnection>;
  readonly #idle = new Map<string, BrokerConnection[]>();
  readonly #all = new Set<BrokerConnection>();
  #ended = false;

  constructor(open: (host: string, port: number) => Promise<BrokerConnection>) {
    this.#open = open;
  }

  async borrow(host: string, port: number): Promise<BrokerConnection> {
    const known = this.#idle.get(`${host}:${port}`)?.pop();
    if (known !== undefined) return known;
    const opened = await this.#open(host, port);
    this.#all.add(opened);
    // A process that was killed while it connected has no connection.
    if (this.#ended) this.invalidate(opened);
    return opened;
  }

  giveBack(host: string, port: number, connection: BrokerConnection): void {
    const key = `${host}:${port}`;
    const idle = this.#idle.get(key) ?? [];
    this.#idle.set(key, idle);
    if (idle.length >= IDLE_MAX || !this.#all.has(connection)) this.invalidate(connection);
    else idle.push(connection);
  }

  invalidate(connection: BrokerConnection): void {
    this.#all.delete(connection);
    connection.destroy();
  }

  /** What a failed heartbeat does. */
  clear(host: string, port: number): void {
    for (const connection of this.#idle.get(`${host}:${port}`) ?? []) this.invalidate(connection);
    this.#idle.delete(`${host}:${port}`);
  }

  idleCount(host: string, port: number): number {
    return this.#idle.get(`${host}:${port}`)?.length ?? 0;
  }

  /** Ends every connection, borrowed ones too. */
  destroy(): void {
    this.#ended = true;
    for (const connection of this.#all) connection.destroy();
    this.#all.clear();
    this.#idle.clear();
  }
}
