// The way from an agent to any store: connections kept open, further certificate authorities, a proxy.
// What would surprise: a store on this pod's own loopback (a side-car) is never looked for by the proxy.
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { getCACertificates } from "node:tls";
import { X509Certificate } from "node:crypto";
import { describeError, TerminalError } from "../errors.ts";
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

/**
 * Agents of Node's HTTP client for one store. Whoever made them destroys them, or lives as long as the process.
 * Throws {@link TerminalError} for a bundle without certificates, or one of which cannot be read.
 */
export function makeAgents(connection: Connection, maxSockets: number): Agents {
  const { caBundle, proxy } = connection;
  const options = {
    keepAlive: true,
    maxSockets,
    ...(proxy === undefined ? {} : { proxyEnv: environmentOf(proxy) }),
  };
  const ca =
    caBundle === undefined
      ? {}
      : { ca: [...getCACertificates("default"), ...certificatesOf(caBundle)] };
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
    NO_PROXY: ["localhost", "127.0.0.1", "::1", ...noProxy].join(","),
  };
}

/** Node takes a bundle without any certificate in silence, and each of its users would be told of mistrust. */
function certificatesOf(bundle: string): string[] {
  const certificates =
    bundle.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) throw wrongBundle("holds no certificate");
  for (const [index, certificate] of certificates.entries()) {
    try {
      void new X509Certificate(certificate);
    } catch (error) {
      throw wrongBundle(`cannot be read at its certificate ${index + 1} (${describeError(error)})`);
    }
  }
  return certificates;
}

function wrongBundle(what: string): TerminalError {
  return new TerminalError(
    "WrongConfiguration",
    `connection.caBundle ${what}: put there the certificates (PEM, -----BEGIN CERTIFICATE-----) of the authorities that signed the endpoint's certificate`,
  );
}
