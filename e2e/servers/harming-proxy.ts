// An HTTP proxy before a store's servers that does harm when it is told to (fault-script.ts): it refuses, loses
// answers, cuts, damages, shortens, stalls and trickles. What no fault names passes unchanged, but for
// addresses in answers: those lead back through the proxy, which opens a port for each server that it hears of.
//
// What it has to know of a protocol is a dialect (dialect.ts).
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Agent, createServer, request as sendRequest } from "node:http";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, Dialect, StoreRequest } from "./dialect.ts";
import type { Harm, ProxyFault, RandomHarm } from "./fault-script.ts";
import { FaultScript } from "./fault-script.ts";
import { collect, flipped, sendDown, sendPage, sendUp } from "./harms.ts";
import { LOOPBACK, portOf } from "./loopback.ts";

interface Exchange<R> {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly about: R;
  readonly harm: Harm | undefined;
  readonly upstream: URL;
  /** The request's body, when it was read already. */
  readonly body?: Buffer;
}

export class HarmingProxy<R extends StoreRequest> {
  /** Every request that came, in order. */
  readonly requests: R[] = [];
  /** How many requests suffered. */
  harmed = 0;
  /** How many connections were made. */
  connections = 0;
  readonly #dialect: Dialect<R>;
  readonly #host: string;
  readonly #script = new FaultScript<R>();
  readonly #agent = new Agent({ keepAlive: true });
  readonly #servers: Server[] = [];
  /** By the origin that a port leads to. */
  readonly #ports = new Map<string, Promise<number>>();

  constructor(dialect: Dialect<R>, host = LOOPBACK) {
    this.#dialect = dialect;
    this.#host = host;
  }

  inject(fault: ProxyFault<R>): void {
    this.#script.inject(fault);
  }

  harmAtRandom(random: RandomHarm): void {
    this.#script.harmAtRandom(random);
  }

  /** Ends all faults and begins the counts anew; what the dialect has noted stays. */
  heal(): void {
    this.#script.clear();
    this.requests.splice(0);
    this.harmed = 0;
    this.connections = 0;
  }

  /** Where clients reach the server of this URL: the same path and query on a port of the proxy. */
  async through(url: string): Promise<string> {
    const { origin } = new URL(url);
    let port = this.#ports.get(origin);
    if (port === undefined) {
      port = this.#listen(new URL(origin));
      this.#ports.set(origin, port);
    }
    return `http://${this.#host}:${await port}${url.slice(origin.length)}`;
  }

  /** The servers behind it go on. */
  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    }
    this.#agent.destroy();
  }

  async #listen(upstream: URL): Promise<number> {
    const server = createServer((request, response) => this.#serve(request, response, upstream));
    server.on("connection", () => {
      this.connections += 1;
    });
    server.listen(0, this.#host);
    this.#servers.push(server);
    await once(server, "listening");
    return portOf(server);
  }

  #serve(request: IncomingMessage, response: ServerResponse, upstream: URL): void {
    const about = this.#dialect.read(request);
    const harm = this.#script.take(about);
    this.requests.push(about);
    if (harm !== undefined) this.harmed += 1;
    // A client that goes away in the middle is part of the game.
    request.on("error", () => {});
    response.on("error", () => {});
    const exchange = { request, response, about, harm, upstream };
    const own = this.#dialect.answerFor?.(about);
    if (refuses(harm)) {
      request.resume();
      request.on("end", () => this.#refuse(response, harm));
    } else if (own !== undefined) {
      response.writeHead(200, { "content-type": "application/xml" }).end(own);
    } else if (wantsBody(harm)) {
      void this.#forwardWhole(exchange, harm).catch(() => response.destroy());
    } else {
      this.#forward(exchange);
    }
  }

  /** The body is read first: only a socket that is read tells that its other end is gone. */
  async #forwardWhole(exchange: Exchange<R>, harm: HarmTo<"wait" | "shortenUp">): Promise<void> {
    const whole = await collect(exchange.request);
    const body = harm.do === "shortenUp" ? whole.subarray(0, -harm.bytes) : whole;
    if (harm.do === "wait") await sleep(harm.beforeMs, undefined, { ref: false });
    if (!exchange.response.destroyed) this.#forward({ ...exchange, body });
  }

  #forward(exchange: Exchange<R>): void {
    const { request, response, about, harm, upstream: to, body } = exchange;
    const { "content-length": length, host, ...headers } = request.headers;
    const upstream = sendRequest({
      host: to.hostname,
      port: to.port,
      method: request.method,
      path: request.url,
      headers: {
        ...headers,
        ...(this.#dialect.keepsHost ? { host } : {}),
        ...(length === undefined ? {} : { "content-length": body?.length ?? length }),
      },
      agent: this.#agent,
    });
    let answered = false;
    upstream.on("error", () => {
      if (!answered) response.destroy();
    });
    // Where the dialect takes notes, the server's answer is waited for though the client is gone: it may
    // have sent the whole request, and then the server does what it was asked.
    const counts = this.#dialect.watches(about);
    response.on("close", () => {
      if (!counts || !request.complete) upstream.destroy();
    });
    upstream.on("response", (answer) => {
      answered = true;
      // A server may refuse a body before it has read it, and close: what it said must not be lost for that.
      if (!request.complete) request.unpipe(upstream).resume();
      answer.on("error", () => response.destroy());
      void this.#answer(exchange, answer).catch(() => response.destroy());
    });
    if (body === undefined) sendUp(request, upstream, harm);
    else upstream.end(body);
  }

  async #answer({ response, about, harm }: Exchange<R>, answer: IncomingMessage): Promise<void> {
    const { statusCode: status = 502, headers } = answer;
    if (harm?.do === "wait") await sleep(harm.afterMs, undefined, { ref: false });
    const watched = this.#dialect.watches(about);
    if (!watched && !isDoneToWhole(harm)) {
      response.writeHead(status, await this.#ledBack(headers));
      await sendDown(answer, response, harm);
      return;
    }
    const whole = { status, headers, body: await collect(answer) };
    const seen = watched
      ? await this.#dialect.see(about, whole, (url) => this.through(url))
      : whole;
    if (replacesAnswer(harm)) this.#replace(response, harm);
    else await this.#sendWhole(response, seen, harm);
  }

  async #sendWhole(response: ServerResponse, answer: Answer, harm: Harm | undefined) {
    const body = this.#changed(answer.body, harm);
    const { "transfer-encoding": _, ...headers } = await this.#ledBack(answer.headers);
    // HEAD, and answers that say "nothing", have a length of their own.
    const length = answer.body.length === 0 ? {} : { "content-length": body.length };
    response.writeHead(answer.status, { ...headers, ...length });
    await sendDown(Readable.from(body.length === 0 ? [] : [body]), response, harm);
  }

  #changed(body: Buffer, harm: Harm | undefined): Buffer {
    if (harm?.do === "damageDown") return flipped(body);
    if (harm?.do === "shortenDown") return body.subarray(0, -harm.bytes);
    if (harm?.do !== "hideRows") return body;
    return Buffer.from(this.#dialect.withoutRows(body.toString(), harm.keys));
  }

  async #ledBack(headers: Answer["headers"]): Promise<Answer["headers"]> {
    const { location } = headers;
    if (location === undefined || !location.startsWith("http:")) return headers;
    return { ...headers, location: await this.through(location) };
  }

  #replace(response: ServerResponse, harm: HarmTo<"loseAnswer" | "errorInside">): void {
    if (harm.do === "errorInside") this.#sendError(response, 200, harm.code);
    else if (harm.how === "error") {
      const { status, code } = this.#dialect.internal;
      this.#sendError(response, status, code);
    } else response.socket?.resetAndDestroy();
  }

  #refuse(response: ServerResponse, harm: HarmTo<"refuse" | "page">): void {
    if (harm.do === "page") {
      sendPage(response, harm);
      return;
    }
    for (const [name, value] of Object.entries(harm.headers ?? {})) response.setHeader(name, value);
    this.#sendError(response, harm.status, harm.code);
  }

  #sendError(response: ServerResponse, status: number, code: string): void {
    const { type, body } = this.#dialect.error(status, code);
    response.writeHead(status, { "content-type": type }).end(body);
  }
}

type HarmTo<Name extends Harm["do"]> = Extract<Harm, { readonly do: Name }>;

/** The server never hears of the request. */
function refuses(harm: Harm | undefined): harm is HarmTo<"refuse" | "page"> {
  return harm?.do === "refuse" || harm?.do === "page";
}

/** The request's body must be read whole first. */
function wantsBody(harm: Harm | undefined): harm is HarmTo<"wait" | "shortenUp"> {
  return harm?.do === "wait" || harm?.do === "shortenUp";
}

function replacesAnswer(harm: Harm | undefined): harm is HarmTo<"loseAnswer" | "errorInside"> {
  return harm?.do === "loseAnswer" || harm?.do === "errorInside";
}

/** The answer must be read whole first. */
function isDoneToWhole(harm: Harm | undefined): boolean {
  return replacesAnswer(harm) || ["damageDown", "shortenDown", "hideRows"].includes(harm?.do ?? "");
}
