// Host names, as a cluster's DNS and Services would answer them: a name leads each caller to its own
// address (the agent on the caller's node). A name that is unknown fails at once; numeric hosts stand
// for themselves. FEs keep an answer for 30 s, as the JVM does; BEs ask each time.
import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import { TransportProblem } from "./broker-connection.ts";

/** `from` is the caller's own address. Undefined: the name does not resolve. */
export type Resolve = (
  host: string,
  from: string,
) => string | undefined | Promise<string | undefined>;

/** What a process has in its resolv.conf; plain data. */
export interface Dns {
  readonly server: string;
  /** Put behind names; one that is not known so is asked for as it stands. */
  readonly search: string;
}

const JVM_CACHE_MS = 30_000;
const DNS_TIMEOUT_MS = 2_000;
const DNS_TRIES = 2;

/** Asks a real DNS server, each time anew. */
export function resolveBy({ server, search }: Dns): Resolve {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: DNS_TRIES });
  resolver.setServers([server]);
  const ask = async (name: string): Promise<string | undefined> =>
    (await resolver.resolve4(name).catch(() => []))[0];
  return async (host) => (await ask(`${host}.${search}`)) ?? (await ask(host));
}

export class NameService {
  readonly #hosts = new Map<string, string>([["localhost", "127.0.0.1"]]);
  readonly #resolve: Resolve | undefined;

  constructor(resolve?: Resolve) {
    this.#resolve = resolve;
  }

  /** Sets or (with undefined) removes an entry that holds for every caller. */
  set(host: string, address: string | undefined): void {
    if (address === undefined) this.#hosts.delete(host);
    else this.#hosts.set(host, address);
  }

  /** The entries a caller's process starts with; names of `resolve` are not among them. */
  get entries(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#hosts);
  }

  async lookup(host: string, from: string): Promise<string> {
    const address =
      isIP(host) === 0 ? (this.#hosts.get(host) ?? (await this.#resolve?.(host, from))) : host;
    if (address === undefined) {
      throw new TransportProblem("refused", `java.net.UnknownHostException: ${host}`);
    }
    return address;
  }
}

/** A caller that remembers answers as a JVM does. */
export class CachedNames {
  readonly #names: NameService;
  readonly #monotonic: () => number;
  readonly #known = new Map<string, { readonly address: string; readonly until: number }>();

  constructor(names: NameService, monotonic: () => number) {
    this.#names = names;
    this.#monotonic = monotonic;
  }

  async lookup(host: string, from: string): Promise<string> {
    const known = this.#known.get(host);
    if (known !== undefined && known.until > this.#monotonic()) return known.address;
    const address = await this.#names.lookup(host, from);
    this.#known.set(host, { address, until: this.#monotonic() + JVM_CACHE_MS });
    return address;
  }
}
