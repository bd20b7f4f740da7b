// TLS before a server that speaks plain HTTP, with a certificate that can be changed while it runs: as a store whose
// authority is changed does. Requests pass as they are, also their Host.
import { once } from "node:events";
import { request as sendRequest } from "node:http";
import { createServer } from "node:https";
import type { Certificate } from "./authority.ts";
import { LOOPBACK, portOf } from "./loopback.ts";

export interface TlsFront {
  readonly port: number;
  /** From now on; open connections end, so that everybody sees the new one. */
  renew(certificate: Certificate): void;
  stop(): Promise<void>;
}

/** `endpoint`: http://host:port of the server behind it. */
export async function startTlsFront(certificate: Certificate, endpoint: string): Promise<TlsFront> {
  const { hostname, port } = new URL(endpoint);
  const server = createServer(certificate, (request, response) => {
    const { method, url: path, headers } = request;
    const forwarded = sendRequest({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    });
    forwarded.on("error", () => response.destroy());
    request.on("error", () => forwarded.destroy());
    request.pipe(forwarded);
  });
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  return {
    port: portOf(server),
    renew: (renewed) => {
      server.setSecureContext(renewed);
      server.closeAllConnections();
    },
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
