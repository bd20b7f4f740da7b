// An API server over TLS as a plain one on loopback, with a kubeconfig's client certificate: so the tests' own client
// (kubernetes/client.ts) speaks to a real cluster as to the embedded one. Whoever reaches the port is that user.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Agent, request as requestTls } from "node:https";
import { parse } from "yaml";
import { must } from "../operator/assert.ts";
import { LOOPBACK, portOf } from "./servers/loopback.ts";

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly "certificate-authority-data": string };
  }[];
  readonly users: readonly {
    readonly user: {
      readonly "client-certificate-data": string;
      readonly "client-key-data": string;
    };
  }[];
}

/** Below the 90 s after which API servers close idle connections: a request never meets a dying one. */
const IDLE_MS = 30_000;

export class ApiRelay {
  readonly #server: Server;
  readonly #agent: Agent;
  readonly #upstream: URL;

  private constructor(agent: Agent, upstream: URL) {
    this.#agent = agent;
    this.#upstream = upstream;
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  /** To the first cluster of the file, as its first user; both with their certificates inline. */
  static async start(kubeconfig: string): Promise<ApiRelay> {
    const { clusters, users } = parse(await readFile(kubeconfig, "utf8")) as Kubeconfig;
    const { cluster } = must(clusters[0], "a cluster");
    const { user } = must(users[0], "a user");
    const agent = new Agent({
      keepAlive: true,
      timeout: IDLE_MS,
      ca: decoded(cluster["certificate-authority-data"]),
      cert: decoded(user["client-certificate-data"]),
      key: decoded(user["client-key-data"]),
    });
    const relay = new ApiRelay(agent, new URL(cluster.server));
    relay.#server.unref().listen(0, LOOPBACK);
    await once(relay.#server, "listening");
    return relay;
  }

  get url(): string {
    return `http://${LOOPBACK}:${portOf(this.#server)}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
    this.#agent.destroy();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { hostname, port } = this.#upstream;
    const { host: _, connection: __, ...headers } = request.headers;
    const upstream = requestTls({
      hostname,
      port,
      method: request.method,
      path: request.url,
      headers,
      agent: this.#agent,
    });
    // Whoever goes away takes the other side along, as one connection would.
    upstream.on("error", () => response.destroy());
    response.on("close", () => upstream.destroy());
    upstream.on("response", (answer) => {
      answer.on("error", () => response.destroy());
      response.writeHead(must(answer.statusCode), answer.headers);
      response.flushHeaders();
      answer.pipe(response);
    });
    request.pipe(upstream);
  }
}

function decoded(base64: string): Buffer {
  return Buffer.from(base64, "base64");
}
