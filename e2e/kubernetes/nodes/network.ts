// The addresses of one cluster: the loopback block 127.N.0.0/16. Node k owns 127.N.k.0/24, the API server
// is 127.N.0.1, ClusterIPs lie in 127.N.200.0/24. Who calls is told by the caller's source address, so two
// clusters never share a block: a block is claimed by a socket that the kernel frees when the process ends.
//
// Pod addresses go round and are not given out again before all others were: a connection that somebody
// kept open never meets a new pod at an old pod's address.
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { must } from "../../../operator/assert.ts";

const NODES_MAX = 199;
const SERVICES_BLOCK = 200;
const FIRST_PROCESS = 2;
const FIRST_POD = 10;
const LAST = 254;
/** Nobody listens there; it holds the claim. */
const CLAIM_HOST = "255.254";
const CLAIM_PORT = 61_000;
const CLAIM_TRIES = 20;
/** Blocks that are picked from when none is asked for; below them are those that tests ask for. */
const RANDOM_FROM = 100;
const RANDOM_WIDTH = 150;

export class Network {
  /** `127.77`. */
  readonly prefix: string;
  readonly #claim: Server;
  readonly #pools = new Map<string, AddressPool>();

  private constructor(prefix: string, claim: Server) {
    this.prefix = prefix;
    this.#claim = claim;
  }

  /** Claims `prefix`, or a free one. Rejects when another cluster of this machine has it. */
  static async claim(prefix?: string): Promise<Network> {
    if (prefix !== undefined && !/^127\.\d{1,3}$/.test(prefix)) {
      throw new Error(`network ${prefix} must be like 127.77: two numbers, the first of them 127`);
    }
    for (let tries = 1; ; tries += 1) {
      const asked = prefix ?? `127.${Math.floor(RANDOM_FROM + Math.random() * RANDOM_WIDTH)}`;
      try {
        return new Network(asked, await listen(`${asked}.${CLAIM_HOST}`, CLAIM_PORT));
      } catch (error) {
        if (prefix === undefined && tries < CLAIM_TRIES) continue;
        throw new Error(`network ${asked}.0.0/16 is used by another cluster of this machine`, {
          cause: error,
        });
      }
    }
  }

  get apiServer(): string {
    return `${this.prefix}.0.1`;
  }

  /** The node's own address. `k` counts from 1. */
  nodeAddress(k: number): string {
    if (k < 1 || k > NODES_MAX) throw new Error(`a cluster has 1 to ${NODES_MAX} nodes, not ${k}`);
    return `${this.prefix}.${k}.1`;
  }

  /** Which node an address belongs to; undefined for one outside of every node's block. */
  nodeOf(address: string): number | undefined {
    const [, rest] = address.split(`${this.prefix}.`);
    const k = Number(rest?.split(".")[0]);
    return address.startsWith(`${this.prefix}.`) && k >= 1 && k <= NODES_MAX ? k : undefined;
  }

  takePodAddress(k: number): string {
    return this.#pool(`${this.prefix}.${k}`, FIRST_POD, LAST).take();
  }

  releasePodAddress(address: string): void {
    const block = address.slice(0, address.lastIndexOf("."));
    this.#pool(block, FIRST_POD, LAST).release(address);
  }

  /** For a process on node `k` that is no pod; never given out again. */
  takeProcessAddress(k: number): string {
    return this.#pool(`${this.prefix}.${k} processes`, FIRST_PROCESS, FIRST_POD - 1).take();
  }

  /** The first three numbers of every ClusterIP. */
  get servicesPrefix(): string {
    return `${this.prefix}.${SERVICES_BLOCK}`;
  }

  async close(): Promise<void> {
    this.#claim.close();
    await once(this.#claim, "close");
  }

  #pool(name: string, first: number, last: number): AddressPool {
    const found = this.#pools.get(name);
    if (found !== undefined) return found;
    const pool = new AddressPool(must(name.split(" ")[0]), first, last);
    this.#pools.set(name, pool);
    return pool;
  }
}

/** Addresses `block.first` to `block.last`, given out in turn. */
export class AddressPool {
  readonly #block: string;
  readonly #first: number;
  readonly #size: number;
  readonly #taken = new Set<string>();
  #next = 0;

  constructor(block: string, first: number, last: number) {
    this.#block = block;
    this.#first = first;
    this.#size = last - first + 1;
  }

  take(): string {
    for (let tries = 0; tries < this.#size; tries += 1) {
      const address = `${this.#block}.${this.#first + this.#next}`;
      this.#next = (this.#next + 1) % this.#size;
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      return address;
    }
    throw new Error(`all ${this.#size} addresses of ${this.#block}.0/24 are in use`);
  }

  release(address: string): void {
    this.#taken.delete(address);
  }
}

async function listen(host: string, port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.listen(port, host);
  await once(server, "listening");
  server.unref();
  return server;
}
