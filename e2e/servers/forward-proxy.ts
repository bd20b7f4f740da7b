// A forward proxy on loopback, as companies have them: CONNECT for https, whole URLs for http, a
// password where one is set. It finds every name on loopback, so that a test can use names that are
// nobody's; a real one asks DNS.
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request as sendRequest } from "node:http";
import type { Socket } from "node:net";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { LOOPBACK, portOf } from "./loopback.ts";

export interface ForwardProxyOptions {
  /** `user:password`; without them it answers 407. */
  readonly login?: string;
  /** It takes connections, and nothing comes of them. */
  readonly mute?: boolean;
}

export interface ForwardProxy {
  readonly url: string;
  /** What it was asked for: `CONNECT host:port`, or method and URL. */
  readonly asked: string[];
  /** Tunnels that are open. */
  readonly tunnels: number;
  stop(): Promise<void>;
}

export async function startForwardProxy(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const asked: string[] = [];
  const tunnels = new Set<Socket>();
  const expected =
    options.login === undefined
      ? undefined
      : `Basic ${Buffer.from(options.login).toString("base64")}`;
  const welcome = ({ headers }: IncomingMessage) =>
    expected === undefined || headers["proxy-authorization"] === expected;

  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (options.mute === true) return;
    if (welcome(request)) forward(request, response);
    else response.writeHead(407, { "proxy-authenticate": "Basic" }).end("<html>log in</html>");
  });
  server.on("connect", (request: IncomingMessage, client: Duplex) => {
    asked.push(`CONNECT ${request.url}`);
    client.on("error", () => {});
    if (options.mute === true) return;
    if (!welcome(request)) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n");
      return;
    }
    const port = Number(request.url?.split(":").at(-1));
    const target = connect(port, LOOPBACK, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      client.pipe(target).pipe(client);
    });
    tunnels.add(target);
    target.on("close", () => {
      tunnels.delete(target);
      client.destroy();
    });
    target.on("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
    client.on("close", () => target.destroy());
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  return {
    url: `http://${LOOPBACK}:${portOf(server)}`,
    asked,
    get tunnels() {
      return tunnels.size;
    },
    stop: async () => {
      server.close();
      for (const socket of [...sockets, ...tunnels]) socket.destroy();
      await once(server, "close");
    },
  };
}

function forward(request: IncomingMessage, response: ServerResponse): void {
  const { port, pathname, search } = new URL(request.url ?? "");
  const { "proxy-authorization": _, "proxy-connection": __, ...headers } = request.headers;
  const { method } = request;
  const path = pathname + search;
  const forwarded = sendRequest({ host: LOOPBACK, port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  forwarded.on("error", () => response.writeHead(502).end());
  request.pipe(forwarded);
}
