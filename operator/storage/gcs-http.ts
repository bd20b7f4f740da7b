// One HTTP request at a time, plainly: to the store, and to whoever gives tokens. Over the agents of connection.ts, so
// that certificate authorities and proxy hold for both. Retries nothing and follows no redirect.
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../clock.ts";
import type { Agents } from "./connection.ts";

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: readonly Buffer[] | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Must be read to its end or destroyed. */
  readonly body: IncomingMessage;
}

/** More is no answer of this store; a page of 1000 objects is a tenth of it. Bytes. */
const TEXT_BYTES_MAX = 16 * 1024 * 1024;

export class HttpClient {
  readonly #agents: Agents;
  readonly #clock: Clock;
  readonly #connectTimeoutMs: number;

  constructor(agents: Agents, clock: Clock, connectTimeoutMs: number) {
    this.#agents = agents;
    this.#clock = clock;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /**
   * Resolves with the head of the answer. Until it and its body are done, the signal ends the connection. After
   * a rejection nothing of the request's body is read any more.
   */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { method, url, headers, body = [] } = request;
    const secure = url.protocol === "https:";
    const length = body.reduce((sum, piece) => sum + piece.length, 0);
    const answered = Promise.withResolvers<IncomingMessage>();
    const sending = (secure ? requestHttps : requestHttp)(url, {
      method,
      agent: secure ? this.#agents.https : this.#agents.http,
      headers: { ...headers, "content-length": length },
      signal,
    });
    sending.on("response", answered.resolve);
    // Also after the answer: a store may refuse a body before it has read it, and close.
    sending.on("error", answered.reject);
    sending.once("socket", (socket) => this.#limitConnecting(sending, socket as TLSSocket, secure));
    for (const piece of body) sending.write(piece);
    sending.end();
    const answer = await answered.promise;
    // Answered before the body was sent: the rest of it must not be read from memory that others will use.
    answer.once("end", () => {
      if (!sending.writableFinished) sending.destroy();
    });
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: answer };
  }

  #limitConnecting(
    sending: { destroy(error: Error): unknown; once(event: "close", fn: () => void): unknown },
    socket: TLSSocket,
    secure: boolean,
  ): void {
    if (!socket.connecting) return;
    const limitMs = this.#connectTimeoutMs;
    const cancel = this.#clock.after(limitMs, () => {
      const error = new Error(`no connection in ${limitMs} ms`);
      sending.destroy(Object.assign(error, { code: "ETIMEDOUT" }));
    });
    socket.once(secure ? "secureConnect" : "connect", cancel);
    sending.once("close", cancel);
  }
}

/** The whole body as text. Rejects when it is cut off or out of all proportion. */
export async function readText({ body }: HttpAnswer): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > TEXT_BYTES_MAX) throw new Error(`the answer has more than ${TEXT_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
