// The way from an agent to any store: connections kept open, further certificate authorities, a proxy.
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { getCACertificates } from "node:tls";
import type { Secret } from "../secret.ts";

export interface Connection {
  /** Certificates (PEM) of authorities that are trusted beside those of the system. */
  readonly caBundle?: string | undefined;
  readonly proxy?: Proxy | undefined;
  /** Connections at the most. Default 128. */
  readonly maxSockets?: number | undefined;
  /** Default 5 s. */
  readonly connectTimeoutMs?: number | undefined;
}

export interface Proxy {
  /** `http://host:port`; without user and password. */
  readonly url: string;
  /** Hosts that are reached without it: names, `.suffixes`, addresses, with a port or without. */
  readonly noProxy?: readonly string[] | undefined;
  readonly credentials?: { readonly user: string; readonly password: Secret } | undefined;
}

export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** Agents of Node's HTTP client for one store. Whoever made them destroys them, or lives as long as the process. */
export function makeAgents(connection: Connection, maxSockets: number): Agents {
  const { caBundle, proxy } = connection;
  const options = {
    keepAlive: true,
    maxSockets,
    ...(proxy === undefined ? {} : { proxyEnv: environmentOf(proxy) }),
  };
  const ca = caBundle === undefined ? {} : { ca: [...getCACertificates("default"), caBundle] };
  return { http: new HttpAgent(options), https: new HttpsAgent({ ...options, ...ca }) };
}

function environmentOf({ url, noProxy = [], credentials }: Proxy): Record<string, string> {
  const address = new URL(url);
  if (credentials !== undefined) {
    address.username = encodeURIComponent(credentials.user);
    address.password = encodeURIComponent(credentials.password.reveal());
  }
  return {
    HTTP_PROXY: address.href,
    HTTPS_PROXY: address.href,
    NO_PROXY: ["localhost", "127.0.0.1", ...noProxy].join(","),
  };
}
