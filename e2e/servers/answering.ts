// Small servers that are wrong in one way, for what no real server can be brought to do on demand. They know just
// enough of a protocol to be asked; nothing is stored.
import { once } from "node:events";
import type { RequestListener } from "node:http";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Server, Socket } from "node:net";
import { createServer as createTcpServer } from "node:net";
import type { Certificate } from "./authority.ts";
import { LOOPBACK, portOf } from "./loopback.ts";

export interface Answering {
  /** `127.0.0.1:<port>` */
  readonly address: string;
  stop(): Promise<void>;
}

export async function answering(listener: RequestListener): Promise<Answering> {
  return await started(createServer(listener));
}

export async function answeringTls(
  listener: RequestListener,
  certificate: Certificate,
): Promise<Answering> {
  return await started(createTlsServer({ ...certificate }, listener));
}

/** Says its words to whoever connects, as servers do that speak first (SSH, SMTP, MySQL). */
export async function greeting(words: string): Promise<Answering> {
  return await started(createTcpServer((socket) => socket.on("error", () => {}).end(words)));
}

/** An address where nobody listens: it is taken and never given to anybody else meanwhile. */
export async function nobody(): Promise<Answering> {
  const server = await started(createTcpServer());
  await server.stop();
  return { ...server, stop: () => Promise.resolve() };
}

async function started(server: Server): Promise<Answering> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  return {
    address: `${LOOPBACK}:${portOf(server)}`,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** What S3 stores say when they refuse. */
export function refusingS3(
  status: number,
  code: string,
  words: string,
  headers: Readonly<Record<string, string>> = {},
): RequestListener {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${words}</Message></Error>`;
  return (request, response) => {
    request.resume();
    response.writeHead(status, { "content-type": "application/xml", ...headers }).end(body);
  };
}

/** An empty bucket whose listings are good and all else is refused. */
export function emptyS3(refusing: RequestListener): RequestListener {
  const listing =
    '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>';
  return (request, response) => {
    const lists = request.method === "GET" && (request.url ?? "").includes("list-type=2");
    if (!lists) return refusing(request, response);
    response.writeHead(200, { "content-type": "application/xml" }).end(listing);
  };
}

export function answeringWith(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
): RequestListener {
  return (request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  };
}

/** What Google Cloud Storage says when it refuses. */
export function refusingGcs(
  status: number,
  reason: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): RequestListener {
  const body = {
    error: { code: status, message, errors: [{ domain: "global", reason, message }] },
  };
  return answeringWith(status, JSON.stringify(body), {
    "content-type": "application/json",
    ...headers,
  });
}

/** What HDFS says when it refuses. */
export function refusingHdfs(status: number, exception: string, message: string): RequestListener {
  const body = { RemoteException: { exception, javaClassName: exception, message } };
  return answeringWith(status, JSON.stringify(body), { "content-type": "application/json" });
}
