// Host names, as a cluster's DNS and Services would answer them: a name leads each caller to its own
// address (the agent on the caller's node). A name that is unknown fails at once; numeric hosts stand
// for themselves. FEs keep an answer for 30 s, as the JVM does; BEs ask each time.
import { isIP } from "node:net";
import { TransportProblem } from "./broker-connection.ts";

/** `from` is the caller's own address. Undefined: the name does not resolve. */
export type Resolve = (host: string, from: string) => string | undefined;

const JVM_CACHE_MS = 30_000;

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

  lookup(host: string, from: string): string {
    const address =
      isIP(host) === 0 ? (this.#hosts.get(host) ?? this.#resolve?.(host, from)) : host;
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

  lookup(host: string, from: string): string {
    const known = this.#known.get(host);
    if (known !== undefined && known.until > this.#monotonic()) return known.address;
    const address = this.#names.lookup(host, from);
    this.#known.set(host, { address, until: this.#monotonic() + JVM_CACHE_MS });
    return address;
  }
}
