// Which API server, and who we are to it: from a kubeconfig file, $KUBECONFIG, the pod's service account, or
// ~/.kube/config, in that order. @kubernetes/client-node reads them and knows the ways of signing in (exec
// plugins, tokens from files that rotate, OIDC, client certificates).
//
// What would surprise: each request asks anew, because tokens and certificates change while we run. Node's
// agents keep sockets apart by what they were opened with, so that a new certificate gets new ones.
import { existsSync } from "node:fs";
import { Agent as PlainAgent } from "node:http";
import type { RequestOptions } from "node:https";
import { Agent as TlsAgent } from "node:https";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "@kubernetes/client-node";
import { KubeConfig } from "@kubernetes/client-node";
import { must } from "../assert.ts";
import { TerminalError, TransientError } from "../errors.ts";
import type { Target } from "./exchange.ts";

export interface KubeconfigOptions {
  /** A file. Default: see above. */
  readonly kubeconfig?: string | undefined;
  /** Default: the current one. */
  readonly context?: string | undefined;
}

const SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
/** Watches hold a socket each; requests are bounded by their limit and by the workers. */
const SOCKETS_MAX = 128;
const SOCKETS_IDLE_MAX = 16;
/** Below the 90 s after which API servers close idle connections: a request never meets a dying one. */
const SOCKET_IDLE_MS = 30_000;

export class Identity {
  readonly server: URL;
  readonly #options: KubeconfigOptions;
  readonly #agent: PlainAgent;
  #config: KubeConfig;
  #asking: Promise<Target> | undefined;

  /** Terminal when there is no usable configuration. */
  constructor(options: KubeconfigOptions) {
    this.#options = options;
    this.#config = load(options);
    this.server = new URL(must(this.#config.getCurrentCluster()).server);
    const kept = {
      keepAlive: true,
      maxSockets: SOCKETS_MAX,
      maxFreeSockets: SOCKETS_IDLE_MAX,
      timeout: SOCKET_IDLE_MS,
    };
    this.#agent = this.server.protocol === "http:" ? new PlainAgent(kept) : new TlsAgent(kept);
  }

  /** With fresh credentials. May run a plugin, at most one at a time. Transient when there are none. */
  async target(): Promise<Target> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return await this.#asking;
  }

  /** Forgets cached tokens: the server no longer takes them. */
  renew(): void {
    try {
      this.#config = load(this.#options);
    } catch {
      // A file that is being replaced. What we have may do again; if not, the server says so.
    }
  }

  /** Closes every connection, also those in use. */
  close(): void {
    this.#agent.destroy();
  }

  async #ask(): Promise<Target> {
    const headers: Record<string, string> = {};
    const options: RequestOptions = { headers };
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (cause) {
      const message = "cannot get the credentials that the kubeconfig describes";
      throw new TransientError("CredentialsUnavailable", message, { cause });
    }
    // A proxy's agent knows how to go through it; client-node keeps it.
    const isProxied = this.#config.getCurrentCluster()?.proxyUrl !== undefined;
    if (!isProxied) options.agent = this.#agent;
    return { server: this.server, headers, options };
  }
}

function load({ kubeconfig, context }: KubeconfigOptions): KubeConfig {
  const config = read(kubeconfig);
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = requireCluster(config);
  const user = config.getCurrentUser();
  const isPlain = cluster.server.startsWith("http:");
  if (user !== null && !isPlain) return config;
  // client-node leaves the CA away without a user, and wants to be told of plain HTTP (`kubectl proxy`).
  const complete = new KubeConfig();
  const skipTLSVerify = isPlain || cluster.skipTLSVerify;
  complete.loadFromClusterAndUser({ ...cluster, skipTLSVerify }, user ?? { name: "none" });
  return complete;
}

function requireCluster(config: KubeConfig): Cluster {
  const cluster = config.getCurrentCluster();
  if (cluster === null || !/^https?:\/\//.test(cluster.server)) {
    const known = config.getContexts().map(({ name }) => name);
    const message =
      `context ${config.getCurrentContext() || "(none)"} of the kubeconfig leads to no cluster; ` +
      `it has ${known.join(", ") || "no contexts"}`;
    throw new TerminalError("KubeconfigInvalid", message);
  }
  const { protocol, hostname, origin } = new URL(cluster.server);
  if (protocol === "http:" && !cluster.skipTLSVerify && !LOOPBACK.test(hostname)) {
    const message = `${origin} is plain HTTP, which would show our credentials: use https`;
    throw new TerminalError("KubeconfigInvalid", message);
  }
  return cluster;
}

function read(kubeconfig: string | undefined): KubeConfig {
  const config = new KubeConfig();
  const environment = process.env["KUBECONFIG"] ?? "";
  const home = join(homedir(), ".kube", "config");
  try {
    if (kubeconfig !== undefined) config.loadFromFile(kubeconfig);
    else if (environment !== "") config.loadFromDefault();
    else if (existsSync(SERVICE_ACCOUNT_TOKEN)) config.loadFromCluster();
    else config.loadFromFile(home);
  } catch (cause) {
    const message =
      `no usable kubeconfig (${kubeconfig ?? (environment || home)}); give --kubeconfig, ` +
      "set KUBECONFIG, or run in a pod with a service account";
    throw new TerminalError("KubeconfigInvalid", message, { cause });
  }
  return config;
}
