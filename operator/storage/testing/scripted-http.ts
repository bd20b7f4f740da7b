// A small HTTP server on loopback that answers as a test says, and remembers what it was asked.
import { once } from "node:events";
import type { IncomingHttpHeaders, Server } from "node:http";
import { createServer } from "node:http";
import type { ServerOptions } from "node:https";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An object as the body becomes JSON. `lost`: the connection ends without an answer. */
export interface Scripted {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | object;
  readonly lost?: boolean;
}

export class ScriptedHttp {
  /** Every request that came, in order. */
  readonly asked: Asked[] = [];
  /** How the next request is answered. */
  answer: (asked: Asked) => Scripted | Promise<Scripted> = () => ({ status: 500 });
  readonly #server: Server;
  readonly #scheme: string;
  #last: Socket | undefined;

  private constructor(tls: ServerOptions | undefined) {
    this.#scheme = tls === undefined ? "http" : "https";
    this.#server = tls === undefined ? createServer() : createSecureServer(tls);
    this.#server.on("request", (request, response) => {
      this.#last = request.socket;
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
        const { pathname: path, searchParams: query } = new URL(request.url ?? "/", "http://x");
        const { method = "GET", headers } = request;
        const asked = { method, path, query, headers, body: Buffer.concat(chunks) };
        this.asked.push(asked);
        const { status = 200, headers: head, body = "", lost = false } = await this.answer(asked);
        if (lost) request.socket.resetAndDestroy();
        else {
          const plain = typeof body === "string" || Buffer.isBuffer(body);
          const bytes = Buffer.from(plain ? body : JSON.stringify(body));
          response.writeHead(status, { "content-length": bytes.length, ...head }).end(bytes);
        }
      })().catch(() => response.destroy());
    });
  }

  static async start(tls?: ServerOptions): Promise<ScriptedHttp> {
    const server = new ScriptedHttp(tls);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get endpoint(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** When the connection of the last request has ended. */
  onceClosed(fn: () => void): void {
    this.#last?.once("close", fn);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
