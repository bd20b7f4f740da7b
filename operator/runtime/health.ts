// The HTTP side of the process: /healthz (restart me), /readyz (something is not as it should be, a
// restart would not help) and /metrics. Says what is wrong in words, one line a check. Bounded in
// connections and time: it must answer while everything else is in trouble.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { TerminalError, describeError } from "../errors.ts";

/** What a check answers: nothing when all is well, else a sentence for a person. */
export type Trouble = string | undefined;

export interface HealthCheck {
  readonly name: string;
  /** Trouble here: the process should be restarted. */
  readonly live?: () => Trouble;
  /** Trouble here: the process cannot do its work for now. */
  readonly ready?: () => Trouble;
}

export interface HealthOptions {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  readonly registry: Registry;
}

const CONNECTIONS_MAX = 32;
const TIMEOUT_MS = 10_000;

export class HealthServer {
  readonly #options: HealthOptions;
  readonly #checks: HealthCheck[] = [];
  #server: Server | undefined;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  register(check: HealthCheck): void {
    this.#checks.push(check);
  }

  /** Resolves with the port once it listens. Terminal when it cannot: the address is configuration. */
  async listen(): Promise<number> {
    const server = createServer((request, response) => void this.#answer(request, response));
    server.maxConnections = CONNECTIONS_MAX;
    server.headersTimeout = TIMEOUT_MS;
    server.requestTimeout = TIMEOUT_MS;
    server.setTimeout(TIMEOUT_MS, (socket) => socket.destroy());
    this.#server = server;
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => {
        const message = `cannot serve health and metrics on ${host}:${port}; is the port taken?`;
        reject(new TerminalError("HealthPortUnusable", message, { cause: error }));
      });
      server.listen(port, host, resolve);
    });
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split("?")[0];
    if (request.method !== "GET" && request.method !== "HEAD") reply(response, 405, "GET only\n");
    else if (path === "/healthz") this.#report(response, "live");
    else if (path === "/readyz") this.#report(response, "ready");
    else if (path === "/metrics") await this.#metrics(response);
    else reply(response, 404, "try /healthz, /readyz or /metrics\n");
  }

  #report(response: ServerResponse, aspect: "live" | "ready"): void {
    const troubles = this.#checks.flatMap((check) => {
      const trouble = check[aspect]?.();
      return trouble === undefined ? [] : [`${check.name}: ${trouble}`];
    });
    if (troubles.length === 0) reply(response, 200, "ok\n");
    else reply(response, 503, `${troubles.join("\n")}\n`);
  }

  async #metrics(response: ServerResponse): Promise<void> {
    const { registry } = this.#options;
    try {
      const text = await registry.metrics();
      response.setHeader("content-type", registry.contentType);
      response.end(text);
    } catch (error) {
      reply(response, 500, `${describeError(error)}\n`);
    }
  }
}

function reply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(text);
}
