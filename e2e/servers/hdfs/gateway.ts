// A stand-in for a gateway before HDFS, such as Knox or HttpFS: it demands HTTP Basic for every request, goes on
// as that user, and leads to the DataNodes through itself. What it does not show: how a gateway in earnest finds
// its users, TLS, Knox' encrypted queries, and an HttpFS' own errors.
//
// Two ways, after the two. `knox`: the NameNode's answers as they are, but for the addresses in them. `httpfs`: an
// old one that redirects with 307 whatever it is asked, does not know the options of RENAME nor listing by pages,
// and tells no ids of files.
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request as sendRequest } from "node:http";
import { LOOPBACK, portOf } from "../loopback.ts";
import type { HdfsRequest } from "../hdfs-request.ts";
import { readHdfsRequest } from "../hdfs-request.ts";

export interface HdfsGatewayOptions {
  /** Address of the NameNode behind it, `http://host:port`. */
  readonly nameNode: string;
  readonly user: string;
  readonly password: string;
  readonly like?: "knox" | "httpfs";
}

export interface HdfsGateway {
  /** What goes into `nameNodes`, with the gateway's path. */
  readonly address: string;
  /** Every request that came with good credentials, in order. */
  readonly requests: readonly HdfsRequest[];
  /** How many requests each password let in. */
  readonly accepted: ReadonlyMap<string, number>;
  /** Requests without a good password. */
  refused(): number;
  /** Lets a further password in. */
  addPassword(password: string): void;
  revokePassword(password: string): void;
  stop(): Promise<void>;
}

const PATH = "/gateway/default";
/** Where the bytes go: the address that the NameNode gave follows, encoded. */
const DATA = `${PATH}/data/`;

const UNKNOWN_OPERATION = JSON.stringify({
  RemoteException: {
    exception: "IllegalArgumentException",
    message: 'Invalid value for webhdfs parameter "op": No enum constant LISTSTATUS_BATCH',
  },
});

export async function startHdfsGateway(options: HdfsGatewayOptions): Promise<HdfsGateway> {
  const gateway = new Gateway(options);
  const server = createServer((request, response) => {
    gateway.serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  gateway.origin = `http://${LOOPBACK}:${portOf(server)}`;
  return {
    address: gateway.origin + PATH,
    requests: gateway.requests,
    accepted: gateway.accepted,
    refused: () => gateway.refused,
    addPassword: (password) => gateway.accepted.set(password, 0),
    revokePassword: (password) => gateway.accepted.delete(password),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

class Gateway {
  readonly requests: HdfsRequest[] = [];
  readonly accepted = new Map<string, number>();
  refused = 0;
  origin = "";
  readonly #options: HdfsGatewayOptions;

  constructor(options: HdfsGatewayOptions) {
    this.#options = options;
    this.accepted.set(options.password, 0);
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const password = this.#passwordOf(request);
    const count = this.accepted.get(password ?? "");
    if (password === undefined || count === undefined) {
      this.refused += 1;
      response
        .writeHead(401, { "www-authenticate": 'Basic realm="gateway"' })
        .end("<html>401</html>");
      return;
    }
    this.accepted.set(password, count + 1);
    const url = request.url ?? "/";
    if (url.startsWith(DATA)) {
      await pass(request, response, new URL(decodeURIComponent(url.slice(DATA.length))));
    } else if (url.startsWith(`${PATH}/webhdfs/v1`)) {
      const asked = readHdfsRequest(request);
      this.requests.push(asked);
      await this.#ask(request, response, asked);
    } else {
      response.writeHead(404).end("<html>no such service</html>");
    }
  }

  /** What stands after the user's name; `undefined` for another user or none. */
  #passwordOf({ headers }: IncomingMessage): string | undefined {
    const [, pair = ""] = /^Basic (.+)$/.exec(headers.authorization ?? "") ?? [];
    const text = Buffer.from(pair, "base64").toString();
    const { user } = this.#options;
    return text.startsWith(`${user}:`) ? text.slice(user.length + 1) : undefined;
  }

  async #ask(
    request: IncomingMessage,
    response: ServerResponse,
    asked: HdfsRequest,
  ): Promise<void> {
    const old = this.#options.like === "httpfs";
    if (old && asked.operation === "LISTSTATUS_BATCH") {
      response.writeHead(400, { "content-type": "application/json" }).end(UNKNOWN_OPERATION);
      return;
    }
    const answer = await send(request, this.#behind(request, asked));
    const text = await textOf(answer);
    const location = /^\{"Location":"(.*)"\}$/.exec(text)?.[1];
    if (location !== undefined) {
      this.#lead(response, this.origin + DATA + encodeURIComponent(location));
      return;
    }
    const type = answer.headers["content-type"] ?? "application/json";
    response.writeHead(answer.statusCode ?? 500, { "content-type": type });
    response.end(old ? text.replace(/"fileId":\d+,/g, "") : text);
  }

  #behind(request: IncomingMessage, { query }: HdfsRequest): URL {
    const { nameNode, user, like } = this.#options;
    const url = new URL(nameNode);
    url.pathname = (request.url ?? "").slice(PATH.length).split("?")[0] ?? "";
    query.set("user.name", user);
    query.set("noredirect", "true");
    if (like === "httpfs") query.delete("renameoptions");
    url.search = query.toString();
    return url;
  }

  #lead(response: ServerResponse, location: string): void {
    if (this.#options.like === "httpfs") response.writeHead(307, { location }).end();
    else response.setHeader("content-type", "application/json").end(`{"Location":"${location}"}`);
  }
}

/** To the DataNode, with the body and without the credentials. */
async function pass(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const answer = await send(request, url);
  response.writeHead(answer.statusCode ?? 500, answer.headers);
  answer.on("error", () => response.destroy());
  answer.pipe(response);
}

async function send(request: IncomingMessage, url: URL): Promise<IncomingMessage> {
  const { authorization: _, host: _host, ...headers } = request.headers;
  const sent = sendRequest(url, { method: request.method ?? "GET", headers, agent: false });
  const answered = once(sent, "response");
  request.on("close", () => {
    if (!request.complete) sent.destroy();
  });
  request.pipe(sent);
  const [answer] = (await answered) as [IncomingMessage];
  return answer;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
