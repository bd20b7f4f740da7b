// Addresses and node ports for Services: the next free one, round and round, so that one that was just given back is not
// handed out again soon.
import { invalid, invalidObject } from "./field-error.ts";
import { services } from "./kinds/services.ts";
import type { KubeObject } from "./object.ts";
import { at, listAt, textAt } from "./object.ts";
import type { Store } from "./store.ts";

const HOSTS = 254;
const FIRST_NODE_PORT = 30_000;
const NODE_PORTS = 2_768;

export class ClusterIps {
  readonly #store: Store;
  readonly #prefix: string;
  #next = 1;
  #nextPort = 0;

  /** `prefix` is the first three bytes: `127.77.200`. */
  constructor(store: Store, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
  }

  take(service: KubeObject, wanted: string | undefined): string {
    const used = new Set(
      this.#store.list(services.collection).map((other) => textAt(other, "spec", "clusterIP")),
    );
    if (wanted !== undefined) return this.#check(service, wanted, used);
    for (let tries = 0; tries < HOSTS; tries += 1) {
      const address = `${this.#prefix}.${this.#next}`;
      this.#next = (this.#next % HOSTS) + 1;
      if (!used.has(address)) return address;
    }
    throw this.#refuse(service, "", "failed to allocate a serviceIP: range is full");
  }

  /** One of 30000 to 32767, as is the default range. */
  takeNodePort(): number {
    const used = new Set(
      this.#store
        .list(services.collection)
        .flatMap((other) => listAt(other, "spec", "ports").map((port) => at(port, "nodePort"))),
    );
    for (let tries = 0; tries < NODE_PORTS; tries += 1) {
      const port = FIRST_NODE_PORT + this.#nextPort;
      this.#nextPort = (this.#nextPort + 1) % NODE_PORTS;
      if (!used.has(port)) return port;
    }
    throw new Error("every node port has a Service");
  }

  #check(service: KubeObject, wanted: string, used: ReadonlySet<string | undefined>): string {
    const why = "failed to allocate IP: provided IP is";
    if (used.has(wanted)) throw this.#refuse(service, wanted, `${why} already allocated`);
    if (wanted.startsWith(`${this.#prefix}.`)) return wanted;
    throw this.#refuse(service, wanted, `${why} not in the valid range ${this.#prefix}.0/24`);
  }

  #refuse(service: KubeObject, value: string, why: string): Error {
    return invalidObject(services, service.metadata.name, [
      invalid("spec.clusterIPs", [value], why),
    ]);
  }
}
