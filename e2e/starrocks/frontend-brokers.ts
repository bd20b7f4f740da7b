// The FE's brokers (BrokerMgr, FsBroker): names with addresses, who is alive, and which one a call
// takes. Hosts are kept as they were written and never resolved here.
import { assertNever } from "../../operator/assert.ts";
import type { Random } from "../../operator/clock.ts";
import type { BrokerRecord, BrokerTable, JournalOp } from "./meta-store.ts";
import { DdlError } from "./sql/errors.ts";
import type { BrokerAddress } from "./sql/statement.ts";

/** No broker can be had; the text that callers put into their own. */
export class NoBroker extends Error {
  override readonly name = "NoBroker" as const;
}

export interface Broker extends BrokerRecord {
  lastUpdateTime: number;
  errorMessage: string;
  failures: number;
}

/** heartbeat_retry_times: dead at the failure after so many. */
const HEARTBEAT_RETRIES = 3;

export function brokerKey(address: BrokerAddress): string {
  return `${address.host}:${address.port}`;
}

export class FrontendBrokers {
  readonly #brokers = new Map<string, Broker[]>();
  readonly #random: Random;

  constructor(table: BrokerTable, random: Random) {
    this.#random = random;
    for (const [name, records] of Object.entries(table)) {
      this.#brokers.set(name, records.map(fresh));
    }
  }

  get all(): readonly (readonly [name: string, broker: Broker])[] {
    return [...this.#brokers].flatMap(([name, list]) => list.map((b) => [name, b] as const));
  }

  table(): BrokerTable {
    const table: BrokerTable = {};
    for (const [name, list] of this.#brokers) {
      table[name] = list.map(({ host, port, alive, lastStartTime }) => ({
        host,
        port,
        alive,
        lastStartTime,
      }));
    }
    return table;
  }

  /** One address that is there already fails the whole statement. */
  requireNew(name: string, addresses: readonly BrokerAddress[]): void {
    for (const address of addresses) {
      if (this.#find(name, brokerKey(address)) !== undefined) {
        throw new DdlError(`Broker(${brokerKey(address)}) has already in brokers.`);
      }
    }
  }

  requireKnown(name: string, addresses: readonly BrokerAddress[]): void {
    this.requireName(name);
    for (const address of addresses) {
      if (this.#find(name, brokerKey(address)) === undefined) {
        throw new DdlError(`Broker(${brokerKey(address)}) has not in brokers.`);
      }
    }
  }

  requireName(name: string): void {
    if (!this.#brokers.has(name)) throw new DdlError(`Unknown broker name(${name})`);
  }

  /** Takes a journal's op; those of repositories are not for it. */
  apply(op: JournalOp): void {
    if (op.op === "createRepository" || op.op === "dropRepository") return;
    const list = this.#brokers.get(op.name) ?? [];
    switch (op.op) {
      case "addBroker":
        this.#brokers.set(op.name, [...list, ...op.addresses.map(fresh)]);
        break;
      case "dropBroker":
        // The last address leaves the name behind, with an empty list.
        this.#brokers.set(
          op.name,
          list.filter((b) => !op.keys.includes(brokerKey(b))),
        );
        break;
      case "dropAllBroker":
        this.#brokers.delete(op.name);
        break;
      case "brokerState":
        Object.assign(this.#find(op.name, op.key) ?? {}, {
          alive: op.alive,
          lastStartTime: op.lastStartTime,
        });
        break;
      default:
        assertNever(op);
    }
  }

  /** The alive one whose registered host string equals `host`, else any alive one (getBroker). */
  pick(name: string, host: string): Broker {
    const list = this.#brokers.get(name);
    if (list === undefined || list.length === 0) throw new NoBroker(`Unknown broker name(${name})`);
    const alive = list.filter((b) => b.alive);
    const near = alive.find((b) => b.host === host);
    const any = near ?? alive[Math.floor(this.#random() * alive.length)];
    if (any === undefined) throw new NoBroker(`failed to find alive broker: ${name}`);
    return any;
  }

  hasAlive(name: string): boolean {
    return this.#brokers.get(name)?.some((b) => b.alive) ?? false;
  }

  /** Takes a heartbeat's outcome; answers the op to log when the state changed. */
  heard(
    name: string,
    key: string,
    nowMs: number,
    error: string | undefined,
  ): JournalOp | undefined {
    const broker = this.#find(name, key);
    if (broker === undefined) return undefined;
    const was = broker.alive;
    if (error === undefined) {
      broker.lastUpdateTime = nowMs;
      broker.failures = 0;
      broker.errorMessage = "";
      if (!was) broker.lastStartTime = nowMs;
      broker.alive = true;
    } else if (broker.failures < HEARTBEAT_RETRIES) {
      broker.failures += 1;
    } else {
      broker.alive = false;
      broker.errorMessage = error;
    }
    if (was === broker.alive) return undefined;
    const { alive, lastStartTime } = broker;
    return { op: "brokerState", name, key, alive, lastStartTime };
  }

  #find(name: string, key: string): Broker | undefined {
    return this.#brokers.get(name)?.find((b) => brokerKey(b) === key);
  }
}

function fresh(record: BrokerRecord): Broker {
  return { ...record, lastUpdateTime: record.lastStartTime, errorMessage: "", failures: 0 };
}
