// An HTTP proxy before an S3 server that does harm when it is told to (fault-script.ts): it refuses,
// loses answers, cuts, damages, stalls and trickles. What no fault names passes unchanged, with the
// Host header as the client sent it, so that signatures stay valid.
//
// It also keeps account of every multipart upload that passes (upload-account.ts). Because fauxqs
// does not know ListMultipartUploads, the proxy can answer that call itself, from the account.
import { once } from "node:events";
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request as sendRequest } from "node:http";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Harm, ProxyFault, RandomHarm } from "./fault-script.ts";
import { FaultScript } from "./fault-script.ts";
import { LOOPBACK, portOf } from "./loopback.ts";
import type { S3Request } from "./s3-request.ts";
import { readS3Request } from "./s3-request.ts";
import type { S3Server } from "./s3-server.ts";
import type { OpenUpload } from "./upload-account.ts";
import { UploadAccount, escapeXml } from "./upload-account.ts";

export interface FaultProxy extends S3Server {
  /** Every request that came, in order. */
  readonly requests: readonly S3Request[];
  /** How many requests suffered. */
  readonly harmed: number;
  /** How many connections were made. */
  readonly connections: number;
  inject(fault: ProxyFault): void;
  harmAtRandom(random: RandomHarm): void;
  /** Ends all faults and begins the counts anew; the account of uploads stays. */
  heal(): void;
  /** Uploads begun and neither completed nor aborted. */
  openUploads(): OpenUpload[];
}

export interface FaultProxyOptions {
  /** Answer ListMultipartUploads from the account instead of passing it on. */
  readonly answerListUploads?: boolean;
}

/** Starts one on a port of its own. Stopping it leaves the server behind it running. */
export async function startFaultProxy(
  upstream: S3Server,
  options: FaultProxyOptions = {},
): Promise<FaultProxy> {
  const proxy = new Harmer(new URL(upstream.endpoint), options);
  const server = createServer((request, response) => proxy.serve(request, response));
  server.on("connection", () => {
    proxy.connections += 1;
  });
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  const { bucket, accessKeyId, secretAccessKey } = upstream;
  return {
    endpoint: `http://${LOOPBACK}:${portOf(server)}`,
    bucket,
    accessKeyId,
    secretAccessKey,
    requests: proxy.requests,
    get harmed() {
      return proxy.harmed;
    },
    get connections() {
      return proxy.connections;
    },
    inject: (fault) => proxy.script.inject(fault),
    harmAtRandom: (random) => proxy.script.harmAtRandom(random),
    heal: () => proxy.heal(),
    openUploads: () => proxy.account.open(),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      proxy.agent.destroy();
    },
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly about: S3Request;
  readonly harm: Harm | undefined;
  /** The request's body, when it was read already. */
  readonly body?: Buffer;
}

class Harmer {
  readonly script = new FaultScript();
  readonly requests: S3Request[] = [];
  readonly account = new UploadAccount();
  readonly agent = new Agent({ keepAlive: true });
  readonly #upstream: URL;
  readonly #options: FaultProxyOptions;
  harmed = 0;
  connections = 0;

  constructor(upstream: URL, options: FaultProxyOptions) {
    this.#upstream = upstream;
    this.#options = options;
  }

  heal(): void {
    this.script.clear();
    this.requests.splice(0);
    this.harmed = 0;
    this.connections = 0;
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    const about = readS3Request(request);
    const harm = this.script.take(about);
    this.requests.push(about);
    if (harm !== undefined) this.harmed += 1;
    // A client that goes away in the middle is part of the game.
    request.on("error", () => {});
    response.on("error", () => {});
    if (harm?.do === "refuse" || harm?.do === "page") {
      request.resume();
      request.on("end", () =>
        harm.do === "page" ? sendPage(response, harm) : refuse(response, harm),
      );
    } else if (about.operation === "ListMultipartUploads" && this.#options.answerListUploads) {
      sendXml(response, 200, this.account.listing(about));
    } else if (harm?.do === "wait") {
      void this.#forwardLater({ request, response, about, harm }, harm.beforeMs).catch(() => {});
    } else {
      this.#forward({ request, response, about, harm });
    }
  }

  /** The body is read first: only a socket that is read tells that its other end is gone. */
  async #forwardLater(exchange: Exchange, beforeMs: number): Promise<void> {
    const body = await collect(exchange.request);
    await sleep(beforeMs);
    if (!exchange.response.destroyed) this.#forward({ ...exchange, body });
  }

  #forward(exchange: Exchange): void {
    const { request, response, harm } = exchange;
    const upstream = sendRequest({
      host: this.#upstream.hostname,
      port: this.#upstream.port,
      method: request.method,
      path: request.url,
      headers: request.headers,
      agent: this.agent,
    });
    upstream.on("error", () => response.destroy());
    // Where the account looks on, the server's answer is waited for though the client is gone: it may
    // have sent the whole request, and then the server does what it was asked.
    const counts = isAboutUploads(exchange.about);
    response.on("close", () => {
      if (!counts || !request.complete) upstream.destroy();
    });
    upstream.on("response", (answer) => {
      answer.on("error", () => response.destroy());
      void this.#answer(exchange, answer).catch(() => response.destroy());
    });
    if (exchange.body === undefined) sendUp(request, upstream, harm);
    else upstream.end(exchange.body);
  }

  async #answer(exchange: Exchange, answer: IncomingMessage): Promise<void> {
    const { response, about, harm } = exchange;
    const status = answer.statusCode ?? 502;
    if (harm?.do === "wait") await sleep(harm.afterMs);
    if (harm?.do === "loseAnswer" || harm?.do === "errorInside") {
      const body = await collect(answer);
      this.account.watch(about, status, body.toString());
      replaceAnswer(response, harm);
    } else if (changesAnswer(harm)) {
      await changeAnswer(answer, response, harm);
    } else if (isAboutUploads(about)) {
      const body = await collect(answer);
      this.account.watch(about, status, body.toString());
      response.writeHead(status, answer.headers);
      await sendDown(Readable.from([body]), response, harm);
    } else {
      response.writeHead(status, answer.headers);
      await sendDown(answer, response, harm);
    }
  }
}

type AnswerChange = Extract<Harm, { readonly do: "damageDown" | "hideRows" }>;

function changesAnswer(harm: Harm | undefined): harm is AnswerChange {
  return harm?.do === "damageDown" || harm?.do === "hideRows";
}

async function changeAnswer(
  answer: IncomingMessage,
  response: ServerResponse,
  harm: AnswerChange,
): Promise<void> {
  const body = await collect(answer);
  const { "transfer-encoding": _, ...headers } = answer.headers;
  const changed = harm.do === "hideRows" ? withoutRows(body, harm.keys) : flipped(body);
  response
    .writeHead(answer.statusCode ?? 502, { ...headers, "content-length": changed.length })
    .end(changed);
}

function flipped(body: Buffer): Buffer {
  const changed = Buffer.from(body);
  if (changed.length > 0) changed.writeUInt8(changed.readUInt8(0) ^ 1, 0);
  return changed;
}

/** A listing's XML as if these objects were not there yet. */
function withoutRows(body: Buffer, keys: readonly string[]): Buffer {
  const xml = body
    .toString()
    .replaceAll(/<(Contents|CommonPrefixes)>.*?<\/\1>/gs, (row) =>
      keys.some((key) => row.includes(escapeXml(key))) ? "" : row,
    );
  return Buffer.from(xml);
}

/** Whether it begins or ends an upload. */
function isAboutUploads({ operation }: S3Request): boolean {
  return operation.endsWith("MultipartUpload");
}

function sendUp(request: IncomingMessage, upstream: ClientRequest, harm: Harm | undefined): void {
  if (harm?.do === "damageUp") {
    request.once("data", (chunk: Buffer) => {
      chunk[0] = (chunk[0] ?? 0) ^ 1;
    });
  }
  if (harm?.do === "resetUp") {
    let seen = 0;
    request.on("data", (chunk: Buffer) => {
      seen += chunk.length;
      if (seen >= harm.afterBytes) cutUp(request, upstream);
    });
    // One without so long a body never leaves: the server must not hear of it.
    if (Number(request.headers["content-length"] ?? 0) <= harm.afterBytes) {
      cutUp(request, upstream);
      return;
    }
  }
  request.pipe(upstream);
}

function cutUp(request: IncomingMessage, upstream: ClientRequest): void {
  upstream.destroy();
  request.socket.resetAndDestroy();
}

function replaceAnswer(
  response: ServerResponse,
  harm: Extract<Harm, { readonly do: "loseAnswer" | "errorInside" }>,
): void {
  if (harm.do === "errorInside") sendXml(response, 200, errorXml(harm.code));
  else if (harm.how === "error") sendXml(response, 500, errorXml("InternalError"));
  else response.socket?.resetAndDestroy();
}

async function sendDown(
  answer: Readable,
  response: ServerResponse,
  harm: Harm | undefined,
): Promise<void> {
  if (harm?.do === "trickleDown") return trickle(answer, response, harm);
  if (harm?.do !== "cutDown") {
    answer.pipe(response);
    return;
  }
  await sendSome(answer, response, harm.afterBytes);
  if (harm.how === "reset") response.socket?.resetAndDestroy();
  if (harm.how === "end") response.socket?.end();
}

async function trickle(
  answer: Readable,
  response: ServerResponse,
  { pieceBytes, pauseMs }: { readonly pieceBytes: number; readonly pauseMs: number },
): Promise<void> {
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      response.write(chunk.subarray(at, at + pieceBytes));
      await sleep(pauseMs);
    }
  }
  response.end();
}

/** Sends the headers and the first bytes, and waits until they are gone. */
async function sendSome(answer: Readable, response: ServerResponse, bytes: number): Promise<void> {
  response.flushHeaders();
  let left = bytes;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const some = chunk.subarray(0, left);
    left -= some.length;
    await new Promise<void>((resolve) => {
      response.write(some, () => resolve());
    });
    if (left <= 0) return;
  }
}

function refuse(
  response: ServerResponse,
  { status, code, headers }: Extract<Harm, { readonly do: "refuse" }>,
): void {
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value);
  sendXml(response, status, errorXml(code));
}

function sendPage(response: ServerResponse, { status }: { readonly status: number }): void {
  response.writeHead(status, { "content-type": "text/html" });
  response.end("<html><head><title>sorry</title></head><body><hr>later<br></body></html>");
}

function sendXml(response: ServerResponse, status: number, xml: string): void {
  response.writeHead(status, { "content-type": "application/xml" }).end(xml);
}

function errorXml(code: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    `<Error><Code>${escapeXml(code)}</Code><Message>on purpose</Message>` +
    "<RequestId>proxy-1</RequestId></Error>"
  );
}

async function collect(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
